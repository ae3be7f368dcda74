"""What a lake file would put into the store, found out before anything is written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from ons_platform.errors import RejectedPoints
from ons_platform.timeseries.loading.series import SeriesIndex
from ons_platform.timeseries.loading.source import LakeRows
from ons_platform.timeseries.loading.span import Span
from ons_platform.timeseries.points import MISSING_SUFFIX, PointModel

NOT_FINITE = "the value is no finite number"
UNSPEAKABLE = "a tag holds a line break or ends with a backslash, which no line can"
DUPLICATE = "another row of the partition is the same point"
_INSTANT_BITS = 42
"""A month has fewer than 2^42 microseconds."""
_MAX_SERIES = 2**21
_KEYS_AT_ONCE = 4_000_000
_AGGREGATES = [
    ("value", "count"),
    ("value", "sum"),
    ("size", "sum"),
    ("at", "min"),
    ("at", "max"),
]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Tally:
    """The points of one field: `magnitude` is the sum of absolute values, instants are UTC."""

    count: int = 0
    total: float = 0.0
    magnitude: float = 0.0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, other: Tally) -> None:
        """Take the other's points in."""
        self.count += other.count
        self.total = math.fsum((self.total, other.total))
        self.magnitude += other.magnitude
        self.first = min(filter(None, (self.first, other.first)), default=None)
        self.last = max(filter(None, (self.last, other.last)), default=None)


@dataclass(frozen=True)
class Part:
    """Some rows to send and the numbers of their series.

    `start` and `kept` (None: all) say which rows of the file they are.
    """

    table: pa.Table
    numbers: pa.Array
    start: int
    kept: pa.Array | None

    def row(self, position: int) -> int:
        """The number in the file of one of these rows."""
        if self.kept is not None:
            position = pc.indices_nonzero(self.kept)[position].as_py()
        return self.start + position


@dataclass
class Survey:
    """The rows that become points by field, and those that do not.

    `rows` are all of the file's, `older` those beyond the retention, `refused` those of which no
    point can be made: row number -> why. `numbers` are those of the rows' series, by the number of
    their table's first row.
    """

    index: SeriesIndex
    cutoff: datetime | None
    numbers: dict[int, pa.Array] = field(default_factory=dict)
    rows: int = 0
    older: int = 0
    fields: dict[str, Tally] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """How many points there will be."""
        return sum(tally.count for tally in self.fields.values())

    @property
    def duplicates(self) -> int:
        """Rows that would overwrite the point of another one (TSD-13)."""
        return sum(reason == DUPLICATE for reason in self.refused.values())

    @property
    def series(self) -> int:
        """Different sets of tags, as the server counts series."""
        return len({head.rpartition(" ")[0] for head in self.index.heads})

    def parts(self, source: LakeRows) -> Iterator[Part]:
        """The rows to send, with their instants and values only."""
        for start, table in source.tables(["timestamp", "value"]):
            yield self.part(start, table)

    def part(self, start: int, table: pa.Table) -> Part:
        """Of a table whose first row has that number, the rows to send."""
        keep = None
        if self.cutoff is not None and pc.min(table["timestamp"]).as_py() < self.cutoff:
            keep = pc.greater_equal(table["timestamp"], pa.scalar(self.cutoff)).combine_chunks()
        some = range(start, start + table.num_rows)
        bad = [row - start for row in self.refused if row in some]
        if bad:
            numbers = pa.array(range(table.num_rows), pa.int64())
            good = pc.invert(pc.is_in(numbers, pa.array(bad, pa.int64())))
            keep = good if keep is None else pc.and_(keep, good)
        numbers = self.numbers[start]
        if keep is None:
            return Part(table, numbers, start, None)
        return Part(table.filter(keep), numbers.filter(keep), start, keep)

    def recount(self, source: LakeRows, fields: Mapping[str, str]) -> None:
        """Count again, after rows were refused that had been counted."""
        self.fields = {}
        for start, table in source.tables():
            self.tally(self.part(start, table), fields)

    def tally(self, part: Part, fields: Mapping[str, str]) -> None:
        """Count the rows of a part."""
        for name, found in tallies(part.table, fields).items():
            self.fields.setdefault(name, Tally()).add(found)


