from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.errors import StorageUnavailable
from ons_platform.lake import merge, windows
from ons_platform.lake.layout import Partition
from ons_platform.lake.merge import commit, rebuild
from ons_platform.lake.parquet import read_summary

Row = Callable[..., dict[str, Any]]
JANUARY = Partition("curva-carga", "consumption", 2023, 1)


def test_the_newest_file_wins_row_by_row(lake: Any, at: Row, object_version: Any) -> None:
    lake.put(object_version("A", 2), [at(1, "SE", 2.0), at(0, "SE", 2.0)])
    lake.put(object_version("B", 1), [at(2, "N", 1.0), at(1, "SE", 1.0), at(1, "N", 1.0)])
    found = [
        (row["timestamp"].hour, row["region"], row["value"]) for row in lake.read(JANUARY.path)
    ]
    assert found == [(3, "SE", 2.0), (4, "N", 1.0), (4, "SE", 2.0), (5, "N", 1.0)]
    info = lake.ledger.partition(JANUARY)
    assert info.sources == ("A", "B")
    assert info.summary.regions == ("N", "SE")


def test_a_revision_takes_back_rows_and_months(lake: Any, at: Row, object_version: Any) -> None:
    lake.put(object_version("A", 1), [at(0), at(800), at(1)])
    infos = lake.put(object_version("A", 2), [at(0, value=5.0)])
    assert [(info.partition.month, info.rows) for info in infos] == [(1, 1), (2, 0)]
    assert [row["value"] for row in lake.read(JANUARY.path)] == [5.0]
    assert lake.read(infos[1].partition.path) == []


def test_a_single_slice_is_copied_not_rewritten(lake: Any, at: Row, object_version: Any) -> None:
    lake.put(object_version("A", 1), [at(0)])
    (current,) = lake.ledger.current_slices(JANUARY)
    assert lake.storage.get_bytes(JANUARY.path) == lake.storage.get_bytes(current.path)


def test_redelivery_leaves_the_file_alone(lake: Any, at: Row, object_version: Any) -> None:
    version = object_version("A", 1)
    lake.put(version, [at(0)])
    before = lake.storage.head(JANUARY.path)
    slices = lake.ledger.current_slices(JANUARY)
    infos = commit(version, lake.dataset, slices, lake.ledger, lake.storage)
    assert lake.storage.head(JANUARY.path) == before
    assert infos == [lake.ledger.partition(JANUARY)]


