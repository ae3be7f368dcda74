"""What differs between two versions of an object, or between two objects of one dataset.

Rows are matched by the dataset's key and compared partition by partition, one time window of about
a million rows after the other: memory stays flat whatever the size. Values that differ by no more
than a billionth of themselves (`ROUNDING`) count apart: ONS writes 36047.08999999 for 36047.09.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ons_platform.catalog.model import Dataset
from ons_platform.lake.keys import exact_keys
from ons_platform.lake.layout import Partition
from ons_platform.lake.windows import read_window, unified_schema, windows
from ons_platform.storage import Storage

KEPT = 100
"""Changes kept one by one, the largest first; all are counted."""
ROUNDING = 1e-9
STAMPS = ("processed_at", "processor_version", "source_file")
"""Columns that say how a row was made and differ between any two versions."""

Change = dict[str, Any]
Mask = NDArray[np.bool_]


class Side(NamedTuple):
    """The rows of one version: a Parquet object per partition."""

    storage: Storage
    files: Mapping[Partition, str]


@dataclass
class Tally:
    """Counts of one measure: `changed` includes `filled` and `emptied`.

    `filled` counts values that were empty before, `emptied` those that are empty now, `rounded`
    (not among the changed) those that differ in the last digits only; `added` and `vanished` are
    rows only the new or only the old version has.
    """

    added: int = 0
    vanished: int = 0
    changed: int = 0
    rounded: int = 0
    filled: int = 0
    emptied: int = 0
    largest: Change | None = None
    largest_relative: Change | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return dict(vars(self))


@dataclass
class Revision:
    """What was found so far; feed it tables of the same rows' old and new state.

    `rows` counts canonical rows: `rounded` are those where values differ in the last digits only,
    `other` those with the same values where another column (a flag, an attribute) differs, and
    `columns` says which. `first` and `last` bound the start
    instants of rows added, vanished or changed.
    """

    dataset: Dataset
    kept: int = KEPT
    rows: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("old", "new", "added", "vanished", "changed", "rounded", "other"), 0
        )
    )
    measures: dict[str, Tally] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    changes: list[Change] = field(default_factory=list)
    moves: dict[str, list[Change]] = field(default_factory=lambda: {"vanished": [], "added": []})

    @property
    def is_empty(self) -> bool:
        """Whether the two hold the same rows."""
        return not any(count for name, count in self.rows.items() if name not in ("old", "new"))

    def summary(self) -> dict[str, Any]:
        """The counts, the period and the largest changes."""
        period = None
        if self.first and self.last:
            period = {"first": _iso(self.first), "last": _iso(self.last)}
        tallies = list(self.measures.values())
        return {
            "rows": dict(self.rows),
            "period": period,
            "filled": sum(tally.filled for tally in tallies),
            "emptied": sum(tally.emptied for tally in tallies),
            "largest": _top([tally.largest for tally in tallies], "difference"),
            "largest_relative": _top([tally.largest_relative for tally in tallies], "relative"),
        }

    def as_dict(self) -> dict[str, Any]:
        """JSON form; of the changes at most `kept`, by size, rows that came or went after them."""
        return {
            **self.summary(),
            "measures": {name: tally.as_dict() for name, tally in sorted(self.measures.items())},
            "columns": dict(sorted(self.columns.items())),
            "changes": [*self.changes, *self.moves["vanished"], *self.moves["added"]][: self.kept],
        }

    def add(self, old: pa.Table, new: pa.Table) -> None:
        """Compare rows of one schema; each table has a key at most once."""
        key = sorted(self.dataset.key, key=lambda name: name != "timestamp")
        before, after = exact_keys([old, new], key)
        _, left, right = np.intersect1d(before, after, assume_unique=True, return_indices=True)
        gone, came = _others(len(before), left), _others(len(after), right)
        self.rows["old"] += len(before)
        self.rows["new"] += len(after)
        self.rows["vanished"] += len(gone)
        self.rows["added"] += len(came)
        changed, rounded = np.zeros(len(left), np.bool_), np.zeros(len(left), np.bool_)
        for measure in _measures(self.dataset, old, new):
            self._count(measure, gone, came)
            more, finer = self._compare(measure, left, right, new)
            changed, rounded = changed | more, rounded | finer
        self.rows["changed"] += int(changed.sum())
        self.rows["rounded"] += int((rounded & ~changed).sum())
        self._compare_others(old, new, (left, right), changed | rounded)
        self._move("vanished", old, gone)
        self._move("added", new, came)
        for table, some in ((old, gone), (new, came), (new, right[changed])):
            self._extend_period(table, some)

    def _count(self, measure: _Measure, gone: NDArray[np.intp], came: NDArray[np.intp]) -> None:
        tally = self.measures.setdefault(measure.name, Tally())
        tally.vanished += int(measure.old_rows[gone].sum())
        tally.added += int(measure.new_rows[came].sum())

    def _compare(
        self, measure: _Measure, left: NDArray[np.intp], right: NDArray[np.intp], new: pa.Table
    ) -> tuple[Mask, Mask]:
        """Which rows of both differ in that measure's value, and in its last digits only."""
        mine = np.flatnonzero(measure.new_rows[right])
        own = right[mine]
        old, now = measure.old.take(left[mine]), measure.new.take(own)
        (a, had), (b, has) = old, now
        unequal = had & has & (a != b) & ~(np.isnan(a) & np.isnan(b))
        differ = unequal & ~np.isclose(a, b, rtol=ROUNDING, atol=0.0)
        filled, emptied = ~had & has, had & ~has
        changed: Mask = differ | filled | emptied
        tally = self.measures[measure.name]
        tally.changed += int(changed.sum())
        tally.rounded += int((unequal & ~differ).sum())
        tally.filled += int(filled.sum())
        tally.emptied += int(emptied.sum())
        where = np.flatnonzero(changed)
        sizes = np.abs(np.where(differ, b - a, -1.0))[where]
        sizes[~differ[where]] = -1.0
        some = where[np.argsort(-sizes, kind="stable")[: self.kept]]
        found = self._described(measure.name, new, own[some], old, now, some)
        ratios = _ratios(a, b, differ)
        if differ.any():
            tally.largest = _top([tally.largest, *found], "difference")
        if (ratios >= 0).any():
            most = np.array([np.argmax(ratios)])
            relative = self._described(measure.name, new, own[most], old, now, most)
            tally.largest_relative = _top([tally.largest_relative, *relative], "relative")
        self.changes = sorted(self.changes + found, key=_size, reverse=True)[: self.kept]
        more, finer = np.zeros(len(right), np.bool_), np.zeros(len(right), np.bool_)
        more[mine], finer[mine] = changed, unequal & ~differ
        return more, finer

    def _described(
        self,
        measure: str,
        table: pa.Table,
        rows: NDArray[np.intp],
        old: Numbers,
        new: Numbers,
        where: NDArray[np.intp],
    ) -> list[Change]:
        places = self._places(table, rows)
        (a, had), (b, has) = old, new
        found = []
        for place, index in zip(places, where, strict=True):
            before = _plain(a[index]) if had[index] else None
            after = _plain(b[index]) if has[index] else None
            both = before is not None and after is not None
            difference = after - before if both else None  # type: ignore[operator]
            relative = abs(difference / before) if difference is not None and before else None
            values = {"old": before, "new": after, "difference": difference, "relative": relative}
            found.append({"kind": "changed", "measure": measure, **place, **values})
        return found

    def _places(self, table: pa.Table, rows: NDArray[np.intp]) -> list[dict[str, Any]]:
        """The key of each row, instants as ISO UTC texts."""
        names = [name for name in self.dataset.key if name in table.column_names]
        names = [name for name in names if name != "measurement_type"]
        taken = table.select(names).take(pa.array(rows)).to_pylist()
        return [{name: _text(value) for name, value in row.items()} for row in taken]

    def _compare_others(
        self, old: pa.Table, new: pa.Table, both: tuple[Any, Any], changed: Mask
    ) -> None:
        """Columns beside the measures: counted by column, and the rows that differ only there."""
        if not len(changed):
            return
        left, right = both
        known = {*self.dataset.key, *STAMPS, *_value_columns(self.dataset)}
        only = np.zeros(len(changed), np.bool_)
        for name in old.column_names:
            if name in known:
                continue
            before, after = exact_keys([old, new], [name])
            differs = before[left] != after[right]
            if differs.any():
                self.columns[name] = self.columns.get(name, 0) + int(differs.sum())
                only |= differs
        self.rows["other"] += int((only & ~changed).sum())

    def _move(self, kind: str, table: pa.Table, rows: NDArray[np.intp]) -> None:
        """Keep the first rows that came or went, with their value."""
        some = rows[: self.kept - len(self.moves[kind])]
        if not len(some):
            return
        names = [name for name in ("measurement_type", "value") if name in table.column_names]
        values = table.select(names).take(pa.array(some)).to_pylist() if names else [{}] * len(some)
        side = "old" if kind == "vanished" else "new"
        empty = {"old": None, "new": None, "difference": None, "relative": None}
        for place, value in zip(self._places(table, some), values, strict=True):
            number = _plain(value.get("value"))
            measure = value.get("measurement_type")
            change = {"kind": kind, "measure": measure, **place, **empty, side: number}
            self.moves[kind].append(change)

    def _extend_period(self, table: pa.Table, rows: NDArray[np.intp]) -> None:
        if not len(rows) or "timestamp" not in table.column_names:
            return
        bounds = pc.min_max(table["timestamp"].take(pa.array(rows))).as_py()
        self.first = min(filter(None, (self.first, bounds["min"])))
        self.last = max(filter(None, (self.last, bounds["max"])))