def survey(source: LakeRows, model: PointModel, span: Span, cutoff: datetime | None) -> Survey:
    """Read the file once: check it (TSD-14) and count what is to be read back later.

    Of rows that would be one point the first is taken (TSD-13). Points before `cutoff` (None: no
    limit) are left out. Raises `RejectedPoints` for a file that does not fit.
    """
    found = Survey(SeriesIndex(model), cutoff)
    keys: list[tuple[int, pa.Array]] = []
    for start, table in source.tables():
        source.check(table)
        _check_span(table, span)
        numbers = found.index.numbers(table)
        found.numbers[start] = numbers
        _refuse(found, start, table, numbers)
        keys.append((start, _keys(table, numbers, span)))
        found.rows += table.num_rows
        found.tally(found.part(start, table), model.fields)
    if len(found.index.heads) > _MAX_SERIES:
        raise RejectedPoints(f"One month of {model.dataset} has over {_MAX_SERIES:,} series")
    repeated = _repeated(keys)
    if repeated:
        found.refused = dict.fromkeys(repeated, DUPLICATE) | found.refused
        found.recount(source, model.fields)
    found.older = found.rows - found.points - len(found.refused)
    return found


def tallies(table: pa.Table, fields: Mapping[str, str]) -> dict[str, Tally]:
    """Count, sums and ends by field, from the values themselves: not from any line."""
    found = {}
    given = table["value"].is_valid()
    lacking = table["value"].null_count
    sides = [("", table.filter(given) if lacking else table)]
    sides += [(MISSING_SUFFIX, table.filter(pc.invert(given)))] if lacking else []
    for missing, rows in sides:
        ones = pa.repeat(pa.scalar(1.0), rows.num_rows)
        values = pa.chunked_array([ones]) if missing else rows["value"]
        columns = {
            "type": rows["measurement_type"].cast(pa.string()),
            "value": values,
            "size": pc.abs(values),
            "at": rows["timestamp"].cast(pa.int64()),
        }
        for row in pa.table(columns).group_by("type").aggregate(_AGGREGATES).to_pylist():
            found[f"{fields[row['type']]}{missing}"] = Tally(
                row["value_count"],
                row["value_sum"],
                row["size_sum"],
                _instant(row["at_min"]),
                _instant(row["at_max"]),
            )
    return found


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _check_span(table: pa.Table, span: Span) -> None:
    ends = pc.min_max(table["timestamp"]).as_py()
    if table.num_rows and not (span.start <= ends["min"] and ends["max"] < span.end):
        raise RejectedPoints(
            f"The lake file has rows from {ends['min']} to {ends['max']}, outside of its month",
            first=str(ends["min"]),
            last=str(ends["max"]),
        )


def _refuse(found: Survey, start: int, table: pa.Table, numbers: pa.Array) -> None:
    """Note the rows of which no line can be made."""
    bad = [number for number in range(len(found.index.heads)) if found.index.is_bad(number)]
    if bad:
        rows = pc.indices_nonzero(pc.is_in(numbers, pa.array(bad, pa.int32()))).to_pylist()
        found.refused |= {start + row: UNSPEAKABLE for row in rows}
    strange = pc.invert(pc.is_finite(table["value"]).fill_null(True))
    if pc.any(strange).as_py():
        rows = pc.indices_nonzero(strange).to_pylist()
        found.refused |= {start + row: NOT_FINITE for row in rows}


def _keys(table: pa.Table, numbers: pa.Array, span: Span) -> pa.Array:
    """One integer per row: rows with the same one are the same point."""
    start = (span.start - _EPOCH) // timedelta(microseconds=1)
    since = pc.subtract(table["timestamp"].combine_chunks().cast(pa.int64()), start)
    return pc.add(pc.shift_left(numbers.cast(pa.int64()), _INSTANT_BITS), since)


def _repeated(keys: Sequence[tuple[int, pa.Array]]) -> list[int]:
    """Rows whose key an earlier row has; at most four million keys are compared at a time."""
    parts = -(-sum(len(some) for _, some in keys) // _KEYS_AT_ONCE)
    found: list[int] = []
    for part in range(parts):
        some = [(start, _of_part(own, part, parts)) for start, own in keys]
        values = pa.chunked_array([own for _, own in some], pa.int64())
        if len(pc.unique(values)) < len(values) - values.null_count + bool(values.null_count):
            found += _later(some)
    return sorted(found)


def _of_part(keys: pa.Array, part: int, parts: int) -> pa.Array:
    """The keys that fall into the part, null in place of others."""
    if parts == 1:
        return keys
    rest = pc.subtract(keys, pc.multiply(pc.divide(keys, parts), parts))
    return pc.if_else(pc.equal(rest, part), keys, pa.scalar(None, pa.int64()))


def _later(keys: Sequence[tuple[int, pa.Array]]) -> list[int]:
    counts = pc.value_counts(pa.chunked_array([own for _, own in keys], pa.int64()))
    values, times = counts.flatten()
    twice = values.filter(pc.and_(pc.greater(times, 1), values.is_valid()))
    seen: set[int] = set()
    found = []
    for start, own in keys:
        for row in pc.indices_nonzero(pc.is_in(own, twice)).to_pylist():
            key = own[row].as_py()
            if key in seen:
                found.append(start + row)
            seen.add(key)
    return found