def test_large_partitions_are_merged_window_by_window(
    lake: Any, at: Row, object_version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    whole = merge._merged
    monkeypatch.setattr(windows, "ROWS_AT_ONCE", 25)
    monkeypatch.setattr(merge, "_merged", lambda t, d: seen.append(1) or whole(t, d))
    lake.put(object_version("A", 1), [at(hour, value=1.0) for hour in range(100)])
    lake.put(object_version("B", 2), [at(hour, value=2.0) for hour in range(99, 39, -1)])
    assert len(seen) == 7
    rows = lake.read(JANUARY.path)
    assert [row["timestamp"] for row in rows] == [at(hour)["timestamp"] for hour in range(100)]
    assert [row["value"] for row in rows] == [1.0] * 40 + [2.0] * 60


def test_files_of_other_years_may_lack_a_column(
    lake: Any, at: Row, object_version: Any, lake_rows: Any
) -> None:
    dataset = catalog()["geracao-usina-2"]
    table, months = lake_rows(dataset, [at(0, ceg="x", region="N"), at(1)])
    for key, columns in (("A", table.column_names), ("B", table.drop_columns("ceg").column_names)):
        version = object_version(key, 1 + (key == "B"))
        writer = merge_writer(lake, version, dataset)
        writer.write(table.select(columns), months)
        commit(version, dataset, writer.close(), lake.ledger, lake.storage)
    rows = lake.read("dataset=generation/year=2023/month=01/geracao-usina-2.parquet")
    assert [(row["region"], row["ceg"]) for row in rows] == [("N", None), ("N", "x"), ("SE", None)]


def merge_writer(lake: Any, version: Any, dataset: Any) -> Any:
    from ons_platform.lake.slices import SliceWriter

    return SliceWriter(dataset, version, lake.storage, lake.workdir)


def test_the_summary_tells_what_the_file_holds(lake: Any, at: Row, object_version: Any) -> None:
    dataset = catalog()["geracao-usina-2"]
    plant = {"entity_id": "U1", "entity_name": "Usina", "state": "MG", "energy_source": "hydro"}
    rows = [
        at(0, **plant),
        at(1, **plant, quality_flag="out_of_range"),
        at(1, None, quality_flag="missing"),
    ]
    (info,) = lake.put(object_version("A", 1), rows, dataset)
    summary = info.summary
    assert (summary.rows, summary.regions, summary.states) == (3, ("SE",), ("MG",))
    assert summary.energy_sources == ("hydro",)
    assert summary.measurement_types == ("generation",)
    assert [(e.id, e.name, e.region, e.state, e.source) for e in summary.entities] == [
        ("U1", "Usina", "SE", "MG", "hydro")
    ]
    assert summary.flagged == {"missing": 1, "out_of_range": 1}
    assert datetime.fromisoformat(summary.first) == datetime(2023, 1, 1, 3, tzinfo=UTC)
    with lake.storage.as_file(info.partition.path) as file:
        assert read_summary(file) == summary


def test_a_stale_writer_is_noticed(
    lake: Any, at: Row, object_version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version is recorded and merged while this writer is between reading and swapping."""
    real, raced = merge._write, []

    def slow(*arguments: Any) -> Any:
        if not raced:
            raced.append(1)
            with _no_lease(lake, monkeypatch):
                lake.put(object_version("B", 2), [at(0, value=2.0)])
        return real(*arguments)

    monkeypatch.setattr(merge, "_write", slow)
    with _no_lease(lake, monkeypatch):
        lake.put(object_version("A", 1), [at(0, value=1.0), at(1, value=1.0)])
    assert [row["value"] for row in lake.read(JANUARY.path)] == [2.0, 1.0]
    assert lake.ledger.partition(JANUARY).etag == lake.storage.head(JANUARY.path).etag


class Crash(BaseException):
    """The worker stops here; no code may catch it."""


def test_a_stale_writer_that_dies_leaves_nothing_stale(
    lake: Any, at: Row, object_version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes up after a newer merge, tries to swap its own in, and dies at once."""
    lake.put(object_version("C", 0), [at(2, value=0.0)])
    real = merge._write

    def slow(*arguments: Any) -> Any:
        monkeypatch.setattr(merge, "_write", real)
        with _no_lease(lake, monkeypatch):
            lake.put(object_version("B", 2), [at(0, value=2.0)])
        real(*arguments)
        raise Crash

    monkeypatch.setattr(merge, "_write", slow)
    with _no_lease(lake, monkeypatch), pytest.raises(Crash):
        lake.put(object_version("A", 1), [at(0, value=1.0), at(1, value=1.0)])
    assert [row["value"] for row in lake.read(JANUARY.path)] == [2.0, 1.0, 0.0]


def test_a_writer_looks_back_after_its_swap(
    lake: Any, at: Row, object_version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revision recorded after the slices were listed may leave the file, and its etag, alone."""
    lake.put(object_version("A", 1), [at(0)])
    real = merge._write

    def slow(*arguments: Any) -> Any:
        monkeypatch.setattr(merge, "_write", real)
        with _no_lease(lake, monkeypatch):
            lake.put(object_version("B", 3), [at(800)])
        return real(*arguments)

    monkeypatch.setattr(merge, "_write", slow)
    with _no_lease(lake, monkeypatch):
        lake.put(object_version("B", 2), [at(1)])
    assert [row["timestamp"] for row in lake.read(JANUARY.path)] == [at(0)["timestamp"]]


def test_a_slice_that_vanishes_is_looked_up_again(
    lake: Any, at: Row, object_version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put(object_version("A", 1), [at(0)])
    (current,) = lake.ledger.current_slices(JANUARY)
    lake.storage.delete(current.path)
    lake.ledger.drop_partition(JANUARY)
    with pytest.raises(StorageUnavailable, match="changes all the time"):
        rebuild(JANUARY, lake.dataset, lake.ledger, lake.storage)


def test_the_lake_is_the_same_on_s3_and_dynamodb(
    cloud_lake: Any, at: Row, object_version: Any
) -> None:
    cloud_lake.put(object_version("A", 2), [at(1, "SE", 2.0), at(800)])
    cloud_lake.put(object_version("B", 1), [at(1, "SE", 1.0), at(1, "N", 1.0)])
    cloud_lake.put(object_version("A", 2), [at(1, "SE", 2.0), at(800)])
    found = [(row["region"], row["value"]) for row in cloud_lake.read(JANUARY.path)]
    assert found == [("N", 1.0), ("SE", 2.0)]
    assert cloud_lake.refresh().rows == 3


def test_merged_files_keep_dictionaries(lake: Any, at: Row, object_version: Any) -> None:
    lake.put(object_version("A", 1), [at(0, "N")])
    lake.put(object_version("B", 2), [at(1, "SE")])
    with lake.storage.as_file(JANUARY.path) as file:
        group = pq.read_metadata(file).row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert columns["region"].has_dictionary_page
    assert columns["region"].compression == "ZSTD"


@contextlib.contextmanager
def _no_lease(lake: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(merge, "hold", lambda *_: contextlib.nullcontext())
        yield
