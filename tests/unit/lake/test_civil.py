"""Brasília civil time against the standard library's own reading of the same rules."""

# ruff: noqa: DTZ001 - civil readings have no zone

from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.lake.civil import Clock, day_start, to_local, to_utc, transitions
from ons_platform.lake.zone import brasilia

INSTANTS = st.datetimes(datetime(1985, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)


def seconds(*moments: datetime) -> np.ndarray:
    return np.array(moments, "datetime64[s]")


@given(st.lists(INSTANTS, min_size=1, max_size=30))
def test_instants_survive_the_way_there_and_back(instants: list[datetime]) -> None:
    utc = seconds(*instants)
    local = to_local(utc)
    first, clock = to_utc(local)
    second, _ = to_utc(local, second=True)
    assert np.all((first == utc) | (second == utc))
    assert not (clock == Clock.NONEXISTENT).any()
    assert np.all((first == second) == (clock == Clock.EXACT))


@given(INSTANTS)
def test_civil_readings_are_those_of_zoneinfo(instant: datetime) -> None:
    expected = instant.replace(tzinfo=UTC).astimezone(brasilia()).replace(tzinfo=None)
    assert to_local(seconds(instant))[0] == np.datetime64(expected, "s")


@given(st.lists(INSTANTS, min_size=2, max_size=2), st.booleans())
def test_any_reading_follows_pep_495(readings: list[datetime], second: bool) -> None:
    utc, _ = to_utc(seconds(*readings), second=second)
    for reading, found in zip(readings, utc, strict=True):
        aware = reading.replace(tzinfo=brasilia(), fold=int(second))
        assert found == np.datetime64(aware.astimezone(UTC).replace(tzinfo=None), "s")


@given(st.dates(date(1985, 1, 1), date(2100, 1, 1)))
def test_a_day_begins_at_its_first_instant(day: date) -> None:
    start = day_start(np.array([day], "datetime64[D]"))
    assert to_local(start).astype("datetime64[D]")[0] == np.datetime64(day)
    before = to_local(start - np.timedelta64(1, "s")).astype("datetime64[D]")[0]
    assert before == np.datetime64(day - timedelta(days=1))


def test_a_day_without_midnight_begins_an_hour_later() -> None:
    start = day_start(np.array(["2018-11-03", "2018-11-04", "2018-11-05"], "datetime64[D]"))
    assert start.tolist() == [
        datetime(2018, 11, 3, 3), datetime(2018, 11, 4, 3), datetime(2018, 11, 5, 2),
    ]  # fmt: skip


def test_every_change_is_exact_to_the_second() -> None:
    starts, offsets = transitions()
    for start, before, after in zip(starts[1:], offsets[:-1], offsets[1:], strict=True):
        around = np.array([start - np.timedelta64(1, "s"), start])
        shift = (to_local(around) - around).astype(int)
        assert shift.tolist() == [before, after]


def test_autumn_hour_is_ambiguous_and_spring_hour_never_was() -> None:
    utc, clock = to_utc(seconds(datetime(2018, 2, 17, 23), datetime(2018, 11, 4, 0, 30)))
    assert clock.tolist() == [Clock.AMBIGUOUS, Clock.NONEXISTENT]
    assert utc.tolist() == [datetime(2018, 2, 18, 1), datetime(2018, 11, 4, 3, 30)]
    later, _ = to_utc(seconds(datetime(2018, 2, 17, 23)), second=True)
    assert later.tolist() == [datetime(2018, 2, 18, 2)]


def test_no_time_stays_no_time() -> None:
    utc, clock = to_utc(np.array(["NaT", "2018-11-04T12:00:00"], "datetime64[s]"))
    assert np.isnat(utc[0])
    assert clock.tolist() == [Clock.EXACT, Clock.EXACT]
    assert to_utc(np.array([], "datetime64[s]"))[0].size == 0


def test_a_reading_that_is_none_changes_no_other() -> None:
    summer = np.array(["2014-01-01T00:00", "NaT", "2014-01-01T12:00"], "datetime64[s]")
    utc, clock = to_utc(summer)
    assert utc[0] == np.datetime64("2014-01-01T02:00")
    assert utc[2] == np.datetime64("2014-01-01T14:00")
    assert np.isnat(utc[1])
    assert not clock.any()
    assert np.isnat(to_utc(summer[1:2])[0]).all()
