"""Days out of line, empty days, missing steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.ingest.rules.cells import Cells
from ons_platform.ingest.rules.days import completeness, doubled, empty_days, ordinals
from ons_platform.lake.civil import day_start, to_utc

HOUR = np.timedelta64(3600, "s")


def hourly(first: str, last: str, value: float = 1000.0) -> Cells:
    """One series with a row at each hour of the civil days, weekends a quarter lower."""
    begin, end = day_start(np.array([first, last], "datetime64[D]") + np.array([0, 1]))
    utc = np.arange(begin, end, HOUR)
    days = (utc - np.timedelta64(3 * 3600, "s")).astype("datetime64[D]").astype(np.int64)
    daily = np.where((days + 3) % 7 >= 5, 0.75, 1.0) * (1 + 0.2 * np.sin(days / 58))
    shape = 1 + 0.3 * np.sin(utc.astype(np.int64) / 86_400 * 2 * np.pi)
    return cells(utc, value * daily * shape)


def cells(utc: np.ndarray, values: np.ndarray | Sequence[float], series: int = 0) -> Cells:
    count = len(utc)
    return Cells(
        series=np.full(count, series, np.int32),
        utc=utc.astype("datetime64[s]"),
        value=np.asarray(values, np.float64),
        row=np.arange(2, count + 2),
        month=np.zeros(count, np.int32),
        position=np.arange(count),
    )


def daily(first: str, values: Sequence[float]) -> Cells:
    days = np.datetime64(first) + np.arange(len(values))
    return cells(day_start(days), values)


@given(
    day=st.integers(0, 89),
    length=st.integers(1, 9),
    factor=st.floats(1.8, 2.2),
    seed=st.integers(0, 2**16),
)
def test_doubled_days_are_found_and_no_others(
    day: int, length: int, factor: float, seed: int
) -> None:
    noise = np.random.default_rng(seed).normal(1, 0.03, 90)
    weekend = np.where(np.arange(90) % 7 >= 5, 0.75, 1.0)
    growth = np.linspace(1, 1.3, 90)
    values = 50_000 * noise * weekend * growth
    wrong = np.zeros(90, bool)
    wrong[day : day + length] = True
    values[wrong] *= factor / np.where(weekend[wrong] < 1, 0.85, 1.0)
    found = doubled(daily("2023-03-01", values), (1.4, 3.0))
    assert found.tolist() == wrong.tolist()


def test_no_day_of_a_season_with_weekends_is_doubled() -> None:
    assert not doubled(hourly("2018-01-01", "2018-12-31"), (1.7, 2.3)).any()


def test_a_part_of_a_day_counts_by_the_mean_of_its_values() -> None:
    year = hourly("2023-01-01", "2023-03-31")
    half = year.at(np.arange(len(year)) % 24 < 12)
    assert not doubled(half, (1.7, 2.3)).any()


def test_too_few_days_or_none_say_nothing() -> None:
    assert not doubled(daily("2023-01-01", [1, 2, 1, 1]), (1.7, 2.3)).any()
    assert not doubled(daily("2023-01-01", [np.nan] * 30), (1.7, 2.3)).any()
    assert doubled(daily("2023-01-01", [1, 2, 1, 1, 1, 1]), (1.7, 2.3)).tolist() == [
        False, True, False, False, False, False,
    ]  # fmt: skip


def test_empty_days_are_told_by_measure() -> None:
    nothing = [np.nan] * 2
    found = empty_days(daily("2023-01-01", [1, *nothing, 4]), np.zeros(4, np.int64))
    assert found.tolist() == [False, True, True, False]
    twice = daily("2023-01-01", [1, np.nan])
    both = Cells(*(np.concatenate([a, a]) for a in vars(twice).values()))
    both.value[3] = 5.0
    assert not empty_days(both, np.zeros(4, np.int64)).any()
    assert empty_days(both, np.array([0, 0, 1, 1])).tolist() == [False, True, False, False]


def test_a_measure_that_is_never_filled_has_no_empty_days() -> None:
    assert not empty_days(daily("2023-01-01", [np.nan] * 3), np.zeros(3, np.int64)).any()


@pytest.mark.parametrize("second", [True, False])
def test_an_hour_on_the_clock_twice_may_be_given_once(second: bool) -> None:
    year = hourly("2018-01-01", "2018-12-31")
    twice = to_utc(np.array(["2018-02-17T23:00"], "datetime64[s]"), second=True)[0]
    kept = year if second else year.at(year.utc != twice)
    found = completeness(kept, "PT1H")
    assert (found.expected, found.present, found.gaps) == (8759, 8759, [])
    assert [(str(day), hours) for day, hours in found.odd_days] == [
        ("2018-02-17", 25), ("2018-11-04", 23),
    ]  # fmt: skip


@given(st.sets(st.integers(24, 24 * 9), max_size=40))
def test_every_missing_hour_lies_in_one_gap(missing: set[int]) -> None:
    whole = hourly("2018-11-01", "2018-11-12")
    keep = np.array([at not in missing for at in range(len(whole))])
    found = completeness(whole.at(keep), "PT1H")
    assert found.expected - found.present == len(missing)
    assert found.gaps is not None
    inside = {
        int((moment - whole.utc[0]) / HOUR)
        for gap in found.gaps
        for moment in np.arange(gap.first, gap.last + HOUR, HOUR)
    }
    assert inside == missing
    assert sum(gap.count for gap in found.gaps) == len(missing)


def test_gaps_are_told_by_series_over_the_period_of_the_file() -> None:
    north, south = hourly("2023-01-01", "2023-01-03"), hourly("2023-01-02", "2023-01-03")
    south = Cells(**{**vars(south), "series": south.series + 7})
    both = Cells(*(np.concatenate([vars(north)[name], vars(south)[name]]) for name in vars(north)))
    found = completeness(both, "PT1H")
    assert found.gaps is not None
    assert [(gap.series, gap.count) for gap in found.gaps] == [(7, 24)]


@pytest.mark.parametrize(
    ("grain", "dates", "expected"),
    [
        ("P1D", ["2018-11-03", "2018-11-04", "2018-11-06"], 4),
        ("P1W", ["2023-01-06", "2023-01-13", "2023-01-27"], 4),
        ("P1M", ["2023-01-01", "2023-02-01", "2023-04-01"], 4),
        ("P1Y", ["2000-01-01", "2001-01-01", "2003-01-01"], 4),
    ],
)
def test_coarser_grains_have_their_own_steps(grain: str, dates: list[str], expected: int) -> None:
    given_days = cells(day_start(np.array(dates, "datetime64[D]")), np.ones(len(dates)))
    found = completeness(given_days, grain)  # type: ignore[arg-type]
    assert (found.expected, found.present) == (expected, 3)
    assert found.odd_days == []
    steps = ordinals(given_days.utc, grain)  # type: ignore[arg-type]
    assert np.diff(steps).tolist() == [1, 2]


def test_rows_far_apart_are_no_series_of_that_grain() -> None:
    few = cells(day_start(np.array(["2000-01-01", "2023-01-01"], "datetime64[D]")), [1, 2])
    assert completeness(few, "PT1H").gaps is None


def test_days_of_very_many_short_series_are_not_compared() -> None:
    lonely = daily("2023-01-01", np.ones(100))
    each = Cells(**{**vars(lonely), "series": np.arange(100, dtype=np.int32)})
    assert not doubled(each, (0.0, 9.0)).any()
