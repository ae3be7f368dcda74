"""`verify` finds whatever is damaged, and mends what the raw zone can give back."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ons_platform.config import Settings
from ons_platform.errors import NotFound
from ons_platform.ingest.proof import verify as ingest_verify
from ons_platform.ingest.proof.mend import verify_and_mend
from ons_platform.ingest.proof.verify import verify
from ons_platform.lake import housekeeping
from ons_platform.lake.ledger import Status

FIRST_KEY, SECOND_KEY = "year=2023/CURVA_CARGA_2023.csv", "year=2023/SNAP__CURVA_CARGA_2023.csv"


@pytest.fixture(scope="session")
def hours(every_load_hour: Any, load_csv: Any) -> Callable[..., bytes]:
    """A file with these hours."""
    return lambda *of: load_csv(every_load_hour(*of))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What seems wrong is looked at again without much of a pause."""
    monkeypatch.setattr(ingest_verify, "_PAUSE", 0.05)


@pytest.fixture
def small(tmp_path: Path, small_platform: Any, hours: Any) -> Iterator[Any]:
    """Two keys over the same two months: the first in two versions, the second of one month."""
    made = small_platform.at(tmp_path)
    made.put(FIRST_KEY, hours(range(60)))
    made.put(SECOND_KEY, hours(range(5), 500.0))
    made.put(FIRST_KEY, hours(range(50), 31000.0))
    yield made
    made.close()


@pytest.fixture
def lake_file(small: Any) -> Path:
    folder = Path(small.zones.processed.url.removeprefix("file://"))
    return folder / "dataset=consumption/year=2023/month=01/curva-carga.parquet"


@pytest.fixture
def current_slice(small: Any) -> Path:
    (current, _) = small.zones.ledger.recorded(FIRST_KEY)
    folder = Path(small.zones.processed.url.removeprefix("file://"))
    return folder / current.slices[0].path


def kinds(found: Any) -> set[str]:
    return {problem.kind for problem in found.problems}


def test_a_sound_lake_is_proven(small: Any) -> None:
    seen: list[str] = []
    found = verify(small.zones, watch=lambda what, *_: seen.append(what))
    assert found.ok
    assert (found.versions, found.partitions, found.rows) == (2, 2, 100)
    assert FIRST_KEY in seen
    assert "dataset=consumption/year=2023/month=02/curva-carga.parquet" in seen
    told = found.as_dict()
    assert told["datasets"]["curva-carga"] == {"versions": 2, "partitions": 2, "rows": 100}


