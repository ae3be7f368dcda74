"""Marked rows by series and day, joined to stretches; memory stays bounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.ingest.rules import marks as rules_marks
from ons_platform.ingest.rules.marks import ALL_SERIES, Marks

NOON = np.datetime64("2023-01-01T15:00:00", "s")
DAY = np.timedelta64(86_400, "s")


def days(*numbers: int) -> np.ndarray:
    return NOON + np.array(numbers) * DAY


def test_days_that_follow_each_other_are_one_stretch() -> None:
    marks = Marks()
    marks.add("missing", np.zeros(5, np.int32), days(0, 1, 1, 2, 5))
    marks.add("missing", np.ones(1, np.int32), days(3))
    marks.add("suspect", np.zeros(1, np.int32), days(3))
    marks.add("suspect", np.zeros(0, np.int32), days())
    found = [(s.mark, s.series, s.first, s.last, s.count) for s in marks.stretches("PT1H")]
    assert found == [
        ("missing", 0, *days(0, 2), 4),
        ("missing", 0, *days(5, 5), 1),
        ("missing", 1, *days(3, 3), 1),
        ("suspect", 0, *days(3, 3), 1),
    ]
    assert Marks().stretches("PT1H") == []


@pytest.mark.parametrize(("grain", "apart"), [("P1W", 7), ("P1M", 31), ("P1Y", 366)])
def test_coarser_grains_follow_each_other_further_apart(grain: str, apart: int) -> None:
    marks = Marks()
    marks.add("missing", np.zeros(3, np.int32), days(0, apart, 3 * apart))
    assert [s.count for s in marks.stretches(grain)] == [2, 1]  # type: ignore[arg-type]


@given(
    st.lists(
        st.tuples(st.sampled_from(["missing", "suspect"]), st.integers(0, 2), st.integers(0, 9)),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 60),
)
def test_stretches_do_not_depend_on_the_order_or_the_batches(
    rows: list[tuple[str, int, int]], size: int
) -> None:
    def of(batches: list[list[tuple[str, int, int]]]) -> set[tuple[object, ...]]:
        marks = Marks()
        for batch in batches:
            for mark, series, day in batch:
                marks.add(mark, np.array([series], np.int32), days(day))
        return {(s.mark, s.series, s.first, s.last, s.count) for s in marks.stretches("PT1H")}

    batches = [rows[at : at + size] for at in range(0, len(rows), size)]
    assert of([rows]) == of(batches) == of([rows[::-1]])
    assert sum(int(str(item[4])) for item in of([rows])) == len(rows)


def test_too_many_series_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_marks, "MAX_ENTRIES", 10)
    marks = Marks()
    marks.add("missing", np.arange(20, dtype=np.int32), days(*range(20)))
    marks.add("missing", np.arange(5, dtype=np.int32), days(*range(5)))
    (found,) = marks.stretches("PT1H")
    assert (found.series, found.count, marks.coarse) == (ALL_SERIES, 25, True)
