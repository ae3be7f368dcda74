"""What the rules remember of canonical rows: columns of numbers, and the names of the series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ons_platform.lake.civil import Instants, to_local
from ons_platform.lake.keys import codes_of, dictionary

MAX_CELLS = 2_000_000
"""Rules that look across rows remember this many canonical rows of a file (about 100 MB)."""

MAX_SERIES = 100_000
"""A file of more series than any of ONS has is damaged; they are no longer told apart."""

_DENSE = 1 << 22
_NOT_OF_A_SERIES = ("timestamp", "measurement_type", "energy_source")
_THING = ("entity_name", "entity_id", "region")

Mask = NDArray[np.bool_]


class Series(NamedTuple):
    """One quantity of one thing: what is compared along time.

    `thing` is how people name it (`SE`, `ITAIPU`), for a flow with where it goes.
    """

    measurement_type: str
    energy_source: str | None
    thing: str


class SeriesIndex:
    """Numbers the series of a file as they come; a series is all of the key but the time.

    `names` are the series by their numbers.
    """

    def __init__(self, key: Sequence[str]) -> None:
        rest = (name for name in key if name not in _NOT_OF_A_SERIES)
        self._columns = ("measurement_type", "energy_source", *rest)
        self._numbers: dict[tuple[str | None, ...], int] = {}
        self.names: list[Series] = []

    def __len__(self) -> int:
        return len(self.names)

    @property
    def crowded(self) -> bool:
        """Whether there are too many to tell them apart."""
        return len(self) > MAX_SERIES

    def of(self, table: pa.Table) -> NDArray[np.int32]:
        """The number of each row's series."""
        columns = {
            name: _texts(table[name]) for name in self._columns if name in table.column_names
        }
        parts = {name: codes_of(column) for name, column in columns.items()}
        codes, size = np.zeros(table.num_rows, np.int64), 1
        for name, column in columns.items():
            width = len(column.dictionary) + 1
            codes, size = codes * width + parts[name] + 1, size * width
            if size > _DENSE:
                values, codes = np.unique(codes, return_inverse=True)
                size = len(values)
        firsts = np.full(size, -1, np.int64)
        firsts[codes[::-1]] = np.arange(len(codes))[::-1]
        used = np.flatnonzero(firsts >= 0)
        texts = [
            _chosen(columns[name], parts[name][firsts[used]])
            if name in columns
            else [None] * len(used)
            for name in self._columns
        ]
        found = np.full(size, -1, np.int32)
        found[used] = [self._number(key) for key in zip(*texts, strict=True)]
        return found[codes]

    def _number(self, key: tuple[str | None, ...]) -> int:
        number = self._numbers.setdefault(key, len(self.names))
        if number == len(self.names):
            self.names.append(self._named(key))
        return number

    def _named(self, texts: tuple[str | None, ...]) -> Series:
        named = dict(zip(self._columns, texts, strict=True))
        thing = next((text for name in _THING if (text := named.get(name))), "")
        if target := named.get("region_to"):
            thing = f"{thing} → {target}"
        return Series(named["measurement_type"] or "", named["energy_source"], thing)


@dataclass(frozen=True)
class Cells:
    """Canonical rows as parallel arrays; `position` counts the rows written to a month.

    `value` is NaN where there is none; `row` is the row of the file, as a spreadsheet counts.
    """

    series: NDArray[np.int32]
    utc: Instants
    value: NDArray[np.float64]
    row: NDArray[np.int64]
    month: NDArray[np.int32]
    position: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.series)

    def at(self, index: NDArray[np.intp] | Mask) -> Cells:
        """These of them."""
        return Cells(*(getattr(self, item.name)[index] for item in fields(self)))

    @property
    def days(self) -> NDArray[np.int64]:
        """Civil days since 1970."""
        return civil_days(self.utc)


class CellStore:
    """Collects the cells of a file; gives up, and frees what it has, when they become too many."""

    def __init__(self, limit: int = MAX_CELLS) -> None:
        self._limit = limit
        self._parts: list[Cells] = []
        self._count = 0
        self._written: dict[int, int] = {}

    @property
    def full(self) -> bool:
        """Whether it has given up."""
        return self._count > self._limit

    def add(
        self,
        table: pa.Table,
        series: SeriesIndex,
        months: NDArray[np.int32],
        rows: NDArray[np.int64],
    ) -> None:
        """Remember the rows of a canonical table, unless there are too many already."""
        self._count += self._limit + 1 if series.crowded else table.num_rows
        if self.full:
            self._parts, self._written = [], {}
            return
        self._parts.append(
            Cells(
                series=series.of(table),
                utc=utc_of(table),
                value=table["value"].to_numpy().astype(np.float64, copy=True),
                row=rows,
                month=months,
                position=self._positions(months),
            )
        )

    def cells(self) -> Cells:
        """All of them, in order of series, time, value and row."""
        names = [item.name for item in fields(Cells)]
        parts = [[getattr(part, name) for part in self._parts] for name in names]
        self._parts = []
        every = Cells(*(np.concatenate(part) for part in parts))
        return every.at(np.lexsort((every.row, every.value, every.utc, every.series)))

    def _positions(self, months: NDArray[np.int32]) -> NDArray[np.int64]:
        """How many rows of the same month were written before each row."""
        positions = np.empty(len(months), np.int64)
        for month in np.unique(months):
            same = months == month
            start = self._written.get(int(month), 0)
            count = int(same.sum())
            positions[same] = np.arange(start, start + count)
            self._written[int(month)] = start + count
        return positions


def utc_of(table: pa.Table) -> Instants:
    """The instants of canonical rows."""
    instants = pc.cast(table["timestamp"], pa.timestamp("us"))
    found: Instants = instants.to_numpy().astype("datetime64[s]")
    return found


def civil_days(utc: Instants) -> NDArray[np.int64]:
    """Civil days since 1970 in Brasília."""
    days: NDArray[np.int64] = to_local(utc).astype("datetime64[D]").astype(np.int64)
    return days


def _texts(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Key columns that are no texts (the first day of a week) become texts."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return dictionary(column if pa.types.is_string(kind) else pc.cast(column, pa.string()))


def _chosen(column: pa.DictionaryArray, codes: NDArray[np.int64]) -> list[str | None]:
    """The texts of some codes, -1 for none."""
    values = np.array([*column.dictionary.to_pylist(), None], object)
    found: list[str | None] = values[codes].tolist()
    return found
