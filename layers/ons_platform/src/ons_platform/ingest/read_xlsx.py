"""Spreadsheets, streamed row by row from the first sheet that holds known columns."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from xml.etree.ElementTree import ParseError

import numpy as np
import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from ons_platform.catalog.model import Column
from ons_platform.catalog.vocabulary import fold
from ons_platform.errors import RejectedFile
from ons_platform.ingest.objects import to_array
from ons_platform.ingest.reasons import Place, reject
from ons_platform.ingest.sniff import HEADER_DEPTH, header_index
from ons_platform.ingest.source import SourceBatch

_BATCH_ROWS = 20_000
_MAX_EXPANDED_BYTES = 4 * 1024**3
_MAX_STRINGS_BYTES = 256 * 1024**2
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    EOFError,
    KeyError,
    OSError,
    ValueError,
)

T = TypeVar("T")


class XlsxSource:
    """A workbook. Cells are typed by the spreadsheet; formulas count by their last value."""

    def __init__(self, path: Path, name: str, known: frozenset[str]) -> None:
        self._name = name
        self._check_size(path)
        self._stream = path.open("rb")
        try:
            self._book = self._guard(lambda: _open(self._stream))
            self._sheet, self._header_row, header = self._guard(lambda: self._find_header(known))
        except RejectedFile:
            self.close()
            raise
        self.header = tuple(header)
        self.bad_rows: list[Place] = []
        self.bad_count = 0
        self.tolerant = False

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Batches of 20,000 rows; wholly empty rows are passed over."""
        rows = enumerate(
            self._sheet.iter_rows(min_row=self._header_row + 1, values_only=True),
            start=self._header_row + 1,
        )
        while chunk := self._guard(lambda: list(islice(rows, _BATCH_ROWS))):
            filled = [(number, row) for number, row in chunk if any(map(_filled, row))]
            if filled:
                yield _batch(filled, wanted)

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()

    def _find_header(self, known: frozenset[str]) -> tuple[Any, int, list[str]]:
        found: list[tuple[int, Any, int, list[str]]] = []
        for sheet in self._book.worksheets:
            sheet.reset_dimensions()
            top = [
                ["" if cell is None else str(cell).strip() for cell in row]
                for row in sheet.iter_rows(max_row=HEADER_DEPTH, values_only=True)
            ]
            if any(any(row) for row in top):
                index = header_index(top, known)
                header = _without_empty_tail(top[index])
                score = sum(fold(cell) in known for cell in header)
                found.append((score, sheet, index + 1, header))
        if not found:
            raise reject("blank_file", file=self._name)
        _, sheet, row, header = max(found, key=lambda item: item[0])
        return sheet, row, header

    def _check_size(self, path: Path) -> None:
        """Refuse archives that would expand beyond reason before anything is expanded."""
        sizes = self._guard(lambda: _sizes(path))
        total = sum(sizes.values())
        strings = sizes.get("xl/sharedStrings.xml", 0)
        for size, limit in ((total, _MAX_EXPANDED_BYTES), (strings, _MAX_STRINGS_BYTES)):
            if size > limit:
                raise reject("expands_too_much", file=self._name, size=size, limit=limit)

    def _guard(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except _BROKEN as wrong:
            problem = str(wrong).splitlines()[0] if str(wrong) else type(wrong).__name__
            raise reject("broken_file", file=self._name, format="XLSX", problem=problem) from wrong


def _open(stream: BinaryIO) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return openpyxl.load_workbook(stream, read_only=True, data_only=True)


def _sizes(path: Path) -> dict[str, int]:
    with zipfile.ZipFile(path) as archive:
        return {item.filename: item.file_size for item in archive.infolist()}


def _batch(rows: list[tuple[int, tuple[Any, ...]]], wanted: Mapping[int, Column]) -> SourceBatch:
    columns = {
        column.name: to_array([row[index] if index < len(row) else None for _, row in rows], column)
        for index, column in wanted.items()
    }
    return SourceBatch(columns, np.array([number for number, _ in rows], np.int64))


def _filled(cell: Any) -> bool:
    return cell is not None and cell != ""


def _without_empty_tail(header: list[str]) -> list[str]:
    while header and not header[-1]:
        header = header[:-1]
    return header
