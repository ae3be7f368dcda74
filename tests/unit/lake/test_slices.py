from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.errors import FileLimitExceeded
from ons_platform.lake import duplicates, slices
from ons_platform.lake.parquet import ROW_GROUP, read_summary
from ons_platform.lake.slices import SliceWriter
from ons_platform.storage import Storage

Row = Callable[..., dict[str, Any]]
DATASET = catalog()["curva-carga"]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage((tmp_path / "processed").as_uri())


@pytest.fixture
def writer(storage: Storage, tmp_path: Path, object_version: Any) -> SliceWriter:
    return SliceWriter(DATASET, object_version(), storage, tmp_path)


def _read(storage: Storage, path: str) -> list[dict[str, Any]]:
    with storage.as_file(path) as file:
        found: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return found


def test_rows_go_to_their_civil_month(
    writer: SliceWriter, storage: Storage, lake_rows: Any, at: Row
) -> None:
    writer.write(*lake_rows(DATASET, [at(0), at(31 * 24 - 1), at(31 * 24), at(-1)]))
    found = writer.close()
    assert [(s.partition.year, s.partition.month, s.rows) for s in found] == [
        (2022, 12, 1),
        (2023, 1, 2),
        (2023, 2, 1),
    ]
    assert writer.rows_written == 4
    january = _read(storage, found[1].path)
    assert [row["timestamp"] for row in january] == [at(0)["timestamp"], at(743)["timestamp"]]


def test_the_same_version_has_the_same_paths(
    storage: Storage, tmp_path: Path, lake_rows: Any, at: Row, object_version: Any
) -> None:
    paths = []
    for version in (object_version(), object_version(), object_version(number=2)):
        writer = SliceWriter(DATASET, version, storage, tmp_path)
        writer.write(*lake_rows(DATASET, [at(0)]))
        paths.append(writer.close()[0].path)
    assert paths[0] == paths[1] != paths[2]
    assert paths[0].startswith("_slices/curva-carga/dataset=consumption/year=2023/month=01/")
    assert [path.name for path in tmp_path.iterdir()] == ["processed"]


def test_equal_rows_collapse_and_of_differing_ones_the_last_is_flagged(
    writer: SliceWriter, storage: Storage, lake_rows: Any, at: Row
) -> None:
    rows = [
        at(0, "N", 1.0),
        at(0, "N", 1.0),
        at(1, "N", 1.0),
        at(2, "N", 5.0, quality_flag="out_of_range"),
        at(0, "S", 1.0),
        at(2, "N", 6.0, quality_flag="out_of_range"),
        at(1, "N", 2.0),
        at(1, "N", 1.0),
        at(0, "S", None, quality_flag="missing"),
        at(3, "N", 9.0, quality_flag="ambiguous_hour"),
        at(3, "N", 8.0, quality_flag="ambiguous_hour"),
    ]
    for row in rows:
        writer.write(*lake_rows(DATASET, [row]))
    (january,) = writer.close()
    assert writer.rows_skipped == 6
    assert writer.flagged == {"duplicate": 2, "missing": 1, "out_of_range": 1}
    found = [
        (row["region"], row["value"], row["quality_flag"]) for row in _read(storage, january.path)
    ]
    assert found == [
        ("N", 1.0, "ok"),
        ("N", 6.0, "out_of_range"),
        ("N", 1.0, "duplicate"),
        ("S", None, "missing"),
        ("N", 8.0, "duplicate"),
    ]


def test_a_hash_collision_is_no_duplicate(
    writer: SliceWriter,
    storage: Storage,
    lake_rows: Any,
    at: Row,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slices, "key_hashes", lambda t, _: np.zeros(t.num_rows, np.uint64))
    writer.write(*lake_rows(DATASET, [at(0), at(1), at(2), at(1, value=2.0)]))
    (january,) = writer.close()
    assert [row["value"] for row in _read(storage, january.path)] == [1.0, 1.0, 2.0]
    assert writer.rows_skipped == 1


def test_many_duplicates_are_settled_part_by_part(
    writer: SliceWriter,
    storage: Storage,
    lake_rows: Any,
    at: Row,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplicates, "_SORTED_AT_ONCE", 10)
    monkeypatch.setattr(duplicates, "_CANDIDATES_AT_ONCE", 7)
    rows = [at(hour) for hour in range(30)]
    writer.write(*lake_rows(DATASET, [*rows, *rows[:25], *(at(h, value=9.0) for h in range(5))]))
    (january,) = writer.close()
    assert writer.rows_skipped == 30
    found = _read(storage, january.path)
    assert len(found) == 30
    assert sum(row["quality_flag"] == "duplicate" for row in found) == 5


def test_one_row_repeated_beyond_what_is_compared_at_once(
    writer: SliceWriter,
    storage: Storage,
    lake_rows: Any,
    at: Row,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplicates, "_CANDIDATES_AT_ONCE", 7)
    writer.write(*lake_rows(DATASET, [at(0)] * 20 + [at(1)] * 20))
    (january,) = writer.close()
    assert writer.rows_skipped == 38
    assert len(_read(storage, january.path)) == 2


