"""What Flux answered, put together: values at instants, aggregated windows, counts of flags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress, repeat
from typing import Any, TypeVar

from ons_platform.lake.quality import NOT_USED_IN_ANSWERS, QualityFlag
from ons_platform.questions.engines.sql import COLUMNS
from ons_platform.questions.engines.tally import (
    BucketValue,
    Extreme,
    Group,
    Tallies,
    Tally,
    Value,
    ratio_of,
)
from ons_platform.questions.intent import Dimension
from ons_platform.questions.plan import QueryPlan, Rows
from ons_platform.timeseries.annotated_csv import FluxTable
from ons_platform.timeseries.points import MISSING_SUFFIX, PointModel

T = TypeVar("T")
UNUSED = frozenset(flag.value for flag in NOT_USED_IN_ANSWERS)
_OF_ANY_ROW = {
    "doubtful": QualityFlag.OUT_OF_RANGE.value,
    "suspect": QualityFlag.SUSPECT.value,
    "forecast": QualityFlag.FORECAST.value,
}
TOLD = (*sorted(UNUSED), *_OF_ANY_ROW.values())
"""Flags of rows that are counted."""


@dataclass(frozen=True)
class Read:
    """A part of a query, and what its tables are.

    `way` tells `rows` (single values), `flags` (numbers of rows) and aggregates of windows, each
    within one bucket: `sum`, `count`, `first`, `last`, `max`, `min`, `hits`. `window` is the one
    all its values belong to.
    """

    text: str
    way: str
    model: PointModel
    window: int | None = None


def yielded(reads: Sequence[Read]) -> str:
    """One query of all reads, whose tables are named by their numbers."""
    return "\n\n".join(
        f'{read.text}\n  |> yield(name: "{index}")' for index, read in enumerate(reads)
    )


@dataclass(slots=True)
class _Sum:
    """What came together at an instant."""

    total: float = 0.0
    rows: int = 0
    kinds: set[str] = field(default_factory=set)
    part: float = 0.0


@dataclass(frozen=True)
class Series:
    """What the rows of a table have in common: tags by lake column, kind, and their part."""

    model: PointModel
    tags: Mapping[str, Any]
    group: Group
    kind: str
    sign: float
    usable: bool
    in_part: bool


class Answers:
    """Takes the tables of a plan's reads in and makes the plan's rows of them."""

    def __init__(self, plan: QueryPlan) -> None:
        self._plan = plan
        self.tallies = Tallies(plan)
        self._raw: dict[Group, list[Value]] = {}
        self._sums: dict[Group, dict[datetime, _Sum]] = {}
        self._terms: dict[Group, dict[tuple[Any, ...], dict[str, float]]] = {}
        self._newest: dict[tuple[Any, ...], tuple[tuple[Any, ...], Series, float]] = {}
        self._counted = dict.fromkeys(_counted(plan), 0)

    def take(self, read: Read, table: FluxTable) -> None:
        """Take one table in."""
        series = series_of(self._plan, read, table)
        if read.way == "flags":
            self._count(series, sum(self._heard(table, table.columns["_value"])))
        elif read.way != "rows":
            self._windows(read.way, series, table)
        elif self._plan.versions:
            self._supersede(series, table)
        else:
            told = zip(table.columns["_time"], table.columns["_value"], strict=True)
            self._values(series, self._heard(table, told))

    def _heard(self, table: FluxTable, items: Iterable[T]) -> Iterable[T]:
        """Those of a table's items whose hour of the day is read."""
        if not self._plan.rows.hours or "_time" not in table.columns:
            return items
        hours = map(self.tallies.counts, table.columns["_time"])
        return compress(items, hours)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of all that was taken."""
        for (_, at, *_), (_, series, value) in self._newest.items():
            self._count(series, 1)
            if series.usable:
                self._values(series, [(at, value)])
        for group, values in self._raw.items():
            self.tallies.values(group, values)
        for group, sums in self._sums.items():
            self.tallies.values(group, self._whole(sums))
        for group, terms in self._terms.items():
            self.tallies.values(group, self._ratios(terms))
        return self.tallies.rows(self._counted)

    def _supersede(self, series: Series, table: FluxTable) -> None:
        """Keep the newest of several revisions; numbers in text are compared as numbers."""
        things = tuple(series.tags.get(name) for name in self._plan.things)
        rank = tuple(_rank(series.tags.get(name)) for name in self._plan.versions)
        told = zip(table.columns["_time"], table.columns["_value"], strict=True)
        for at, value in self._heard(table, told):
            key = (series.model.dataset, at, series.kind, *things)
            if key not in self._newest or rank > self._newest[key][0]:
                self._newest[key] = (rank, series, value)

    def _values(self, series: Series, told: Iterable[tuple[datetime, float]]) -> None:
        """Usable values to where values of their kind come together."""
        plan = self._plan
        if plan.ratio is not None:
            things = tuple(series.tags.get(name) for name in plan.things)
            terms = self._terms.setdefault(series.group, {})
            for at, value in told:
                terms.setdefault((at, *things), {})[series.kind] = series.sign * value
        elif is_single(plan):
            sign = -series.sign if plan.negate else series.sign
            found = [Value(at, sign * value) for at, value in told]
            self._raw.setdefault(series.group, []).extend(found)
        else:
            self._add_up(series, told)

    def _add_up(self, series: Series, told: Iterable[tuple[datetime, float]]) -> None:
        sums = self._sums.setdefault(series.group, {})
        weight = series.sign * self._weight(series)
        for at, value in told:
            here = sums.get(at)
            if here is None:
                here = sums[at] = _Sum()
            here.rows += 1
            here.total += weight * value
            here.kinds.add(series.kind)
            if series.in_part:
                here.part += weight * value

    def _weight(self, series: Series) -> float:
        """-1 for what is taken away: the schedule's values, or the second region's."""
        plan = self._plan
        if plan.minus is not None:
            return 1.0 if series.kind == plan.metric.measurement_type else -1.0
        if plan.spread is not None:
            return 1.0 if series.tags.get("region") == plan.spread[0] else -1.0
        return 1.0

    def _whole(self, sums: dict[datetime, _Sum]) -> Iterator[Value]:
        """The instants at which everything is there."""
        plan = self._plan
        sign = -1.0 if plan.negate and (plan.minus is not None or plan.spread is None) else 1.0
        for at, here in sums.items():
            if plan.minus is not None:
                complete = len(here.kinds) == len(plan.kinds)
            elif plan.spread is not None:
                complete = here.rows == len(plan.spread)
            else:
                complete = here.rows >= (plan.parts or 0)
            if complete:
                yield Value(at, sign * here.total, here.part)

    def _ratios(self, terms: dict[tuple[Any, ...], dict[str, float]]) -> Iterator[Value]:
        """The ratio of each instant, over the things that have all its terms."""
        ratio = self._plan.ratio
        if ratio is None:
            return
        sums: dict[datetime, list[float]] = {}
        for (at, *_), found in terms.items():
            num, whole = found.get(ratio.numerator), found.get(ratio.denominator)
            if ratio.per is not None and whole is not None:
                per = found.get(ratio.per)
                whole = whole * ratio.scale / per if per else None
            if num is None or whole is None:
                continue
            here = sums.setdefault(at, [0.0, 0.0, 0])
            here[0] += num
            here[1] += whole
            here[2] += 1
        for at, (num, den, rows) in sums.items():
            if rows >= (self._plan.parts or 0):
                yield Value(at, ratio_of(ratio, num, den), num=num, den=den)

    def _windows(self, way: str, series: Series, table: FluxTable) -> None:
        """Aggregates of windows, each of which lies in one civil bucket."""
        sign = -series.sign if self._plan.negate else series.sign
        times = table.columns.get("_time", repeat(None))
        for at, (bucket, value) in zip(times, self.windows(table), strict=False):
            # a series of which nothing is left still has a sum
            if value or way not in {"sum", "count", "hits"}:
                self.tallies.put(series.group, bucket, self.piece(way, at, value, sign))

    def windows(self, table: FluxTable) -> Iterator[tuple[BucketValue, Any]]:
        """Buckets and values of a table of windows."""
        values = table.columns["_value"]
        if "_time" not in table.columns:
            return zip(repeat(None), values, strict=False)
        return zip(map(self.tallies.bucket, table.columns["_time"]), values, strict=True)

    def piece(self, way: str, at: datetime | None, value: Any, sign: float) -> Tally:
        """What one read says of a window; those of the others are added to it."""
        if way == "sum":
            return Tally(total=sign * value, weighted=sign * value * self._plan.hours)
        if way == "count":
            return Tally(n=value, held=value)
        if way == "hits" or at is None:
            return Tally(hits=value)
        if way == "first":
            return Tally(first=at)
        here = Extreme(sign * value, at)
        if way == "last":
            return Tally(last=here)
        return Tally(most=here) if (way == "max") == (sign > 0) else Tally(least=here)

    def _count(self, series: Series, rows: int) -> None:
        """Count rows by what is known of their value."""
        flag, missing = series.tags.get("quality_flag"), series.tags["_missing"]
        holds = {name: flag == of for name, of in _OF_ANY_ROW.items()}
        holds["missing"] = missing
        holds["excluded"] = not missing and flag in UNUSED
        holds["turned"] = series.sign < 0
        for name in self._counted:
            self._counted[name] += rows if holds[name] else 0


def series_of(plan: QueryPlan, read: Read, table: FluxTable) -> Series:
    """What the rows of a table have in common."""
    model = read.model
    tags = {name: table.columns[tag][0] for name, tag in model.tags.items() if tag in table.columns}
    own = table.columns["_field"][0] if "_field" in table.columns else ""
    missing = own.endswith(MISSING_SUFFIX)
    turned = plan.rows.pair is not None and tags.get("region") != plan.rows.pair[0]
    return Series(
        model,
        {**tags, "_missing": missing},
        tuple(
            read.window if item is Dimension.WINDOW else tags.get(COLUMNS[item]) for item in plan.by
        ),
        next((k for k, v in model.fields.items() if v == own), plan.kinds[0]),
        -1.0 if turned else 1.0,
        not missing and ("quality_flag" in plan.idle or tags.get("quality_flag") not in UNUSED),
        plan.numerator is not None and meets(plan.numerator, tags),
    )


def answered(
    plan: QueryPlan, reads: Sequence[Read], tables: Sequence[FluxTable]
) -> list[dict[str, Any]]:
    """Rows of a plan, in its order, from the tables of its reads by their number."""
    found = Answers(plan)
    for table in tables:
        found.take(reads[int(table.name)], table)
    return found.rows()


def is_single(plan: QueryPlan) -> bool:
    """True when each row is a value of its own: the rows of an instant are not added up."""
    together = (plan.numerator, plan.minus, plan.spread, plan.ratio)
    return plan.parts is None and not any(together)


def counts_flags(plan: QueryPlan) -> bool:
    """Whether rows are counted by their flag or their direction."""
    return bool(_counted(plan))


def _counted(plan: QueryPlan) -> list[str]:
    """What is counted over all rows the plan reads."""
    found = [] if "quality_flag" in plan.idle else ["missing", "excluded", *_OF_ANY_ROW]
    return [*found, "turned"] if plan.rows.pair is not None else found


def meets(rows: Rows, tags: Mapping[str, Any]) -> bool:
    """Whether a row is among those that a restriction names."""
    named = (
        ("region", rows.regions), ("energy_source", rows.sources), ("state", rows.states),
        ("entity_name", rows.plants), *rows.attributes,
    )  # fmt: skip
    return all(tags.get(name) in values for name, values in named if values)


def _rank(text: str | None) -> tuple[Any, ...]:
    """The order of revisions: numbers above texts above nothing, as `sql.render` has it."""
    if text is None:
        return (0, 0.0, "")
    try:
        return (2, float(text), text)
    except ValueError:
        return (1, 0.0, text)
