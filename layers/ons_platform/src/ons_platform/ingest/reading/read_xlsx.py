"""XLSX by calamine, which reads a sheet at once; what it would have to hold is measured before."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from ons_platform.ingest.reading.month_table import Row
from ons_platform.ingest.reading.read_sheets import SheetSource, filled
from ons_platform.ingest.reasons import reject

MAX_CELLS = 30_000_000
"""Of one sheet, empty ones within its extent counted: about a gigabyte in memory."""
MAX_STRINGS_BYTES = 256 * 1024**2
"""Of the list of texts that sheets refer to."""
_BLOCK = 4 * 1024**2
_OVERLAP = 512
_CELL = re.compile(rb"""<(?:\w+:)?c\s(?:[^<>]*\s)?r\s*=\s*["']([A-Za-z]+)(\d+)["'][^<>]*(?<!/)>""")
_ROW = re.compile(rb"""<(?:\w+:)?row\s(?:[^<>]*\s)?r\s*=\s*["'](\d+)["'][^<>]*(?<!/)>""")
_UNNAMED = re.compile(rb"<(?:\w+:)?c(?:\s+(?!r\s*=)[\w:]+\s*=\s*[\"'][^\"'<>]*[\"'])*\s*>")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, LookupError, OSError, ValueError)
_BROKEN_BOOK = (CalamineError, *_BROKEN)

T = TypeVar("T")


class _Sheet:
    """A sheet as calamine hands it out: from its first filled cell on, empty cells as ''."""

    def __init__(self, name: str, sheet: CalamineSheet, *, hidden: bool) -> None:
        self.hidden = hidden
        self._name = name
        self._sheet = sheet

    def rows(self) -> Iterator[Row]:
        top, left = self._sheet.start or (0, 0)
        rows = self._sheet.iter_rows()
        number = top
        while (cells := _guarded(self._name, lambda: next(rows, None))) is not None:
            number += 1
            yield number, [None] * left + [filled(cell) for cell in cells]


def open_xlsx(path: Path, name: str, known: frozenset[str], limit: int) -> SheetSource:
    """A workbook within limits. Cells are typed by it; formulas count by their last value.

    Raises `FileLimitExceeded` for one that would expand beyond `limit` bytes or 30 million cells,
    `MalformedFile` for a broken or encrypted one.
    """
    _check_sizes(path, name, limit)
    book = _guarded(name, lambda: CalamineWorkbook.from_path(path))
    opened = [
        partial(_open, book, name, index, item.visible != SheetVisibleEnum.Visible)
        for index, item in enumerate(book.sheets_metadata)
    ]
    return SheetSource(name, opened, known, book.close)


def _open(book: CalamineWorkbook, name: str, index: int, hidden: bool) -> _Sheet:
    sheet = _guarded(name, lambda: book.get_sheet_by_index(index))
    return _Sheet(name, sheet, hidden=hidden)


def _check_sizes(path: Path, name: str, limit: int) -> None:
    """Refuse what would expand beyond reason before anything is held in memory."""
    with _guarded(name, lambda: zipfile.ZipFile(path)) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
        _check_parts(sizes, name, limit)
        for part in sizes:
            cells = _guarded(name, partial(_extent, archive, part))
            if cells > MAX_CELLS:
                raise reject("too_many_cells", file=name, cells=cells, limit=MAX_CELLS)


def _check_parts(sizes: Mapping[str, int], name: str, limit: int) -> None:
    strings = max(
        (size for part, size in sizes.items() if "sharedstrings" in part.lower()), default=0
    )
    for size, most in ((sum(sizes.values()), limit), (strings, MAX_STRINGS_BYTES)):
        if size > most:
            raise reject("expands_too_much", file=name, size=size, limit=most)
    if "xl/workbook.xml" not in (part.lower() for part in sizes):
        raise reject("broken_file", file=name, format="XLSX", problem="no xl/workbook.xml in it")


def _extent(archive: zipfile.ZipFile, part: str) -> int:
    """Rows times columns a sheet spans by the names of its filled cells, in bounded memory.

    Every part is read to its end, so that none is larger than the archive says.
    """
    last_row, last_column, unnamed = 0, 0, 0
    with archive.open(part) as stream:
        rest = b""
        while block := stream.read(_BLOCK):
            text = rest + block
            cells = set(_CELL.findall(text))
            rows = {row for _, row in cells} | set(_ROW.findall(text))
            last_row = max(last_row, *(int(row[:9]) for row in rows), 0)
            last_column = max(last_column, *(_column(name) for name in {c for c, _ in cells}), 0)
            unnamed += len(_UNNAMED.findall(text))
            rest = text[-_OVERLAP:]
    return (last_row + unnamed) * max(last_column, 1) if last_row else unnamed


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper()[:4]:
        number = number * 26 + letter - 64
    return number


def _guarded(name: str, action: Callable[[], T]) -> T:
    """Calamine's errors as refusals; a panic of it is an exception outside Python's `Exception`."""
    try:
        return action()
    except _BROKEN_BOOK as wrong:
        raise _broken(name, wrong) from wrong
    except BaseException as wrong:
        if type(wrong).__name__ != "PanicException":
            raise
        raise _broken(name, wrong) from wrong


def _broken(name: str, wrong: BaseException) -> Exception:
    problem = (str(wrong) or type(wrong).__name__).splitlines()[0]
    return reject("broken_file", file=name, format="XLSX", problem=problem)
