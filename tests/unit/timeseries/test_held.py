"""What is held, when it answers for a period, and that changes to it do not get lost."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ons_platform.lake.knowledge import Knowledge
from ons_platform.storage import Storage
from ons_platform.timeseries.held import Held, HeldPartition, HeldStore, State

NOW = datetime(2026, 11, 21, tzinfo=UTC)
JANUARY, FEBRUARY, MARCH = (f"dataset=load/year=2023/month=0{month}" for month in (1, 2, 3))
DAY = timedelta(days=1)
START = datetime(2023, 1, 1, 3, tzinfo=UTC)
"""Of January, in Brasília."""


def record(etag: str = "e", state: State = State.HELD, **more: Any) -> HeldPartition:
    return HeldPartition(etag=etag, state=state, load_id="l", at=NOW.isoformat(), **more)


def knowledge(**etags: str) -> Knowledge:
    parts = tuple({"name": name, "etag": etag} for name, etag in etags.items())
    nothing: tuple[Any, ...] = ()
    return Knowledge(
        "load", {}, {}, "v", 1, None, None, parts, *[nothing] * 5, flagged={}
    )  # fmt: skip


def covers(held: Held, first: float, last: float, retention: int = 0) -> bool:
    windows = [(START + first * DAY, START + last * DAY)]
    known = knowledge(**{JANUARY: "e", FEBRUARY: "e"})
    return held.covers(known, windows, NOW, retention)


BOTH = Held("load", partitions={JANUARY: record(), FEBRUARY: record()})


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (BOTH, True),
        (Held("load"), False),
        (replace(BOTH, partitions={JANUARY: record()}), False),
        *(
            (replace(BOTH, partitions={**BOTH.partitions, FEBRUARY: record(state=state)}), False)
            for state in State
            if state is not State.HELD
        ),
        (replace(BOTH, partitions={**BOTH.partitions, JANUARY: record("older")}), False),
        (replace(BOTH, partitions={**BOTH.partitions, MARCH: record()}), True),
    ],
)
def test_every_partition_of_the_period_is_held_of_the_file_there_is(
    held: Held, expected: bool
) -> None:
    assert covers(held, 10, 40) is expected


def test_only_partitions_of_the_period_count() -> None:
    held = replace(BOTH, partitions={JANUARY: record()})
    assert covers(held, 0, 31)
    assert not covers(held, 0, 31.01)
    assert covers(held, 70, 90), "where there is nothing, both know nothing"


def test_points_the_lake_has_no_more_are_not_answered_with() -> None:
    held = replace(BOTH, partitions={**BOTH.partitions, MARCH: record()})
    assert not covers(held, 40, 70)


def test_periods_begin_after_what_was_left_out_and_what_is_kept() -> None:
    since = (START + 5 * DAY).isoformat()
    held = replace(BOTH, partitions={**BOTH.partitions, JANUARY: record(since=since)})
    assert not covers(held, 4, 20)
    assert covers(held, 5, 20)
    kept = int((NOW - START - 10 * DAY).total_seconds())
    assert covers(BOTH, 10, 20, kept)
    assert not covers(BOTH, 9.9, 20, kept)


def test_every_one_of_several_periods_counts() -> None:
    held = replace(BOTH, partitions={JANUARY: record()})
    known = knowledge(**{JANUARY: "e", FEBRUARY: "e"})
    windows = [(START, START + DAY), (START + 40 * DAY, START + 41 * DAY)]
    assert held.covers(known, windows[:1], NOW, 0)
    assert not held.covers(known, windows, NOW, 0)


def test_records_read_back_as_they_were_written(tmp_path: Path) -> None:
    store = HeldStore(Storage(tmp_path.as_uri()))
    before = record("a", State.PARTIAL, rejected=2, error={"error": "E"})
    written = record("b", previous=before, since="2023-01-01T00:00:00+00:00", refused_etag="c")
    store.put("load", JANUARY, written)
    fresh = HeldStore(Storage(tmp_path.as_uri()))
    assert fresh.get("load").partitions == {JANUARY: written}
    assert fresh.snapshot() == {"load": fresh.get("load")}
    assert fresh.put("load", JANUARY, None).partitions == {}
    assert fresh.get("other") == Held("other")


def test_what_another_process_wrote_is_seen(tmp_path: Path) -> None:
    one, other = (HeldStore(Storage(tmp_path.as_uri())) for _ in range(2))
    one.put("load", JANUARY, record("a"))
    assert other.get("load").partitions[JANUARY].etag == "a"
    one.put("load", JANUARY, record("b"))
    assert other.get("load").partitions[JANUARY].etag == "b"


def test_changes_at_once_are_all_kept(tmp_path: Path) -> None:
    store = HeldStore(Storage(tmp_path.as_uri()))
    names = [f"dataset=load/year=20{year}/month=01" for year in range(10, 18)]
    threads = [threading.Thread(target=store.put, args=("load", n, record(n))) for n in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(store.get("load").partitions) == names