def compare(old: Side, new: Side, dataset: Dataset, kept: int = KEPT) -> Revision:
    """Everything that differs; `NotFound` when the rows of one side are not there (any more)."""
    found = Revision(dataset, kept)
    for partition in sorted({*old.files, *new.files}, key=lambda item: item.name):
        with ExitStack() as stack:
            sources = [_open(side, partition, stack) for side in (old, new)]
            present = [source for source in sources if source]
            schema = unified_schema(present)
            for window in windows(present):
                found.add(
                    *(
                        read_window(source, window, schema) if source else schema.empty_table()
                        for source in sources
                    )
                )
    return found


def _open(side: Side, partition: Partition, stack: ExitStack) -> pq.ParquetFile | None:
    path = side.files.get(partition)
    if path is None:
        return None
    file = stack.enter_context(side.storage.as_file(path))
    return stack.enter_context(pq.ParquetFile(file))


class Numbers(NamedTuple):
    """Values, 0 where there is none, and where there is one."""

    values: NDArray[np.float64]
    valid: Mask

    def take(self, rows: NDArray[np.intp]) -> Numbers:
        """Those of the rows."""
        return Numbers(self.values[rows], self.valid[rows])


class _Measure(NamedTuple):
    """A measure's numbers in both tables, and which rows are its own."""

    name: str
    old: Numbers
    new: Numbers
    old_rows: Mask
    new_rows: Mask


