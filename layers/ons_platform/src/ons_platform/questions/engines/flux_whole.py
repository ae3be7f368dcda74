"""A plan in aggregates, with the proof that nothing is missing where values are added up.

Values of several things at an instant (the system's load is that of four subsystems) count where
enough of them are there, which only a look at every instant could tell. Mostly all are there. Then
sums over time may be taken of each thing by itself, by the storage engine. The proof is its as
well: the number of values of each thing and the first and last of them. A thing that has as many
values as there are intervals between its first and its last has one at each. When as many things as
are needed are such, from the first instant of all to the last, every instant is whole.

Extremes, and values on one side of a threshold, are those of the sums at each instant: the server
adds them up (`aggregateWindow` of a microsecond) and gives one value for each bucket.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ons_platform.lake.quality import QualityFlag
from ons_platform.lake.zone import brasilia
from ons_platform.questions.engines.clock import Clock, clocks
from ons_platform.questions.engines.flux import aggregated, flags_of, ways_of
from ons_platform.questions.engines.flux_rows import (
    Answers,
    Read,
    counts_flags,
    is_single,
    series_of,
    yielded,
)
from ons_platform.questions.engines.flux_source import EVERY, Source
from ons_platform.questions.engines.flux_text import names
from ons_platform.questions.engines.stretches import Stretch, stretches
from ons_platform.questions.engines.tally import BucketValue, Extreme, Group, Tally, floor
from ons_platform.questions.intent import Aggregate, Bucket, Operation
from ons_platform.questions.plan import QueryPlan
from ons_platform.timeseries.annotated_csv import FluxTable

_GRAINS = frozenset({"PT30M", "PT1H"})
"""Intervals of which so many fit between two instants that aggregates are worth a proof."""
_LINEAR = frozenset({Aggregate.SUM, Aggregate.MEAN, Aggregate.ENERGY, Aggregate.SHARE})
_EXTREMES = frozenset({Aggregate.MAX, Aggregate.MIN})
_AT_INSTANTS = frozenset({"max", "min", "hits"})
_AT_ONE_INSTANT = 'aggregateWindow(every: 1us, fn: sum, timeSrc: "_start", createEmpty: false)'
_AT_ONCE = timedelta(days=180)
"""Of sums at instants; the server's time grows with the square of their number."""


@dataclass(frozen=True)
class WholeQuery:
    """A plan's query in aggregates; `parts` are the numbers of the stretches of its reads."""

    plan: QueryPlan
    reads: tuple[Read, ...]
    parts: tuple[int, ...]

    @property
    def text(self) -> str:
        """The query."""
        return yielded(self.reads)

    @property
    def sums_instants(self) -> bool:
        """Whether the server has to add values up at each instant: a microsecond for each."""
        return any(read.way in _AT_INSTANTS for read in self.reads)

    def rows(self, tables: Sequence[FluxTable]) -> list[dict[str, Any]] | None:
        """Rows as `FluxQuery` gives them; None where something is missing, or may be."""
        found = _Whole(self.plan)
        for table in tables:
            index = int(table.name)
            found.take(self.parts[index], self.reads[index], table)
        return found.rows()


def render_whole(plan: QueryPlan) -> WholeQuery | None:
    """The query of a plan that adds values up; None for plans of other kinds."""
    if not _can_be(plan):
        return None
    found = [(part, read) for part, read in _Writer(plan).reads()]
    if not found:
        return None
    return WholeQuery(plan, tuple(read for _, read in found), tuple(part for part, _ in found))


def _can_be(plan: QueryPlan) -> bool:
    """True for sums over things at an instant, in buckets of many intervals."""
    if is_single(plan) or plan.minus or plan.ratio or plan.spread or plan.versions:
        return False
    if plan.operation is Operation.RAMP or plan.rows.hours or plan.dataset.grain not in _GRAINS:
        return False
    extreme = bool(set(ways_of(plan)) & _AT_INSTANTS)
    if plan.aggregate not in _LINEAR | _EXTREMES or (extreme and plan.also):
        return False
    if plan.threshold is not None and plan.negate:
        return False
    long = plan.bucket is None or (plan.bucket in EVERY and plan.bucket is not Bucket.HOUR)
    return long and not (plan.aggregate is Aggregate.SHARE and plan.negate)


class _Writer:
    """Writes the reads of one plan, each with the number of its stretch."""

    def __init__(self, plan: QueryPlan) -> None:
        self._plan = plan
        self._sources = [Source(plan, dataset) for dataset in (plan.dataset, *plan.also)]

    def reads(self) -> Iterator[tuple[int, Read]]:
        """All of them."""
        for number, part in enumerate(stretches(self._plan)):
            for points in self._sources:
                yield from ((number, read) for read in self._proof(points, part))
                for leg in clocks([part]):
                    yield from ((number, read) for read in self._sums(points, leg))
                if counts_flags(self._plan):
                    yield number, flags_of(self._plan, points, part)

    def _proof(self, points: Source, part: Stretch) -> Iterator[Read]:
        """How many values each thing has, and its first and last."""
        plan, model = self._plan, points.model
        things = [points.tag(name) for name in (*plan.things, "quality_flag")]
        kept = dict.fromkeys((*points.tags(), *things, "_time", "_value"))
        source = points.text(part, points.usable())
        for way in ("count", "first", "last"):
            text = f"{source}\n  |> {way}()\n  |> keep(columns: {names(kept)})"
            yield Read(text, way, model, part.window)

    def _sums(self, points: Source, leg: Clock) -> Iterator[Read]:
        """Sums over time, and of the sums at each instant what stands out."""
        model, window = points.model, leg.stretch.window
        wanted = set(ways_of(self._plan))
        if self._plan.aggregate in _LINEAR or self._plan.alternative in _LINEAR:
            source = points.text(leg.stretch, points.usable())
            yield Read(source + aggregated(self._plan, points, "sum", leg), "sum", model, window)
        for way in sorted(wanted & _AT_INSTANTS):
            for part in _cut(leg.stretch):
                source = points.text(part, points.usable())
                groups = names(points.groups())
                yield Read(
                    f"{source}\n  |> group(columns: {groups})\n  |> {_AT_ONE_INSTANT}"
                    + aggregated(self._plan, points, way, leg),
                    way, model, window,
                )  # fmt: skip


