"""XLS, the workbook of before 2007, by xlrd: pure Python, it cannot bring down the process."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import xlrd
from xlrd.biffh import XL_CELL_BLANK, XL_CELL_BOOLEAN, XL_CELL_DATE, XL_CELL_EMPTY, XL_CELL_ERROR
from xlrd.compdoc import CompDocError
from xlrd.xldate import XLDateError, xldate_as_datetime

from ons_platform.ingest.reading.month_table import Row
from ons_platform.ingest.reading.read_sheets import SheetSource, filled
from ons_platform.ingest.reasons import reject

MAX_BYTES = 64 * 1024**2
"""xlrd holds the whole workbook; 65,536 rows of 30 columns are some 30 MB."""
_BROKEN = (
    xlrd.XLRDError,
    CompDocError,
    XLDateError,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)

T = TypeVar("T")


class _Sheet:
    """A sheet with its dates as datetimes and its errors as their names (`#DIV/0!`)."""

    def __init__(self, name: str, sheet: Any, datemode: int) -> None:
        self.hidden = bool(sheet.visibility)
        self._name = name
        self._sheet = sheet
        self._datemode = datemode

    def rows(self) -> Iterator[Row]:
        for index in range(self._sheet.nrows):
            cells = _guarded(self._name, partial(self._sheet.row, index))
            yield index + 1, [self._value(cell) for cell in cells]

    def _value(self, cell: Any) -> Any:
        if cell.ctype in (XL_CELL_EMPTY, XL_CELL_BLANK):
            return None
        if cell.ctype == XL_CELL_DATE:
            return self._moment(cell.value)
        if cell.ctype == XL_CELL_BOOLEAN:
            return bool(cell.value)
        if cell.ctype == XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(cell.value, "#ERR")
        return filled(cell.value)

    def _moment(self, number: float) -> Any:
        """A date, or the number where a calendar has no such day."""
        try:
            return xldate_as_datetime(number, self._datemode)
        except (ArithmeticError, ValueError):
            return number


def open_xls(path: Path, name: str, known: frozenset[str]) -> SheetSource:
    """A workbook of at most 64 MB. Cells are typed by it; formulas count by their last value.

    Raises `FileLimitExceeded`, or `MalformedFile` for a broken or encrypted one.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise reject("too_large", file=name, size=size, limit=MAX_BYTES)
    with Path(os.devnull).open("w") as nowhere:
        book = _guarded(name, lambda: xlrd.open_workbook(str(path), logfile=nowhere))
    sheets = [partial(_Sheet, name, sheet, book.datemode) for sheet in book.sheets()]
    return SheetSource(name, sheets, known, book.release_resources)


def _guarded(name: str, action: Callable[[], T]) -> T:
    try:
        return action()
    except _BROKEN as wrong:
        problem = (str(wrong) or type(wrong).__name__).splitlines()[0]
        raise reject("broken_file", file=name, format="XLS", problem=problem) from wrong
