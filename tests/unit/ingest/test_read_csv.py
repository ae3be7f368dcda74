"""Large CSV files: what comes late is read as well as what comes early."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.errors import MalformedFile
from ons_platform.ingest.header import known_names, match_header
from ons_platform.ingest.read_csv import CsvSource

DATASET = catalog()["curva-carga"]
HEADER = b"id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n"
ROW = b"SE;SUDESTE/CENTRO-OESTE        ;2023-01-01 00:00:00;12345.67800000\n"
MANY = 150_000  # more than one block


def read(path: Path, content: bytes) -> tuple[CsvSource, list[int], list[str]]:
    """Row numbers and values as text."""
    path.write_bytes(content)
    source = CsvSource(path, "file.csv", known_names(catalog()))
    rows: list[int] = []
    values: list[str] = []
    for batch in source.batches(match_header(source.header, DATASET).wanted):
        rows.extend(batch.rows.tolist())
        values.extend(batch.columns["val_cargaenergiahomwmed"].cast(pa.string()).to_pylist())
    source.close()
    return source, rows, values


def test_a_late_odd_cell_makes_the_rest_tolerant_and_loses_no_row(tmp_path: Path) -> None:
    odd = ROW.replace(b"12345.67800000", b"abc")
    source, rows, values = read(tmp_path / "f", HEADER + ROW * MANY + odd + ROW)
    assert source.tolerant
    assert rows == list(range(2, MANY + 4))
    assert values[-2:] == ["abc", "12345.67800000"]


def test_late_rows_of_another_width_are_left_out_and_numbered(tmp_path: Path) -> None:
    source, rows, _ = read(tmp_path / "f", HEADER + ROW * MANY + b"SE;1\n" + ROW + b"x\n" + ROW)
    assert source.bad_count == 2
    assert [place.row for place in source.bad_rows] == [MANY + 2, MANY + 4]
    assert rows[-2:] == [MANY + 3, MANY + 5]


def test_accents_of_windows_after_a_million_plain_bytes(tmp_path: Path) -> None:
    accents = ROW.replace(b"SE;", "Goiás;".encode("cp1252"))
    _, rows, _ = read(tmp_path / "f", HEADER + ROW * MANY + accents)
    assert len(rows) == MANY + 1


def test_bytes_of_no_encoding_after_a_million_plain_ones(tmp_path: Path) -> None:
    with pytest.raises(MalformedFile, match="CSV"):
        read(tmp_path / "f", HEADER + ROW * MANY + ROW.replace(b"SE;", b"\x81\x8d;"))


def test_clean_files_are_typed_by_arrow(tmp_path: Path) -> None:
    source, rows, values = read(tmp_path / "f", HEADER + ROW * 3)
    assert not source.tolerant
    assert (rows, values) == ([2, 3, 4], ["12345.678"] * 3)