def _cut(stretch: Stretch) -> Iterator[Stretch]:
    start = stretch.start
    while start < stretch.end:
        end = min(start + _AT_ONCE, stretch.end)
        yield Stretch(start, end, stretch.window)
        start = end


@dataclass(slots=True)
class _Thing:
    """The values of a thing in a stretch."""

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None


class _Whole:
    """Takes tables in, and makes rows of them if the proof holds."""

    def __init__(self, plan: QueryPlan) -> None:
        self._plan = plan
        self._answers = Answers(plan)
        self._tallies = self._answers.tallies
        self._things: dict[tuple[int, Group], dict[tuple[Any, ...], _Thing]] = {}
        self._spans: dict[tuple[datetime, datetime], list[tuple[BucketValue, Tally]]] = {}
        self._stray = False
        self._grain = timedelta(hours=plan.hours)

    def take(self, part: int, read: Read, table: FluxTable) -> None:
        """Take one table in."""
        if read.way in {"count", "first", "last"}:
            self._prove(part, read, table)
        elif read.way == "sum":
            self._add(read, table)
        else:
            self._answers.take(read, table)

    def rows(self) -> list[dict[str, Any]] | None:
        """The plan's rows; None unless every instant is whole."""
        for (_, group), things in self._things.items():
            span = self._span(list(things.values()))
            if span is None:
                return None
            for bucket, tally in self._instants(*span):
                self._tallies.put(group, bucket, tally)
        return None if self._stray else self._answers.rows()

    def _prove(self, part: int, read: Read, table: FluxTable) -> None:
        series = series_of(self._plan, read, table)
        stray = QualityFlag.STRAY_TIMESTAMP.value
        self._stray = self._stray or series.tags.get("quality_flag") == stray
        name = (series.model.dataset, *(series.tags.get(item) for item in self._plan.things))
        things = self._things.setdefault((part, series.group), {})
        thing = things.setdefault(name, _Thing())
        if read.way == "count":
            thing.count += sum(table.columns["_value"])
            return
        for at in table.columns["_time"]:
            if read.way == "first":
                thing.first = min(thing.first or at, at)
            else:
                thing.last = max(thing.last or at, at)

    def _add(self, read: Read, table: FluxTable) -> None:
        """Sums of windows, and of what a share is of."""
        series = series_of(self._plan, read, table)
        for bucket, value in self._answers.windows(table):
            tally = self._answers.piece("sum", None, value, -1.0 if self._plan.negate else 1.0)
            tally.part = value if series.in_part else 0.0
            self._tallies.put(series.group, bucket, tally)

    def _span(self, things: list[_Thing]) -> tuple[datetime, datetime] | None:
        """The first and the last instant, if at each between enough things have a value."""
        first = min(thing.first for thing in things if thing.first)
        last = max(thing.last for thing in things if thing.last)
        steps, rest = divmod(last - first, self._grain)
        whole = [
            thing
            for thing in things
            if thing.count == steps + 1 and thing.first == first and thing.last == last
        ]
        enough = len(whole) >= max(self._plan.parts or 0, 1)
        return (first, last) if enough and not rest else None

    def _instants(self, first: datetime, last: datetime) -> list[tuple[BucketValue, Tally]]:
        """How many instants lie in each bucket, and the first and last of them."""
        if (first, last) not in self._spans:
            self._spans[first, last] = list(self._counted(first, last))
        return self._spans[first, last]

    def _counted(self, first: datetime, last: datetime) -> Iterator[tuple[BucketValue, Tally]]:
        if self._plan.bucket is None:
            yield None, _several((last - first) // self._grain + 1, first, last)
            return
        at = first
        while at <= last:
            bucket = self._tallies.bucket(at)
            end = min(self._end(bucket), last + self._grain)
            number = -((at - end) // self._grain)
            yield bucket, _several(number, at, at + (number - 1) * self._grain)
            at += number * self._grain

    def _end(self, bucket: BucketValue) -> datetime:
        """When the next civil day, week, month or year begins; what labels its days is later."""
        plan = self._plan
        if not isinstance(bucket, datetime) or plan.bucket is None:
            raise TypeError(bucket)
        following = floor(bucket + EVERY[plan.bucket][1], plan.bucket)
        if not isinstance(following, datetime):
            raise TypeError(following)
        return (following - timedelta(days=plan.label_days)).replace(tzinfo=brasilia())


def _several(number: int, first: datetime, last: datetime) -> Tally:
    """So many values between two instants, whatever they are."""
    return Tally(n=number, held=number, first=first, last=Extreme(0.0, last))
