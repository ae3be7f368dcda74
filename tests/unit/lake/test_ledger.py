"""One contract for both adapters of the ledger."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ons_platform.errors import InvalidRequest, LeaseHeld, ServiceUnavailable
from ons_platform.lake.layout import Partition
from ons_platform.lake.leases import hold
from ons_platform.lake.ledger import (
    Entity,
    Entry,
    Ledger,
    ObjectVersion,
    PartitionInfo,
    Recorded,
    Slice,
    Status,
    Summary,
)
from ons_platform.lake.ledgers import open_ledger

Version = Callable[..., ObjectVersion]
JANUARY = Partition("curva-carga", "consumption", 2023, 1)
FEBRUARY = Partition("curva-carga", "consumption", 2023, 2)


@pytest.fixture(params=["sqlite", "dynamodb"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite://{tmp_path}/ledger.db"
    if request.param == "dynamodb":
        url = f"dynamodb://{request.getfixturevalue('ledger_table')}"
    ledger = open_ledger(url)
    yield ledger
    ledger.close()


def slice_of(version: ObjectVersion, partition: Partition, etag: str = "e") -> Slice:
    path = partition.slice_path(version.version_id)
    return Slice(version.key, version.version_id, version.rank, partition, path, 10, etag)


def test_receiving_twice_keeps_the_first_entry(ledger: Ledger, object_version: Version) -> None:
    version = object_version()
    first = ledger.receive(version)
    assert first.status is Status.RECEIVED
    assert first.received_at
    ledger.update(version, status=Status.PROCESSING, attempts=1)
    again = ledger.receive(version)
    assert (again.status, again.attempts) == (Status.PROCESSING, 1)
    assert again.received_at == first.received_at
    assert ledger.get(version.key, version.version_id) == again
    assert ledger.get(version.key, "other") is None


def test_an_update_returns_and_keeps_every_field(ledger: Ledger, object_version: Version) -> None:
    version = object_version()
    entry = ledger.update(
        version,
        status="failed",
        execution_id="run",
        dataset="curva-carga",
        rows_read=3,
        partitions=[JANUARY.name],
        reason={"error": "MalformedFile", "message": "linha é má"},
        metadata={"checksum": "abc"},
    )
    assert entry.status is Status.FAILED
    assert ledger.get(version.key, version.version_id) == entry
    assert Entry.from_dict(json.loads(json.dumps(entry.as_dict()))) == entry
    with pytest.raises(TypeError):
        ledger.update(version, colour="red")
    with pytest.raises(TypeError):
        ledger.update(version, version=object_version(number=2))


def test_the_latest_is_the_newest_not_the_last_received(
    ledger: Ledger, object_version: Version
) -> None:
    assert ledger.latest("year=2023/FILE.csv") is None
    for number in (2, 10, 1):
        ledger.receive(object_version(number=number))
    latest = ledger.latest("year=2023/FILE.csv")
    assert latest is not None
    assert latest.version.version_id == "v10"


def test_entries_come_last_received_first(ledger: Ledger, object_version: Version) -> None:
    for key in ("year=2023/A.csv", "year=2023/B.csv", "other/%_C.csv"):
        ledger.receive(object_version(key=key))
    ledger.update(object_version(key="year=2023/A.csv"), status=Status.FAILED)
    assert [entry.version.key for entry in ledger.entries()] == [
        "other/%_C.csv",
        "year=2023/B.csv",
        "year=2023/A.csv",
    ]
    assert [e.version.key for e in ledger.entries(prefix="year=2023/", limit=1)] == [
        "year=2023/B.csv"
    ]
    assert [e.version.key for e in ledger.entries(prefix="other/%_")] == ["other/%_C.csv"]
    failed = ledger.entries(status=Status.FAILED, prefix="year=")
    assert [entry.version.key for entry in failed] == ["year=2023/A.csv"]
    assert ledger.entries(status=Status.LOADED) == []


def test_updates_of_one_entry_at_once_all_count(ledger: Ledger, object_version: Version) -> None:
    version = object_version()
    names = [
        ("rows_read", 1),
        ("rows_written", 2),
        ("rows_flagged", 3),
        ("rows_skipped", 4),
        ("attempts", 5),
    ]

    def update(change: tuple[str, int]) -> None:
        ledger.update(version, **dict([change]))

    _together(update, names)
    entry = ledger.get(version.key, version.version_id)
    assert entry is not None
    assert all(getattr(entry, name) == value for name, value in names)
    assert len(ledger.entries()) == 1


def test_the_newest_recorded_version_of_each_key_counts(
    ledger: Ledger, object_version: Version
) -> None:
    a1, a2, b1 = object_version("A", 1), object_version("A", 2), object_version("B", 3)
    ledger.record_slices(a2, [slice_of(a2, JANUARY)])
    ledger.record_slices(a1, [slice_of(a1, JANUARY), slice_of(a1, FEBRUARY)])
    ledger.record_slices(b1, [slice_of(b1, JANUARY)])
    assert ledger.current_slices(JANUARY) == [slice_of(b1, JANUARY), slice_of(a2, JANUARY)]
    assert ledger.current_slices(FEBRUARY) == []
    assert ledger.touched_partitions(a2) == {JANUARY, FEBRUARY}
    assert ledger.touched_partitions(b1) == {JANUARY}
    assert ledger.touched_partitions(object_version("C")) == set()


def test_recording_again_replaces(ledger: Ledger, object_version: Version) -> None:
    version = object_version()
    ledger.record_slices(version, [slice_of(version, JANUARY, "one"), slice_of(version, FEBRUARY)])
    ledger.record_slices(version, [slice_of(version, JANUARY, "two")])
    assert ledger.current_slices(JANUARY) == [slice_of(version, JANUARY, "two")]
    assert ledger.current_slices(FEBRUARY) == []
    assert ledger.touched_partitions(version) == {JANUARY, FEBRUARY}
    ledger.record_slices(object_version(number=2), [])
    assert ledger.current_slices(JANUARY) == []


def test_recorded_versions_are_told_newest_first_and_forgotten(
    ledger: Ledger, object_version: Version
) -> None:
    assert ledger.recorded("A") == []
    first, second, third = (object_version("A", number) for number in (1, 2, 3))
    ledger.record_slices(second, [slice_of(second, JANUARY), slice_of(second, FEBRUARY)])
    ledger.record_slices(third, [])
    ledger.record_slices(first, [slice_of(first, JANUARY)])
    ledger.record_slices(object_version("AB", 4), [])
    found = ledger.recorded("A")
    assert [item.version_id for item in found] == ["v3", "v2", "v1"]
    assert found[2] == Recorded("A", "v1", first.rank, (slice_of(first, JANUARY),))
    assert found[1].slices == (slice_of(second, JANUARY), slice_of(second, FEBRUARY))
    assert ledger.recorded("A", limit=1) == found[:1]
    ledger.forget("A", "v1")
    ledger.forget("A", "v1")
    assert ledger.recorded("A") == found[:2]
    assert ledger.touched_partitions(third) == {JANUARY, FEBRUARY}
    assert ledger.current_slices(JANUARY) == []


def test_a_file_of_two_centuries_of_months(ledger: Ledger, object_version: Version) -> None:
    version = object_version(key="k" * 1024)
    months = [
        Partition("curva-carga", "consumption", 1900 + n // 12, n % 12 + 1) for n in range(2400)
    ]
    ledger.record_slices(version, [slice_of(version, month) for month in months])
    assert ledger.touched_partitions(version) == set(months)
    assert ledger.current_slices(months[-1]) == [slice_of(version, months[-1])]


def test_partitions_are_remembered(ledger: Ledger) -> None:
    entities = tuple(Entity(f"E{n}", f"Usina nº {n}", "SE", "MG", "hydro") for n in range(3000))
    summary = Summary(10, "c", None, None, ("load",), ("SE",), (), (), entities, {"missing": 2})
    january = PartitionInfo(JANUARY, "e1", 100, ("s@e",), ("A",), summary)
    february = PartitionInfo(FEBRUARY, "e2", 100, (), (), Summary())
    ledger.record_partitions([])
    ledger.record_partitions([february, replace(january, etag="e0")])
    ledger.record_partitions([january])
    assert ledger.partition(JANUARY) == january
    assert ledger.partitions("curva-carga") == [january, february]
    assert ledger.partitions("other") == []
    ledger.drop_partition(FEBRUARY)
    ledger.drop_partition(FEBRUARY)
    assert ledger.partition(FEBRUARY) is None


def test_a_lease_has_one_holder(ledger: Ledger) -> None:
    with ledger.lease("x", owner="me", seconds=30):
        with pytest.raises(LeaseHeld, match="me holds x") as caught, _lease(ledger, "x"):
            pass
        assert 1 <= caught.value.retry_after <= 30
        with _lease(ledger, "y"):
            pass
    with _lease(ledger, "x"):
        pass
    with pytest.raises(ZeroDivisionError), _lease(ledger, "x"):
        raise ZeroDivisionError
    with _lease(ledger, "x"):
        pass


def test_a_holder_that_lost_its_lease_does_not_free_the_next(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.time()
    first = ledger.lease("x", owner="slow", seconds=10)
    first.__enter__()
    monkeypatch.setattr(time, "time", lambda: start + 11)
    with _lease(ledger, "x"):
        first.__exit__(None, None, None)
        with pytest.raises(LeaseHeld), _lease(ledger, "x"):
            pass


def test_of_many_at_once_one_holds(ledger: Ledger) -> None:
    held = []

    def take(number: int) -> None:
        try:
            lease = ledger.lease("x", owner=str(number), seconds=60)
            lease.__enter__()
        except LeaseHeld:
            return
        held.append(lease)

    _together(take, list(range(8)))
    assert len(held) == 1


def test_counters_add_up(ledger: Ledger) -> None:
    assert ledger.counters() == {}
    _together(lambda by: ledger.count("queries", by), [1, 2, 3, 4])
    ledger.count("other")
    assert ledger.counters() == {"other": 1, "queries": 10}


_HOLD_FOR_EVER = """
with open_ledger(sys.argv[1]).lease("x", owner="dead", seconds=2):
    print("held", flush=True)
    time.sleep(600)
