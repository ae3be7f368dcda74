"""A `QueryPlan` as Flux for the time-series store: one query, and rows from its tables.

What the storage engine does itself (pushed down, so that no point leaves it):
- every `range` and `filter`: dataset, fields, tags, flags;
- where each row is a value of its own (`flux_rows.is_single`): sum, count, first, last, max and
  min of each series and civil hour, day, week, month or year, or of the whole stretch, and the
  numbers of rows by flag.
What comes row by row, and is put together by `tally`: values that are added up, compared
or divided at each instant, changes from one interval to the next, revisions, and buckets no longer
than an interval. `flux_whole` asks for many of these in aggregates too, with the proof that nothing
is missing: it is tried first.

Flux's windows know no Brasília: each stretch of one offset from UTC is a read of its own, whose
windows begin so many hours later. A day that begins at 01:00, or has an hour twice, lies in two of
them, and its pieces are added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ons_platform.questions.engines.clock import Clock, clocks
from ons_platform.questions.engines.flux_rows import (
    TOLD,
    Read,
    answered,
    counts_flags,
    is_single,
    yielded,
)
from ons_platform.questions.engines.flux_source import EVERY, Source, follow, runs, window_of
from ons_platform.questions.engines.flux_text import names, number, one_of
from ons_platform.questions.engines.notrenderable import NotRenderable
from ons_platform.questions.engines.stretches import Stretch, stretches
from ons_platform.questions.intent import Aggregate, Operation
from ons_platform.questions.plan import QueryPlan
from ons_platform.timeseries.annotated_csv import FluxTable


@dataclass(frozen=True)
class FluxQuery:
    """A plan's query; `reads` are its yields, named by their number."""

    plan: QueryPlan
    reads: tuple[Read, ...]

    @property
    def text(self) -> str:
        """The query."""
        return yielded(self.reads)

    def rows(self, tables: Sequence[FluxTable]) -> list[dict[str, Any]]:
        """Rows in the columns and the order of `sql.render`, from the query's tables.

        A plan that reads no value has no rows.
        """
        return answered(self.plan, self.reads, tables)


def render_flux(plan: QueryPlan) -> FluxQuery:
    """The query of a plan; raises `NotRenderable` for one that the store has no place for."""
    if plan.aggregate is Aggregate.COUNT and (plan.threshold is None or plan.bucket is not None):
        raise NotRenderable("there is nothing to count")
    reads = tuple(_Writer(plan).reads())
    if not reads:
        raise NotRenderable("the plan's windows are empty")
    return FluxQuery(plan, reads)


def _is_direct(plan: QueryPlan) -> bool:
    """True when the storage engine can aggregate: values of their own, in buckets of many."""
    if not is_single(plan) or plan.versions or plan.operation is Operation.RAMP:
        return False
    grain = timedelta(hours=plan.hours)
    if grain > timedelta(days=28) and plan.aggregate is Aggregate.ENERGY:
        return False
    if plan.rows.hours and (plan.bucket is not None or not follow(plan.rows.hours)):
        return False
    if plan.threshold is not None and (plan.negate or plan.rows.pair is not None):
        return False
    return plan.bucket is None or (plan.bucket in EVERY and grain < EVERY[plan.bucket][1])


def ways_of(plan: QueryPlan) -> Iterator[str]:
    """The aggregates that the plan's rows are made of; what a sign turns is asked for both ways."""
    yield from ("sum", "count", "first", "last")
    extremes = {Aggregate.MAX, Aggregate.MIN}
    asked = extremes & {plan.aggregate, plan.alternative}
    if plan.operation is Operation.MATCHING and plan.threshold is not None:
        asked.add(Aggregate.MIN if plan.threshold.comparison.startswith("<") else Aggregate.MAX)
    if asked and (plan.negate or plan.rows.pair is not None):
        asked = extremes
    yield from sorted(item.value for item in asked)
    if plan.threshold is not None and plan.bucket is None:
        yield "hits"


class _Writer:
    """Writes the reads of one plan."""

    def __init__(self, plan: QueryPlan) -> None:
        self._plan = plan
        self._sources = [Source(plan, dataset) for dataset in (plan.dataset, *plan.also)]

    def reads(self) -> Iterator[Read]:
        """All of them."""
        plan = self._plan
        parts = [item for item in stretches(plan) if item.start < item.end]
        whole = [Clock(item, timedelta()) for item in parts]
        chosen = plan.rows.hours if follow(plan.rows.hours) else ()
        civil = chosen or (plan.bucket is not None and _is_direct(plan))
        for points in self._sources:
            for leg in clocks(parts) if civil else whole:
                for hours in runs(chosen, leg.offset):
                    yield from self._values(points, leg, hours)
            if counts_flags(plan) and not plan.versions:
                yield from (flags_of(plan, points, part) for part in parts)

    def _values(self, points: Source, leg: Clock, hours: str) -> Iterator[Read]:
        """Values of one stretch, aggregated or not."""
        plan, window = self._plan, leg.stretch.window
        tests = [points.fields(missing=True)] if plan.versions else points.usable()
        source = points.text(leg.stretch, tests) + hours
        if _is_direct(plan):
            for way in ways_of(plan):
                yield Read(source + aggregated(plan, points, way, leg), way, points.model, window)
        else:
            columns = [*points.tags(), "_time", "_value"]
            yield Read(
                f"{source}\n  |> keep(columns: {names(columns)})", "rows", points.model, window
            )


def aggregated(plan: QueryPlan, points: Source, way: str, leg: Clock) -> str:
    """An aggregate of each series and bucket; of extremes the instants are kept."""
    kept = names([*points.tags(), "_time", "_value"])
    keep = f"\n  |> keep(columns: {kept})"
    call = "count" if way == "hits" else way
    if way == "hits" and plan.threshold is not None:
        said = plan.threshold
        compared = "==" if said.comparison == "=" else said.comparison
        test = f"r._value {compared} {number(said.value)}"
        return f"\n  |> filter(fn: (r) => {test})\n  |> count(){keep}"
    if plan.bucket is None:
        return f"\n  |> {call}(){keep}"
    window = window_of(plan, leg)
    if way in {"sum", "count"}:
        given = f'{window}, fn: {call}, timeSrc: "_start", createEmpty: false'
        return f"\n  |> aggregateWindow({given}){keep}"
    return f"\n  |> window({window}, createEmpty: false)\n  |> {call}(){keep}"


def flags_of(plan: QueryPlan, points: Source, stretch: Stretch) -> Read:
    """Numbers of rows by flag and origin, hour by hour where not all hours are read."""
    flag = points.tag("quality_flag")
    tests = [points.fields(missing=True)]
    if plan.rows.pair is None:
        odd = [one_of(flag, TOLD), points.fields(missing=True, held=False)]
        tests.append(f"({' or '.join(odd)})")
    count = "count()"
    if plan.rows.hours:
        given = 'every: 1h, fn: count, timeSrc: "_start", createEmpty: false'
        count = f"aggregateWindow({given})"
    kept = names(["_field", flag, points.tag("region"), "_time", "_value"])
    source = points.text(stretch, tests)
    return Read(f"{source}\n  |> {count}\n  |> keep(columns: {kept})", "flags", points.model)