def measured(dataset: Dataset, table: pa.Table) -> Iterator[tuple[str, Numbers, Mask]]:
    """Each measure of a table of lake rows: its name, the numbers, and which rows are its own.

    Names are `measurement_type`, with `:energy_source` where the measures of the dataset differ by
    it; of reference data the names of the numeric columns.
    """
    if dataset.kind == "reference":
        for name in _value_columns(dataset):
            if name in table.column_names:
                yield name, _numbers(table[name]), np.ones(table.num_rows, np.bool_)
        return
    by_source = any(measure.energy_source for measure in dataset.measures)
    labels = _labels(table, ["measurement_type", *(["energy_source"] if by_source else [])])
    numbers = _numbers(table["value"])
    for label in sorted(set(labels)):
        yield label, numbers, labels == label


def _measures(dataset: Dataset, old: pa.Table, new: pa.Table) -> Iterator[_Measure]:
    """The measures of either table."""
    before, after = (
        {name: (numbers, rows) for name, numbers, rows in measured(dataset, table)}
        for table in (old, new)
    )
    for name in sorted({*before, *after}):
        old_numbers, old_rows = before.get(name) or _nothing(old, before)
        new_numbers, new_rows = after.get(name) or _nothing(new, after)
        yield _Measure(name, old_numbers, new_numbers, old_rows, new_rows)


def _nothing(table: pa.Table, others: Mapping[str, tuple[Numbers, Mask]]) -> tuple[Numbers, Mask]:
    """The numbers of a measure none of the table's rows has: those of all, none its own."""
    none = np.zeros(table.num_rows, np.bool_)
    numbers = next((found for found, _ in others.values()), Numbers(np.zeros(len(none)), none))
    return numbers, none


def _value_columns(dataset: Dataset) -> tuple[str, ...]:
    if dataset.kind == "series":
        return ("value",)
    return tuple(measure.column for measure in dataset.measures)


def _labels(table: pa.Table, names: Sequence[str]) -> NDArray[Any]:
    """`measurement_type` or `measurement_type:energy_source` of each row."""
    texts = [pc.fill_null(table[name].cast(pa.string()), "") for name in names]
    joined = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, ":")
    found = joined.dictionary_encode().unify_dictionaries().combine_chunks()
    if isinstance(found, pa.ChunkedArray):
        found = found.chunk(0) if found.num_chunks else pa.array([], joined.type)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=object)


def _numbers(column: pa.ChunkedArray) -> Numbers:
    values = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy()
    return Numbers(values, column.is_valid().to_numpy())


def _others(count: int, taken: NDArray[np.intp]) -> NDArray[np.intp]:
    left = np.ones(count, np.bool_)
    left[taken] = False
    return np.flatnonzero(left)


def _ratios(a: NDArray[np.float64], b: NDArray[np.float64], differ: Mask) -> NDArray[np.float64]:
    """Relative size of each change, -1 where there is none or nothing to relate it to."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.abs((b - a) / a)
    return np.where(differ & np.isfinite(ratios), ratios, -1.0)


def _size(change: Change) -> float:
    difference = change["difference"]
    return -1.0 if difference is None else abs(difference)


def _top(changes: Sequence[Change | None], by: str) -> Change | None:
    """The change with the largest such figure; the earlier one of equals."""
    known = [change for change in changes if change and change[by] is not None]
    return max(known, key=lambda change: abs(change[by]), default=None)


def _plain(value: float | None) -> float | None:
    """A number JSON can hold."""
    return float(value) if value is not None and np.isfinite(value) else None


def _text(value: Any) -> Any:
    return _iso(value) if isinstance(value, datetime) else value


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat() if instant.tzinfo else instant.isoformat()
