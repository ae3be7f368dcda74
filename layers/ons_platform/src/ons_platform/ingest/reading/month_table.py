"""Tables with a column a month (`jan` … `dez`) and a row a year, as ONS publishes natural flows.

They are read as if they had three columns: the entity (written once above or beside its first year
and filled down), the first day of the month, and the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np

from ons_platform.catalog.folding import fold
from ons_platform.catalog.model import Column, MonthTable
from ons_platform.ingest.reading.objects import label, to_array
from ons_platform.ingest.reading.source import Remark, SourceBatch
from ons_platform.ingest.reasons import Place

Row = tuple[int, Sequence[Any]]
"""A row number as a spreadsheet counts, and the cells."""

_PT = "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro"
_MONTHS = {
    form: number
    for number, month in enumerate(_PT.split(), start=1)
    for form in (month, month[:3], f"{month[:3]}.")
}
MONTH_NAMES = frozenset(_MONTHS)
"""Folded names of months by which such a header is found."""
_ENOUGH = 6
_YEAR = re.compile(r"(?:1[89]|20|21)\d\d(?:[.,]0+)?")
_STATISTICS = ("min", "med", "max", "mlt", "desv", "soma", "tot")
_BATCH_YEARS = 2_000
_MAX_PLACES = 100


def month_columns(header: Sequence[str]) -> dict[int, int]:
    """Position -> month (1 to 12) of a header with at least six months, each once; else empty."""
    found: dict[int, int] = {}
    for index, cell in enumerate(header):
        month = _MONTHS.get(fold(cell))
        if month is not None and month not in found.values():
            found[index] = month
    return found if len(found) >= _ENOUGH else {}


class MonthTableSource:
    """The rows below a header of months, turned into rows of entity, month and value."""

    def __init__(
        self,
        name: str,
        layout: MonthTable,
        months: Mapping[int, int],
        rows: Callable[[], Iterable[Row]],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.header: tuple[str, ...] = (layout.entity, layout.time, layout.value)
        self.bad_rows: list[Place] = []
        self.bad_count = 0
        self.tolerant = False
        self.remarks: list[Remark] = []
        self._months = months
        self._year_at = max(0, min(months) - 1)
        self._rows = rows
        self._close = close

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Batches of up to 24,000 values; `rows` counts rows of the sheet, each for its months.

        Lines without a year (statistics, notes) are passed over and counted in a remark.
        """
        years = self._years()
        while chunk := list(islice(years, _BATCH_YEARS)):
            cells = [
                (entity, datetime(year, month, 1), _at(row, index))  # noqa: DTZ001 - civil
                for _, entity, year, row in chunk
                for index, month in self._months.items()
            ]
            numbers = np.repeat([number for number, *_ in chunk], len(self._months))
            columns = {
                column.name: to_array([cell[position] for cell in cells], column)
                for position, column in wanted.items()
            }
            yield SourceBatch(columns, numbers.astype(np.int64))

    def close(self) -> None:
        """Let go of the file."""
        self._close()

    def _years(self) -> Iterator[tuple[int, str | None, int, Sequence[Any]]]:
        """Row number, entity, year and cells of the rows that have a year.

        Years that begin again without a name are not the last entity's: theirs is not known.
        """
        entity: str | None = None
        seen: set[int] = set()
        nameless: list[int] = []
        notes = 0
        for number, row in self._rows():
            left = label(_at(row, 0)) if self._year_at else None
            year = _year(_at(row, self._year_at))
            if left:
                entity, seen = left, set()
            if year is not None:
                if year in seen:
                    entity, seen = None, set()
                    nameless.append(number)
                seen.add(year)
                yield number, entity, year, row
            elif any(_filled(cell) for cell in row):
                if self._is_note(row):
                    notes += 1
                else:
                    self._note_bad(number, row)
        if notes:
            self.remarks.append(Remark("notes_passed_over", {"count": notes}))
        if nameless:
            places = {"count": len(nameless), "row": nameless[0]}
            self.remarks.append(Remark("nameless_years", places))

    def _is_note(self, row: Sequence[Any]) -> bool:
        """Text, or the statistics below a block; anything else with numbers should have a year."""
        word = fold(str(_at(row, self._year_at) or _at(row, 0) or ""))
        numbers = any(_filled(_at(row, index)) for index in self._months)
        return not numbers or word.startswith(_STATISTICS)

    def _note_bad(self, number: int, row: Sequence[Any]) -> None:
        self.bad_count += len(self._months)
        if len(self.bad_rows) < _MAX_PLACES:
            text = label(_at(row, self._year_at)) or ""
            self.bad_rows.append(Place(number, self.header[1], text, "calendar_year"))


def _at(row: Sequence[Any], index: int) -> Any:
    return row[index] if index < len(row) else None


def _year(cell: Any) -> int | None:
    text = label(cell) or ""
    return int(text[:4]) if _YEAR.fullmatch(text) else None


def _filled(cell: Any) -> bool:
    return cell is not None and cell != ""
