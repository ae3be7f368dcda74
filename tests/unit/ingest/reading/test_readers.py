"""Spreadsheets, JSON and Parquet with what people do to them."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from ons_platform.catalog.model import Column
from ons_platform.catalog.registry import catalog
from ons_platform.errors import FileLimitExceeded, MalformedFile, UnsupportedFile
from ons_platform.ingest.reading import read_json
from ons_platform.ingest.reading.header import match_header
from ons_platform.ingest.reading.objects import to_array
from ons_platform.ingest.reading.readers import open_source
from ons_platform.ingest.reading.source import Source

HEADER = ["id_subsistema", "nom_subsistema", "din_instante", "val_cargaenergiahomwmed"]
DATASET = catalog()["curva-carga"]


def opened(path: Path, kind: str, content: bytes) -> Source:
    path.write_bytes(content)
    return open_source(path, "file", kind, catalog(), path.parent, 10**9)


def cells(source: Source) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {"rows": []}
    for batch in source.batches(match_header(source.header, DATASET).wanted):
        found["rows"] += batch.rows.tolist()
        for name, column in batch.columns.items():
            found.setdefault(name, []).extend(column.to_pylist())
    source.close()
    return found


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_the_sheet_and_the_row_with_known_columns_are_found(tmp_path: Path) -> None:
    data = [["ONS"], [], [None, *HEADER, None], [None, "SE", "x", datetime(2023, 1, 1), 1.5]]  # noqa: DTZ001
    content = workbook(Leia=[["Notas", "a", "b"]], Dados=[*data, [], [None, "S", "x", "?", "a"]])
    found = cells(opened(tmp_path / "f", "xlsx", content))
    assert found["rows"] == [4, 6]
    assert found["id_subsistema"] == ["SE", "S"]
    assert found["val_cargaenergiahomwmed"] == ["1.5e0", "a"]
    assert found["din_instante"] == ["2023-01-01", "?"]


def test_a_workbook_that_would_expand_beyond_reason_is_refused(
    tmp_path: Path,
) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.xml", "0" * 5000)
    path = tmp_path / "f"
    path.write_bytes(stream.getvalue())
    with pytest.raises(FileLimitExceeded, match="5000"):
        open_source(path, "file", "xlsx", catalog(), tmp_path, 1000)


def test_an_archive_that_is_no_workbook_is_malformed(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "b")
    with pytest.raises(MalformedFile, match="XLSX"):
        opened(tmp_path / "f", "xlsx", stream.getvalue())


@pytest.mark.parametrize("lines", [True, False])
def test_json_lists_and_lines_of_any_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: bool
) -> None:
    monkeypatch.setattr(read_json, "_BLOCK", 100)
    monkeypatch.setattr(read_json, "_BATCH_ROWS", 7)
    records = [
        {"id_subsistema": "SE", "din_instante": "2023-01-01", HEADER[3]: number, "é": [1, {}]}
        for number in range(50)
    ]
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records, indent=1)
    found = cells(opened(tmp_path / "f", "json", b"\xef\xbb\xbf" + text.encode()))
    assert found["rows"] == list(range(1, 51))
    assert found[HEADER[3]] == [float(number) for number in range(50)]


@pytest.mark.parametrize(
    "text", ['[{"a": 1}, 5]', '[{"a": 1}{', '{"a": 1} x', '[{"a": 1', '[{"a": "' + "x" * 3_000_000]
)
def test_json_that_is_no_list_of_records(tmp_path: Path, text: str) -> None:
    with pytest.raises((MalformedFile, FileLimitExceeded)):
        cells(opened(tmp_path / "f", "json", text.encode()))


def test_parquet_numbers_may_be_decimals_or_text(tmp_path: Path) -> None:
    for value in (Decimal("1.50"), "1.50", 1.5):
        stream = io.BytesIO()
        pd.DataFrame([["SE", "x", "2023-01-01", value]], columns=HEADER).to_parquet(stream)
        found = cells(opened(tmp_path / "f", "parquet", stream.getvalue()))
        assert found["rows"] == [1]
        assert float(found[HEADER[3]][0]) == 1.5


def test_parquet_cut_in_the_middle_is_malformed(tmp_path: Path) -> None:
    stream = io.BytesIO()
    pd.DataFrame([["SE", "x", "2023-01-01", 1.0]] * 9000, columns=HEADER).to_parquet(stream)
    content = bytearray(stream.getvalue())
    content[4:400] = b"\xff" * 396
    with pytest.raises(MalformedFile, match="Parquet"):
        cells(opened(tmp_path / "f", "parquet", bytes(content)))


def test_a_format_nobody_reads(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFile, match="csv, xlsx, xls, json, parquet, zip, gz"):
        opened(tmp_path / "f", "pdf", b"%PDF")


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("number", [1, 2.5, None], [1.0, 2.5, None]),
        ("number", [1, "2,5", True], ["1", "2,5", "True"]),
        ("date", [date(2023, 1, 1), None], [datetime(2023, 1, 1), None]),  # noqa: DTZ001
        (
            "instant",
            [datetime(2023, 1, 1, 0, 59, 59, 999_990)],  # noqa: DTZ001
            [datetime(2023, 1, 1, 1)],  # noqa: DTZ001
        ),
        ("instant", [5, None], ["5", None]),
        ("string", ["a", 5, 1.5, None], ["a", "5", "1.5", None]),
    ],
)
def test_python_values_become_typed_where_all_fit(
    kind: Any, values: list[Any], expected: list[Any]
) -> None:
    column = Column(name="c", type=kind, role="attribute")
    assert to_array(values, column).to_pylist() == expected