def test_nulls_of_a_key_are_equal(
    storage: Storage, tmp_path: Path, lake_rows: Any, at: Row, object_version: Any
) -> None:
    dataset = catalog()["geracao-usina-2"]
    writer = SliceWriter(dataset, object_version(), storage, tmp_path)
    writer.write(*lake_rows(dataset, [at(0), at(0, entity_name="X"), at(0), at(0, ceg="c")]))
    writer.close()
    assert (writer.rows_written, writer.rows_skipped) == (3, 1)


def test_months_mixed_row_by_row_stay_in_file_order(
    writer: SliceWriter, storage: Storage, lake_rows: Any, at: Row
) -> None:
    hours = [month * 750.0 + day for day in range(20) for month in (0, 1, 2)]
    for start in range(0, len(hours), 7):
        writer.write(*lake_rows(DATASET, [at(hour) for hour in hours[start : start + 7]]))
    assert [item.rows for item in writer.close()] == [20, 20, 20]
    assert writer.rows_skipped == 0


def test_waiting_rows_are_bounded(
    writer: SliceWriter, lake_rows: Any, at: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "_WAITING_ROWS", 10)
    for start in range(5):
        writer.write(
            *lake_rows(DATASET, [at(m * 750 + start + n / 10) for m in range(3) for n in range(4)])
        )
        assert sum(part.waiting_rows for part in writer._parts.values()) <= 10
    assert [item.rows for item in writer.close()] == [20, 20, 20]


def test_row_groups_are_bounded(
    writer: SliceWriter, storage: Storage, lake_rows: Any, at: Row
) -> None:
    table, months = lake_rows(DATASET, [at(0)])
    for start in range(0, 4 * ROW_GROUP, 100_000):
        instants = np.datetime64("2023-01-01T03:00", "us") + np.arange(start, start + 100_000)
        rows = table.take(np.zeros(100_000, np.int64))
        rows = rows.set_column(
            0, table.schema.field(0), pa.array(instants).cast(table.schema.field(0).type)
        )
        writer.write(rows, np.repeat(months, 100_000))
    (january,) = writer.close()
    with storage.as_file(january.path) as file:
        metadata = pq.read_metadata(file)
        assert read_summary(file).rows == metadata.num_rows == 600_000
    sizes = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
    assert max(sizes) <= 2 * ROW_GROUP
    assert len(sizes) > 1


def test_more_months_than_two_centuries_have_are_refused(
    writer: SliceWriter, lake_rows: Any, at: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "MAX_PARTITIONS", 2)
    with pytest.raises(FileLimitExceeded, match="more than 2 months"):
        writer.write(*lake_rows(DATASET, [at(0), at(800), at(1600)]))


def test_months_are_written_one_after_the_other_while_their_rows_fit_in_memory(
    writer: SliceWriter, lake_rows: Any, at: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "MAX_OPEN", 0)
    writer.write(*lake_rows(DATASET, [at(24 * 31 * month) for month in range(90)]))
    assert len(writer.close()) == 90


def test_too_many_rows_over_too_many_months_are_refused(
    writer: SliceWriter, lake_rows: Any, at: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "MAX_OPEN", 2)
    monkeypatch.setattr(slices, "_WAITING_ROWS", 1)
    with pytest.raises(FileLimitExceeded, match="more than 2 months"):
        writer.write(*lake_rows(DATASET, [at(24 * 31 * month) for month in range(4)]))


def test_nothing_written_gives_no_slices(writer: SliceWriter, lake_rows: Any) -> None:
    writer.write(*lake_rows(DATASET, []))
    assert writer.close() == []
    assert (writer.rows_written, writer.flagged) == (0, {})


def test_batches_may_order_their_columns_differently(
    writer: SliceWriter, storage: Storage, lake_rows: Any, at: Row
) -> None:
    writer.write(*lake_rows(DATASET, [at(0)]))
    table, months = lake_rows(DATASET, [at(1)])
    writer.write(table.select(table.column_names[::-1]), months)
    (january,) = writer.close()
    assert january.rows == 2


def test_reference_data_are_one_partition(
    storage: Storage, tmp_path: Path, object_version: Any
) -> None:
    dataset = catalog()["capacidade-geracao"]
    writer = SliceWriter(dataset, object_version(), storage, tmp_path)
    writer.write(
        pa.table(
            {
                "id_subsistema": ["SE", "SE", "S"],
                "nom_usina": ["A", "A", "B"],
                "nom_unidadegeradora": ["1", "1", "1"],
                "val_potenciaefetiva": [1.0, 1.0, 2.0],
            }
        )
    )
    (whole,) = writer.close()
    assert whole.partition.path == "reference/capacidade-geracao.parquet"
    assert whole.rows == 2
    with storage.as_file(whole.path) as file:
        summary = read_summary(file)
    assert summary.regions == ("S", "SE")
    assert [entity.name for entity in summary.entities] == ["A", "B"]
    assert summary.measurement_types == ("val_potenciaefetiva",)
    assert summary.first is None
