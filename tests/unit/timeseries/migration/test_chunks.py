from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.migration.chunks import (
    Chunk,
    Size,
    instant_of,
    nanoseconds_of,
    plan,
    split,
)

START = datetime(2024, 1, 1, tzinfo=UTC)
HOURS = st.integers(0, 24 * 500).map(lambda hours: START + timedelta(hours=hours))
RANGES = st.tuples(HOURS, HOURS).filter(lambda pair: pair[0] < pair[1])


def test_months_are_of_the_calendar() -> None:
    found = list(split((START.replace(day=15), datetime(2024, 3, 10, tzinfo=UTC)), Size.MONTH))
    assert [(a.isoformat()[:10], b.isoformat()[:10]) for a, b in found] == [
        ("2024-01-15", "2024-02-01"),
        ("2024-02-01", "2024-03-01"),
        ("2024-03-01", "2024-03-10"),
    ]


@given(st.lists(RANGES, min_size=1, max_size=4), st.sampled_from(Size))
def test_chunks_never_overlap_and_leave_no_gap(
    ranges: list[tuple[datetime, datetime]], size: Size
) -> None:
    """Whatever was planned before, in whatever order."""
    known: set[Chunk] = set()
    for start, end in ranges:
        planned = plan(["generation_data"], start, end, size, known)
        known |= set(planned)
        assert planned[0].start <= start
        assert planned[-1].end >= end
        assert all(one.end == other.start for one, other in pairwise(planned))
    assert all(one.end <= other.start for one, other in pairwise(sorted(known)))


def test_other_tables_chunks_are_not_in_the_way() -> None:
    other = Chunk("consumption_data", START, START + timedelta(days=1))
    [found] = plan(["generation_data"], START, START + timedelta(days=1), Size.DAY, [other])
    assert found.table == "generation_data"


@given(RANGES)
def test_a_name_is_read_back(pair: tuple[datetime, datetime]) -> None:
    chunk = Chunk("generation_data", *pair)
    assert Chunk.named(chunk.table, chunk.name) == chunk


@given(HOURS)
def test_instants_are_read_back(instant: datetime) -> None:
    assert instant_of(nanoseconds_of(instant)) == instant


def test_what_cannot_be_planned_is_told() -> None:
    with pytest.raises(InvalidRequest, match="is not before"):
        plan(["generation_data"], START, START, Size.DAY, [])
    with pytest.raises(InvalidRequest, match="none of generation_data"):
        plan(["weather"], START, START + timedelta(days=1), Size.DAY, [])
