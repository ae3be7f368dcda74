"""Leaps up and back, values that stand still."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.ingest.rules.cells import Cells
from ons_platform.ingest.rules.steps import frozen, jumps

START = np.datetime64("2023-01-01T03:00:00", "s")


def half_hours(values: list[float] | np.ndarray, series: int = 0, skip: int | None = None) -> Cells:
    count = len(values)
    number = np.arange(count)
    if skip is not None:
        number[skip:] += 1
    return Cells(
        series=np.full(count, series, np.int32),
        utc=START + number * np.timedelta64(1800, "s"),
        value=np.asarray(values, np.float64),
        row=np.arange(2, count + 2),
        month=np.zeros(count, np.int32),
        position=np.arange(count),
    )


def calm(count: int = 40) -> np.ndarray:
    return 100.0 + np.arange(count) % 2


def found(values: np.ndarray, **more: int) -> list[int]:
    return np.flatnonzero(jumps(half_hours(values, **more), "PT30M", 100, 500)).tolist()


@pytest.mark.parametrize("leap", [5000.0, -5000.0])
@pytest.mark.parametrize("width", [1, 2])
def test_one_or_two_values_that_leap_and_come_back(leap: float, width: int) -> None:
    values = calm()
    values[20 : 20 + width] += leap
    assert found(values) == list(range(20, 20 + width))


def test_what_does_not_come_back_or_stays_longer_is_no_spike() -> None:
    values = calm()
    values[20:] += 5000
    assert found(values) == []
    values = calm()
    values[20:23] += 5000
    assert found(values) == []
    values = calm()
    values[20] += 5000
    values[21:] += 3000
    assert found(values) == []


def test_neither_small_leaps_nor_those_of_lively_series_count() -> None:
    values = calm()
    values[20] += 499
    assert found(values) == []
    lively = np.where(np.arange(40) % 2, 1000.0, 10.0)
    lively[20] += 5000
    assert found(lively) == []


def test_no_step_leads_over_a_gap_or_into_another_series() -> None:
    values = calm()
    values[20] += 5000
    assert found(values, skip=20) == []
    first, second = half_hours(values[:21]), half_hours(calm(), series=1)
    both = Cells(
        *(np.concatenate([getattr(first, name), getattr(second, name)]) for name in vars(first))
    )
    assert not jumps(both, "PT30M", 100, 500).any()


def test_empty_cells_are_no_leap() -> None:
    values = calm()
    values[[3, 21]] = np.nan
    values[20] += 5000
    assert found(values) == []
    assert not jumps(half_hours([]), "PT30M", 100, 500).any()


@given(st.lists(st.floats(0, 10), min_size=3, max_size=60))
def test_nothing_below_the_least_leap_is_ever_found(values: list[float]) -> None:
    assert not jumps(half_hours(values), "PT30M", 2, 10).any()


def test_a_value_that_stands_still_for_a_day() -> None:
    values = 1000 + np.random.default_rng(1).normal(0, 50, 400)
    values[100:148] = 1234.5
    assert np.flatnonzero(frozen(half_hours(values), "PT30M")).tolist() == list(range(100, 148))
    values[120] += 1
    assert not frozen(half_hours(values), "PT30M").any()


def test_standing_still_is_nothing_for_zeros_resting_series_and_days() -> None:
    values = 1000 + np.random.default_rng(1).normal(0, 50, 400)
    values[100:160] = 0.0
    assert not frozen(half_hours(values), "PT30M").any()
    steps = np.repeat(np.arange(40.0), 10)
    steps[100:160] = 7.0
    assert not frozen(half_hours(steps), "PT30M").any()
    values[100:160] = 5.0
    assert not frozen(half_hours(values), "P1D").any()
    assert not frozen(half_hours([5.0] * 60), "PT30M").any()
