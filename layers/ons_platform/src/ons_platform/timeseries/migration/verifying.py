"""Proves that a chunk is the same in both stores, by asking both again (TSD-24).

For each series: how many points with and without a value, their sum, extremes, first and last
instant; then the same questions in SQL and in Flux, and some instants row by row. Rows that were
left out are accounted for by name: the old store's figures less theirs must be the new store's.
Sums are compared within 1e-9 of the values they are of, everything else exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.migration import oldsql
from ons_platform.timeseries.migration.chunks import Chunk, instant_of, nanoseconds_of
from ons_platform.timeseries.migration.copying import Parts, begin
from ons_platform.timeseries.migration.journal import Entry, State
from ons_platform.timeseries.migration.legacy import Meaning, Refusal, Series
from ons_platform.timeseries.migration.newstore import Group, Held
from ons_platform.timeseries.migration.transform import Point, transform
from ons_platform.timeseries.points import MISSING_SUFFIX

TOLERANCE = 1e-9
SHOWN = 20
"""Differences of a chunk that its entry names."""
_LEAST = 1.0


@dataclass(frozen=True)
class Difference:
    """What is not the same: `what` of which series or group, here and there."""

    what: str
    where: str
    old: Any
    new: Any


def verify(parts: Parts, chunk: Chunk) -> Entry:
    """Compare a written chunk in both stores and record the outcome: `verified` or `different`.

    Raises `InvalidRequest` for a chunk that is not written.
    """
    entry = parts.journal.get(chunk)
    if not entry.written:
        raise InvalidRequest(f"{chunk.table} {chunk.name} is {entry.state}: run it first")
    parts.watch.began(chunk)
    cost = parts.old.cost.copy()
    start = begin(parts, chunk)
    check = _Check(parts, entry, start)
    differences = list(check.differences()) if start < chunk.end else []
    now = parts.now().isoformat()
    spent = parts.old.cost.since(cost).as_dict()
    entry = replace(
        entry,
        state=State.DIFFERENT if differences else State.VERIFIED,
        verified_at="" if differences else now,
        cost={name: entry.cost.get(name, 0) + value for name, value in spent.items()},
        verification={
            "at": now,
            "from": start.isoformat(),
            **check.compared,
            "differences": len(differences),
            "shown": [vars(item) for item in differences[:SHOWN]],
        },
    )
    parts.journal.put(entry)
    parts.watch.ended(entry)
    return entry


class _Check:
    """One comparison; `compared` counts what was looked at."""

    def __init__(self, parts: Parts, entry: Entry, start: datetime) -> None:
        self._parts, self._entry, self._chunk, self._start = parts, entry, entry.chunk, start
        self._meaning = Meaning(entry.chunk.table)
        self._table = parts.old.table(entry.chunk.table)
        self.compared = {"series": 0, "daily_means": 0, "source_sums": 0, "rows": 0, "skipped": 0}

    def differences(self) -> Iterator[Difference]:
        """Everything that is not the same."""
        old, refused = self._old_totals()
        told = sum(self._entry.refused.values()) - self._refused_by_row()
        if refused != told:
            yield Difference("rows without a place", self._chunk.name, refused, told)
        yield from self._series(old)
        yield from self._sums(old)
        yield from self._means()
        yield from self._rows()

    def _refused_by_row(self) -> int:
        """Quarantined rows whose names have a place; duplicates are left out, not quarantined."""
        rows = sum(kept["rows"] for kept in self._entry.left_out.values())
        return int(rows) - self._entry.duplicates

    def _range(self) -> tuple[int, int]:
        return nanoseconds_of(self._start), nanoseconds_of(self._chunk.end)

    def _old_totals(self) -> tuple[dict[Series, Held], int]:
        """What the old store holds of each series, and how many rows have none."""
        found, refused = dict[Series, Held](), 0
        for row in self._parts.old.rows(oldsql.totals(self._table, *self._range())):
            series = self._meaning.of_names(*(row[name] for name in oldsql.NAMES))
            if isinstance(series, Refusal):
                refused += row["rows_held"]
                continue
            if missing := row["rows_held"] - row["values_held"]:
                found.setdefault(series.missing, Held()).count += missing
            if row["values_held"]:
                _add(found.setdefault(series, Held()), row)
        return found, refused

    def _series(self, old: Mapping[Series, Held]) -> Iterator[Difference]:
        new = self._parts.new.held(self._chunk.table, self._start, self._chunk.end)
        for series in {**old, **new}:
            self.compared["series"] += 1
            kept = self._entry.left_out.get(series.name)
            pair = old.get(series, Held()), new.get(series, Held())
            for what, before, after in _figures(*pair, kept, missing=_is_missing(series)):
                yield Difference(what, series.name, before, after)

    def _sums(self, old: Mapping[Series, Held]) -> Iterator[Difference]:
        """Sum by source: totals of the SQL against the same question in Flux."""
        wanted: dict[Group, _Sum] = {}
        for series, held in old.items():
            if not _is_missing(series):
                key: Group = (series.measurement_type, series.field, series.energy_source)
                less = self._entry.left_out.get(series.name, {"rows": 0, "total": 0.0})
                count = held.count - int(less["rows"])
                if count:
                    wanted.setdefault(key, _Sum()).add(held.total - less["total"], count, held)
        found = self._parts.new.source_sums(self._chunk.table, self._start, self._chunk.end)
        yield from self._compared("source_sums", wanted, found)

    def _means(self) -> Iterator[Difference]:
        """Mean of each day by region; groups with rows left out have their own totals above."""
        wanted: dict[Group, _Sum] = {}
        skipped = set[Group]()
        tainted = set(self._entry.left_out)
        for row in self._parts.old.rows(oldsql.daily(self._table, *self._range())):
            series = self._meaning.of_names(*(row[name] for name in oldsql.NAMES))
            if isinstance(series, Refusal) or not row["values_held"]:
                continue
            day = f"{instant_of(row['day']):%Y-%m-%d}"
            key: Group = (day, series.measurement_type, series.field, series.region)
            if series.name in tainted:
                skipped.add(key)
            wanted.setdefault(key, _Sum()).add(row["total"], row["values_held"])
        found = self._parts.new.daily_means(self._chunk.table, self._start, self._chunk.end)
        self.compared["skipped"] += len(skipped)
        for key in skipped:
            wanted.pop(key, None)
            found.pop(key, None)
        yield from self._compared("daily_means", wanted, found, mean=True)

    def _compared(
        self,
        what: str,
        wanted: Mapping[Group, _Sum],
        found: Mapping[Group, float],
        *,
        mean: bool = False,
    ) -> Iterator[Difference]:
        for key in {**wanted, **found}:
            self.compared[what] += 1
            total, answer = wanted.get(key), found.get(key)
            expected = None if total is None else total.mean if mean else total.total
            scale = 0.0 if total is None or mean else total.scale
            if not _close(expected, answer, scale):
                yield Difference(what, " ".join(str(part) for part in key), expected, answer)

    def _rows(self) -> Iterator[Difference]:
        """The rows of some instants, one by one."""
        edge = nanoseconds_of(self._start)
        chosen = [at for at in self._entry.samples if at >= edge]
        if not chosen:
            return
        records = self._parts.old.records(oldsql.instants(self._table, chosen))
        points = [i for i in transform(records, self._meaning) if isinstance(i, Point)]
        old = {(p.series, p.row.at, 1.0 if p.row.value is None else p.row.value) for p in points}
        new = self._parts.new.at(self._chunk.table, [instant_of(at) for at in chosen])
        self.compared["rows"] += len(old)
        for series, at, value in old ^ new:
            here = (series, at, value) in old
            told = f"{series.name} {instant_of(at).isoformat()}"
            yield Difference("row", told, value if here else None, None if here else value)


@dataclass
class _Sum:
    """A sum of several totals; `scale` bounds the sum of the absolute values."""

    total: float = 0.0
    count: int = 0
    scale: float = 0.0

    def add(self, total: float, count: int, held: Held | None = None) -> None:
        self.total += total
        self.count += count
        self.scale += 0.0 if held is None else _scale(held)

    @property
    def mean(self) -> float:
        return self.total / self.count


def _add(held: Held, row: Mapping[str, Any]) -> None:
    """Several spellings of the old store can be one series."""
    held.count += row["values_held"]
    held.total += row["total"] or 0.0
    held.lowest = min(_known(held.lowest, row["lowest"]), default=None)
    held.highest = max(_known(held.highest, row["highest"]), default=None)
    held.first = min(_known(held.first, row["first_at"]), default=None)
    held.last = max(_known(held.last, row["last_at"]), default=None)


def _known(*values: Any) -> Iterable[Any]:
    return [value for value in values if value is not None]


def _figures(
    old: Held, new: Held, kept: Mapping[str, float] | None, *, missing: bool
) -> Iterator[tuple[str, Any, Any]]:
    """Name and both figures of each that differs; with rows left out extremes tell nothing."""
    count = old.count - (int(kept["rows"]) if kept else 0)
    if count != new.count:
        yield "count", count, new.count
    if missing:
        return
    total = old.total - (kept["total"] if kept else 0.0)
    if not _close(total, new.total, _scale(old)):
        yield "sum", total, new.total
    if kept is None:
        for what in ("lowest", "highest", "first", "last"):
            before, after = getattr(old, what), getattr(new, what)
            if before != after:
                yield what, before, after


def _scale(held: Held) -> float:
    return held.count * max(abs(held.lowest or 0.0), abs(held.highest or 0.0))


def _close(old: float | None, new: float | None, scale: float = 0.0) -> bool:
    if old is None or new is None:
        return old is new
    return abs(old - new) <= TOLERANCE * max(_LEAST, abs(old), abs(new), scale)


def _is_missing(series: Series) -> bool:
    return series.field.endswith(MISSING_SUFFIX)