def truncate(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 0x10
    file.write_bytes(bytes(content))


def remove(file: Path) -> None:
    file.unlink()


DAMAGES = pytest.mark.parametrize("damage", [truncate, flip, remove])


@DAMAGES
def test_a_damaged_lake_file_is_found_and_mended(
    small: Any, lake_file: Path, damage: Callable[[Path], None]
) -> None:
    damage(lake_file)
    found = verify(small.zones)
    assert not found.ok
    assert kinds(found) & {"lake_missing", "lake_differs", "ledger_outdated"}
    mended = verify_and_mend(small.zones)
    assert mended.ok
    assert mended.mended
    assert verify(small.zones).ok


@DAMAGES
def test_a_damaged_slice_is_found_and_mended(
    small: Any, current_slice: Path, damage: Callable[[Path], None]
) -> None:
    damage(current_slice)
    assert kinds(verify(small.zones)) & {"slice_missing", "slice_differs"}
    assert verify_and_mend(small.zones).ok
    assert verify(small.zones).ok


def test_an_older_state_of_a_lake_file_is_found_and_mended(small: Any, lake_file: Path) -> None:
    _, older = small.zones.ledger.recorded(FIRST_KEY)
    with small.zones.processed.as_file(older.slices[0].path) as file:
        content = file.read_bytes()
    lake_file.unlink()
    lake_file.write_bytes(content)
    found = verify(small.zones)
    assert kinds(found) == {"lake_differs", "ledger_outdated"}
    (differs,) = (problem for problem in found.problems if problem.kind == "lake_differs")
    assert differs.expected["rows"] == differs.found["rows"]
    assert differs.expected["sums"] != differs.found["sums"]
    assert verify_and_mend(small.zones).ok


def test_a_slice_that_was_rewritten_with_other_rows_is_found_through_the_lake_file_too(
    small: Any, current_slice: Path, hours: Any
) -> None:
    """With one slice a lake file may be the same bytes under two names."""
    small.put(SECOND_KEY, hours(range(100, 105), 500.0))
    _, older = small.zones.ledger.recorded(FIRST_KEY)
    with small.zones.processed.as_file(older.slices[0].path) as file:
        current_slice.write_bytes(file.read_bytes())
    found = verify(small.zones)
    assert "slice_differs" in kinds(found)
    assert "lake_differs" in kinds(found)
    assert verify_and_mend(small.zones).ok


@DAMAGES
def test_a_damaged_raw_object_is_found_and_nothing_is_lost_with_it(
    small: Any, damage: Callable[[Path], None]
) -> None:
    version = small.versions[-1]
    with small.zones.raw.as_file(version.key, version.version_id) as file:
        damage(file)
    found = verify_and_mend(small.zones)
    assert kinds(found) == {"raw_missing" if damage is remove else "raw_differs"}
    assert not found.mended
    assert found.partitions == 2


SQL = {
    "entry_missing": "DELETE FROM entries WHERE key = ?",
    "slice_missing": "DELETE FROM slices WHERE key = ? AND partition LIKE '%month=02'",
    "not_recorded": "DELETE FROM recorded WHERE key = ?",
    "partition_unrecorded": "DELETE FROM partitions WHERE ? <> ''",
}


@pytest.mark.parametrize("kind", SQL)
def test_a_lost_row_of_the_ledger_is_found_and_mended(
    small: Any, tmp_path: Path, kind: str
) -> None:
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute(SQL[kind], (FIRST_KEY,))
    connection.close()
    assert kind in kinds(verify(small.zones))
    mended = verify_and_mend(small.zones)
    assert mended.ok
    assert kind in {problem.kind for problem in mended.mended}
    entry = small.zones.ledger.latest(FIRST_KEY)
    assert entry is not None
    assert entry.status == Status.COMPLETED
    assert verify(small.zones).rows == 100


def test_a_lake_file_of_no_object_is_found_and_emptied(small: Any, lake_file: Path) -> None:
    stray = lake_file.parents[2] / "year=1999/month=01/curva-carga.parquet"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(lake_file.read_bytes())
    unknown = lake_file.parents[2] / "year=1999/month=01/nothing-of-ours.parquet"
    unknown.write_bytes(b"")
    assert kinds(verify(small.zones)) == {"lake_unrecorded", "lake_differs"}
    left = verify_and_mend(small.zones).problems
    assert [problem.path for problem in left] == [
        "dataset=consumption/year=1999/month=01/nothing-of-ours.parquet"
    ]


def test_outdated_knowledge_is_found_and_mended(small: Any) -> None:
    small.zones.processed.delete("_knowledge/curva-carga.json")
    assert kinds(verify(small.zones)) == {"knowledge_outdated"}
    assert verify_and_mend(small.zones).ok


def test_one_dataset_or_key_can_be_verified_alone(small: Any, lake_file: Path) -> None:
    assert verify(small.zones, "curva-carga").versions == 2
    assert verify(small.zones, "carga-energia").versions == 0
    alone = verify(small.zones, "SNAP__CURVA_CARGA_2023.csv")
    assert (alone.versions, alone.partitions) == (1, 1)
    remove(lake_file)
    assert verify_and_mend(small.zones, FIRST_KEY).ok
    with pytest.raises(NotFound, match="neither the key of an object nor one of"):
        verify(small.zones, "nothing")


def test_what_others_are_at_work_on_is_no_fault(small: Any, hours: Any) -> None:
    """Versions come in while the lake is verified, three times over."""
    stop = threading.Event()

    def publish() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            small.put(FIRST_KEY, hours(range(40 + number % 20), 100.0 * number))

    writer = threading.Thread(target=publish)
    writer.start()
    try:
        found = [verify(small.zones).problems for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    assert [problem for problems in found for problem in problems if problem.path] == []
    assert verify(small.zones).ok


def test_a_file_that_would_be_refused_today_is_told(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    narrow = small.settings.model_copy(update={"max_object_bytes": 10})
    found = verify(replace(small.zones, settings=narrow), FIRST_KEY)
    assert kinds(found) == {"raw_refused"}


def test_slices_nobody_refers_to_are_removed(small: Any, hours: Any) -> None:
    small.put(FIRST_KEY, hours(range(50), 32000.0))
    zones = small.zones
    assert len(zones.ledger.recorded(FIRST_KEY)) == housekeeping.KEPT_VERSIONS
    assert len(list(zones.processed.list("_slices/"))) == 2 + 2 + 1
    zones.processed.put_bytes(
        "_slices/curva-carga/dataset=consumption/year=2023/month=01/left.parquet", b"left"
    )
    assert housekeeping.sweep(zones.ledger, zones.processed, zones.catalog) == 0
    assert housekeeping.sweep(zones.ledger, zones.processed, zones.catalog, grace=-1.0) == 1
    assert len(list(zones.processed.list("_slices/"))) == 5
    assert verify(zones).ok


def test_current_slices_are_kept_although_the_ledger_lost_their_entries(
    small: Any, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("DELETE FROM entries")
    connection.close()
    zones = small.zones
    housekeeping.sweep(zones.ledger, zones.processed, zones.catalog, grace=-1.0)
    assert not [problem for problem in verify(zones).problems if problem.kind == "slice_missing"]


def test_a_lake_on_s3_and_dynamodb_is_proven_and_mended(
    small_platform: Any, hours: Any, bucket: str, ledger_table: str
) -> None:
    """One bucket for both zones: their paths do not meet."""
    settings = Settings(
        storage_url="s3://{bucket}", ledger_url=f"dynamodb://{ledger_table}",
        raw_bucket=bucket, processed_bucket=bucket,
    )  # fmt: skip
    here = small_platform(settings)
    here.put(FIRST_KEY, hours(range(40)))
    zones = here.zones
    assert verify(zones).ok
    (current,) = zones.ledger.recorded(FIRST_KEY)
    zones.processed.delete(current.slices[0].path)
    zones.processed.put_bytes(current.slices[1].partition.path, b"not a table")
    assert kinds(verify(zones)) == {"slice_missing", "lake_differs", "ledger_outdated"}
    assert verify_and_mend(zones).ok
    here.close()