"""

_COUNT_HERE_AND_IN_A_FORK = """
ledger = open_ledger(sys.argv[1])
ledger.count("n")
child = os.fork()
for _ in range(20 if child == 0 else 19):
    ledger.count("n")
ledger.close()
if child:
    sys.exit(os.waitpid(child, 0)[1])
"""


def test_a_dead_holder_is_followed_after_its_lease_ends(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/ledger.db"
    ledger = open_ledger(url)
    holder = _process(_HOLD_FOR_EVER, url)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(LeaseHeld, match="dead"), _lease(ledger, "x"):
        pass
    holder.kill()
    holder.communicate()
    with hold(ledger, "x", wait=30):
        pass
    ledger.close()


def test_waiting_for_a_lease_has_an_end(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite://{tmp_path}/ledger.db")
    with _lease(ledger, "x"), pytest.raises(LeaseHeld), hold(ledger, "x", wait=0):
        pass
    ledger.close()


def test_processes_share_one_sqlite_file(tmp_path: Path, object_version: Version) -> None:
    url = f"sqlite://{tmp_path}/ledger.db"
    ledger = open_ledger(url)
    ledger.count("n")
    workers = [_process(_COUNT_HERE_AND_IN_A_FORK, url) for _ in range(3)]
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    assert ledger.counters() == {"n": 121}
    ledger.receive(object_version())
    ledger.close()
    assert len(ledger.entries()) == 1
    ledger.close()


def test_a_broken_ledger_file_is_unavailable(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite://{tmp_path}/ledger.db")
    ledger.close()
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(ServiceUnavailable):
        ledger.counters()
    ledger.close()


def test_a_missing_table_is_unavailable(aws: str, object_version: Version) -> None:
    ledger = open_ledger("dynamodb://no-such-table")
    for call in (
        ledger.counters,
        lambda: ledger.receive(object_version()),
        lambda: ledger.record_slices(object_version(), []),
    ):
        with pytest.raises(ServiceUnavailable, match="ResourceNotFound"):
            call()
    ledger.close()


@pytest.mark.parametrize("url", ["sqlite://", "dynamodb://", "postgres://x/y", ""])
def test_a_url_of_no_known_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a ledger URL is"):
        open_ledger(url)


def test_versions_read_from_events() -> None:
    event = {
        "source": "aws.s3",
        "time": "2026-01-01T00:00:00Z",
        "detail": {
            "bucket": {"name": "raw"},
            "object": {
                "key": "year=2023/A B+c.csv",
                "size": 5,
                "etag": "e",
                "version-id": "v",
                "sequencer": "0A",
            },
        },
    }
    version = ObjectVersion.from_event(event)
    assert version.key == "year=2023/A B+c.csv"
    assert version.rank == "0A" + "0" * 30 + "|year=2023/A B+c.csv"
    assert ObjectVersion.from_dict(version.as_dict()) == version
    del event["detail"]["object"]["version-id"]  # type: ignore[index]
    assert ObjectVersion.from_event(event).version_id == "null"


@pytest.mark.parametrize("wrong", [{}, {"detail": None}, {"detail": {"object": {}}}])
def test_what_is_no_event_or_version_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        ObjectVersion.from_event(wrong)
    with pytest.raises(InvalidRequest):
        ObjectVersion.from_dict(wrong)


def _lease(ledger: Ledger, name: str) -> Any:
    return ledger.lease(name, owner="other", seconds=30)


def _together(work: Callable[[Any], object], items: list[Any]) -> None:
    errors = []

    def run(item: Any) -> None:
        try:
            work(item)
        except ServiceUnavailable as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def _process(code: str, url: str) -> subprocess.Popen[bytes]:
    head = "import os, sys, time\nfrom ons_platform.lake.ledgers import open_ledger\n"
    return subprocess.Popen([sys.executable, "-c", head + code, url], stdout=subprocess.PIPE)
