"""Workbooks: the sheet that holds a table, wherever on it the header is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import numpy as np

from ons_platform.catalog.folding import fold
from ons_platform.catalog.model import Column
from ons_platform.ingest.reading.month_table import Row
from ons_platform.ingest.reading.objects import label, to_array
from ons_platform.ingest.reading.sniff import HEADER_DEPTH, header_index
from ons_platform.ingest.reading.source import Remark, SourceBatch
from ons_platform.ingest.reasons import Place, reject

_BATCH_ROWS = 20_000


class Sheet(Protocol):
    """One sheet of a workbook of any kind."""

    hidden: bool

    def rows(self) -> Iterator[Row]:
        """Rows with at least their filled cells, from the first column on; empty cells are None.

        Raises `RejectedFile` only.
        """
        ...


class SheetSource:
    """The table of a workbook: on the sheet with most known column names, a hidden one last."""

    def __init__(
        self,
        name: str,
        sheets: Sequence[Callable[[], Sheet]],
        known: frozenset[str],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.bad_rows: list[Place] = []
        self.bad_count = 0
        self.tolerant = False
        self.remarks: list[Remark] = []
        self._close = close
        self._sheet, self._header_row, self.header = self._find(sheets, known)

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Batches of 20,000 rows; wholly empty rows are passed over."""
        rows = (row for row in self.rows() if any(cell is not None for cell in row[1]))
        while chunk := list(islice(rows, _BATCH_ROWS)):
            yield _batch(chunk, wanted)

    def rows(self) -> Iterator[Row]:
        """The rows below the header."""
        return (row for row in self._sheet.rows() if row[0] > self._header_row)

    def close(self) -> None:
        """Let go of the file."""
        self._close()

    def _find(
        self, sheets: Sequence[Callable[[], Sheet]], known: frozenset[str]
    ) -> tuple[Sheet, int, tuple[str, ...]]:
        best: tuple[tuple[int, bool], Sheet, int, tuple[str, ...]] | None = None
        for open_sheet in sheets:
            sheet = open_sheet()
            top = [
                (number, [label(cell) or "" for cell in row])
                for number, row in islice(sheet.rows(), HEADER_DEPTH)
            ]
            if not any(any(row) for _, row in top):
                continue
            number, header = top[header_index([row for _, row in top], known)]
            score = (sum(fold(cell) in known for cell in header), not sheet.hidden)
            if best is None or score > best[0]:
                best = score, sheet, number, _without_empty_tail(header)
        if best is None:
            raise reject("blank_file", file=self.name)
        return best[1:]


def _batch(rows: list[Row], wanted: Mapping[int, Column]) -> SourceBatch:
    columns = {}
    for index, column in wanted.items():
        cells = [row[index] if index < len(row) else None for _, row in rows]
        if column.type == "string":
            cells = [label(cell) for cell in cells]
        columns[column.name] = to_array(cells, column)
    return SourceBatch(columns, np.array([number for number, _ in rows], np.int64))


def _without_empty_tail(header: Sequence[str]) -> tuple[str, ...]:
    cells = list(header)
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def filled(cell: Any) -> Any:
    """The cell, or None for an empty text."""
    return None if cell == "" else cell
