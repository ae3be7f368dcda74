"""Workbooks: sheets, cells of all types, and what would not fit in memory."""

# ruff: noqa: DTZ001 - civil readings have no zone

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.errors import FileLimitExceeded, MalformedFile, RejectedFile
from ons_platform.ingest.reading import read_xlsx
from ons_platform.ingest.reading.header import match_header
from ons_platform.ingest.reading.readers import open_source

HEADER = ["id_subsistema", "nom_subsistema", "din_instante", "val_cargaenergiahomwmed"]


def workbook(rows: list[list[Any]], change: Callable[[Any], object] = id) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def read(folder: Path, content: bytes, kind: str = "xlsx") -> dict[str, list[Any]]:
    path = folder / "file"
    path.write_bytes(content)
    source = open_source(path, f"CURVA_CARGA_2023.{kind}", kind, catalog(), folder, 10**9)
    found: dict[str, list[Any]] = {"rows": []}
    for batch in source.batches(match_header(source.header, catalog()["curva-carga"]).wanted):
        found["rows"] += batch.rows.tolist()
        for name, cells in batch.columns.items():
            found.setdefault(name, []).extend(cells.to_pylist())
    source.close()
    return found


def repacked(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_cells_of_all_types(tmp_path: Path, kind: str) -> None:
    rows = [
        HEADER,
        ["SE ", 7, datetime(2018, 2, 17, 23, 59, 59, 999_990), 1],
        [1.0, "x", date(2018, 2, 18), 0.1],
        ["S", None, datetime(2018, 2, 18, 1, 30), None],
    ]

    def change(book: Any) -> None:
        book.active["D3"].number_format = "0.00%"

    found = read(tmp_path, workbook(rows, change), kind)
    assert found["rows"] == [2, 3, 4]
    assert found["id_subsistema"] == ["SE", "1", "S"]
    assert found["din_instante"] == [
        datetime(2018, 2, 18), datetime(2018, 2, 18), datetime(2018, 2, 18, 1, 30),
    ]  # fmt: skip
    assert found[HEADER[3]] == [1.0, 0.1, None]


@pytest.mark.parametrize(("beside", "expected"), [([["Nota"]], 5.0), ([HEADER, "row"], 6.0)])
def test_a_hidden_sheet_is_read_only_where_no_other_has_the_table(
    tmp_path: Path, beside: list[Any], expected: float
) -> None:
    row = ["SE", "x", datetime(2023, 1, 1), 5.0]

    def change(book: Any) -> None:
        book.active.sheet_state = "hidden"
        sheet = book.create_sheet("Dados")
        for line in beside:
            sheet.append([*row[:3], 6.0] if line == "row" else line)

    assert read(tmp_path, workbook([HEADER, row], change))[HEADER[3]] == [expected]


def test_formulas_count_by_their_last_value(tmp_path: Path) -> None:
    content = workbook([HEADER, ["SE", "x", datetime(2023, 1, 1), "=1+1"]])
    with_value = repacked(content, lambda _, part: part.replace(b"<v />", b"<v>2</v>"))
    assert read(tmp_path, with_value)[HEADER[3]] == [2.0]


def test_a_cell_in_the_far_corner_is_refused_before_it_is_held(tmp_path: Path) -> None:
    def far(book: Any) -> None:
        book.active["XFD1048576"] = 1

    with pytest.raises(FileLimitExceeded, match="17179869184 cells"):
        read(tmp_path, workbook([HEADER], far))


def test_an_empty_cell_in_the_far_corner_does_no_harm(tmp_path: Path) -> None:
    def styled(book: Any) -> None:
        book.active["XFD1048576"].number_format = "0.00"

    rows = [HEADER, ["S", "x", date(2023, 1, 1), 1]]
    assert read(tmp_path, workbook(rows, styled))[HEADER[3]] == [1.0]


def test_cells_without_a_name_count_as_rows(tmp_path: Path) -> None:
    def rename(name: str, part: bytes) -> bytes:
        if not name.endswith("sheet1.xml"):
            return part
        return (
            part.replace(b'<row r="2"', b'<row r="1048576"')
            .replace(b' r="A2"', b"")
            .replace(b'<c r="D1"', b'<c r="ZZZ1"')
        )

    content = workbook([HEADER, ["S", "x", date(2023, 1, 1), 1]])
    with pytest.raises(FileLimitExceeded, match="cells"):
        read(tmp_path, repacked(content, rename))


def test_texts_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_xlsx, "MAX_STRINGS_BYTES", 100)
    stream = io.BytesIO(workbook([HEADER]))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", "x" * 101)
    with pytest.raises(FileLimitExceeded, match="100"):
        read(tmp_path, stream.getvalue())


def test_an_encrypted_workbook_and_one_of_another_kind(tmp_path: Path) -> None:
    for content in (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, b"a;b\n1;2\n"):
        with pytest.raises(MalformedFile, match="XLSX"):
            read(tmp_path, content)


def test_broken_parts_are_refused_or_read_and_never_crash(tmp_path: Path) -> None:
    content = workbook([HEADER, *([["SE", f"x{n}", datetime(2023, 1, 1), n] for n in range(50)])])
    outcomes = {"refused": 0, "read": 0}
    for seed in range(150):
        rng = Random(seed)
        chosen = rng.choice(zipfile.ZipFile(io.BytesIO(content)).namelist())

        def damage(name: str, part: bytes, rng: Random = rng, chosen: str = chosen) -> bytes:
            damaged = bytearray(part)
            for _ in range(rng.choice([1, 3, 20]) if name == chosen else 0):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            return bytes(damaged)

        try:
            read(tmp_path, repacked(content, damage))
            outcomes["read"] += 1
        except RejectedFile:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 10


def test_a_panic_of_the_reader_is_a_refusal_and_an_interrupt_is_not() -> None:
    class PanicException(BaseException):
        pass

    def fail(error: BaseException) -> Callable[[], None]:
        def action() -> None:
            raise error

        return action

    with pytest.raises(MalformedFile, match="index out of bounds"):
        read_xlsx._guarded("f", fail(PanicException("index out of bounds")))
    with pytest.raises(KeyboardInterrupt):
        read_xlsx._guarded("f", fail(KeyboardInterrupt()))
