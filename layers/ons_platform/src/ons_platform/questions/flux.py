"""A `QueryPlan` as Flux for the time-series store: one query, and rows from its tables.

What the storage engine does itself (pushed down, so that no point leaves it):
- every `range` and `filter`: dataset, fields, tags, flags;
- where each row is a value of its own (`flux_rows.is_single`): sum, count, first, last, max and
  min of each series and civil hour, day, week, month or year, or of the whole stretch, and the
  numbers of rows by flag.
What comes row by row, and is put together by `questions/tally`: values that are added up, compared
or divided at each instant, changes from one interval to the next, revisions, and buckets no longer
than an interval.

Flux's windows know no Brasília: each stretch of one offset from UTC is a read of its own, whose
windows begin so many hours later. A day that begins at 01:00, or has an hour twice, lies in two of
them, and its pieces are added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from ons_platform.catalog.model import Dataset
from ons_platform.questions.clock import Clock, clocks
from ons_platform.questions.flux_rows import TOLD, UNUSED, Read, answered, is_single
from ons_platform.questions.flux_text import (
    column,
    duration,
    flux_string,
    instant,
    names,
    number,
    one_of,
)
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.notrenderable import NotRenderable
from ons_platform.questions.plan import QueryPlan
from ons_platform.questions.sql import COLUMNS
from ons_platform.questions.stretches import stretches
from ons_platform.timeseries.annotated_csv import FluxTable
from ons_platform.timeseries.points import DATASET_TAG, MISSING_SUFFIX, PointModel, point_model

_EVERY = {
    Bucket.HOUR: ("1h", timedelta(hours=1)),
    Bucket.DAY: ("1d", timedelta(days=1)),
    Bucket.WEEK: ("1w", timedelta(weeks=1)),
    Bucket.MONTH: ("1mo", timedelta(days=31)),
    Bucket.YEAR: ("1y", timedelta(days=366)),
}
"""Flux's windows, and how long they are at most."""
_MONDAY = timedelta(days=4)
"""From the beginning of Unix time, a Thursday."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class FluxQuery:
    """A plan's query; `reads` are its yields, named by their number."""

    plan: QueryPlan
    reads: tuple[Read, ...]

    @property
    def text(self) -> str:
        """The query."""
        return "\n\n".join(
            f'{read.text}\n  |> yield(name: "{index}")' for index, read in enumerate(self.reads)
        )

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
    if plan.rows.hours and (plan.bucket is not None or not _few(plan.rows.hours)):
        return False
    if plan.threshold is not None and (plan.negate or plan.rows.pair is not None):
        return False
    return plan.bucket is None or (plan.bucket in _EVERY and grain < _EVERY[plan.bucket][1])


def _ways(plan: QueryPlan) -> Iterator[str]:
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
        self._models = [_model(dataset) for dataset in (plan.dataset, *plan.also)]

    def reads(self) -> Iterator[Read]:
        """All of them."""
        plan = self._plan
        parts = [item for item in stretches(plan) if item.start < item.end]
        whole = [Clock(item, timedelta()) for item in parts]
        chosen = plan.rows.hours if _few(plan.rows.hours) else ()
        civil = chosen or (plan.bucket is not None and _is_direct(plan))
        for model in self._models:
            for leg in clocks(parts) if civil else whole:
                for hours in _runs(chosen, leg.offset):
                    yield from self._values(model, leg, hours)
            if ("quality_flag" not in plan.idle or plan.rows.pair) and not plan.versions:
                yield from (self._flags(model, leg) for leg in whole)

    def _values(self, model: PointModel, leg: Clock, hours: str) -> Iterator[Read]:
        """Values of one stretch, aggregated or not."""
        plan, window = self._plan, leg.stretch.window
        tests = [self._fields(model, missing=True)] if plan.versions else self._usable(model)
        source = self._source(model, leg, tests) + hours
        if _is_direct(plan):
            for way in _ways(plan):
                yield Read(source + self._aggregated(model, way, leg), way, model, window)
        else:
            columns = [*self._tags(model), "_time", "_value"]
            yield Read(f"{source}\n  |> keep(columns: {names(columns)})", "rows", model, window)

    def _flags(self, model: PointModel, leg: Clock) -> Read:
        """Numbers of rows by flag and origin, hour by hour where not all hours are read."""
        plan, flag = self._plan, _tag(model, "quality_flag")
        tests = [self._fields(model, missing=True)]
        if plan.rows.pair is None:
            odd = [one_of(flag, TOLD), self._fields(model, missing=True, held=False)]
            tests.append(f"({' or '.join(odd)})")
        count = "count()"
        if plan.rows.hours:
            given = 'every: 1h, fn: count, timeSrc: "_start", createEmpty: false'
            count = f"aggregateWindow({given})"
        kept = names(["_field", flag, _tag(model, "region"), "_time", "_value"])
        source = self._source(model, leg, tests)
        return Read(f"{source}\n  |> {count}\n  |> keep(columns: {kept})", "flags", model)

    def _source(self, model: PointModel, leg: Clock, tests: Sequence[str]) -> str:
        own = [one_of("_measurement", [model.measurement]), one_of(DATASET_TAG, [model.dataset])]
        tests = [*own, *tests, *self._conditions(model)]
        start, stop = instant(leg.stretch.start), instant(leg.stretch.end)
        return (
            f"from(bucket: {flux_string(model.bucket)})\n"
            f"  |> range(start: {start}, stop: {stop})\n"
            f"  |> filter(fn: (r) => {' and '.join(tests)})"
        )

    def _usable(self, model: PointModel) -> list[str]:
        """Rows with a value that does not contradict its file."""
        tests = [self._fields(model, missing=False)]
        if "quality_flag" not in self._plan.idle:
            flag = column(_tag(model, "quality_flag"))
            tests += [f"{flag} != {flux_string(value)}" for value in sorted(UNUSED)]
        return tests

    def _fields(self, model: PointModel, *, missing: bool, held: bool = True) -> str:
        """The fields of rows with a value, and of those without."""
        fields = []
        for kind in self._plan.kinds:
            if kind not in model.fields:
                raise NotRenderable(f"{model.dataset} has no field for {kind}")
            fields.append(model.fields[kind])
        without = [f"{field}{MISSING_SUFFIX}" for field in fields] if missing else []
        return one_of("_field", [*(fields if held else []), *without])

    def _conditions(self, model: PointModel) -> Iterator[str]:
        """Tests of the plan's restrictions."""
        rows, idle = self._plan.rows, self._plan.idle
        said = (
            ("region", rows.regions), ("energy_source", rows.sources), ("state", rows.states),
            ("entity_name", rows.plants),
        )  # fmt: skip
        for name, values in said:
            if values and name not in idle:
                yield one_of(_tag(model, name), values)
        for name, values in rows.attributes:
            yield one_of(_tag(model, name), values)
        if rows.pair is not None:
            here, there = _tag(model, "region"), _tag(model, "region_to")
            ways = [
                f"({one_of(here, [origin])} and {one_of(there, [end])})"
                for origin, end in (rows.pair, rows.pair[::-1])
            ]
            yield f"({' or '.join(ways)})"

    def _tags(self, model: PointModel) -> list[str]:
        """Tags that tell apart what is added up apart."""
        plan = self._plan
        columns = [COLUMNS[item] for item in plan.by if item is not Dimension.WINDOW]
        if plan.spread is not None or plan.rows.pair is not None:
            columns.append("region")
        if plan.numerator is not None:
            columns += ["region", "energy_source", "state", "entity_name"]
            columns += [name for name, _ in plan.numerator.attributes]
        if plan.ratio is not None or plan.versions:
            columns += [name for name in plan.things if name in model.tags]
        if plan.versions:
            columns += [*plan.versions, "quality_flag", "region"]
        several = len(plan.kinds) > 1 or plan.ratio is not None or bool(plan.versions)
        tags = [_tag(model, name) for name in dict.fromkeys(columns)]
        return [*tags, "_field"] if several else tags

    def _aggregated(self, model: PointModel, way: str, leg: Clock) -> str:
        """An aggregate of each series and bucket; of extremes the instants are kept."""
        kept = names([*self._tags(model), "_time", "_value"])
        keep = f"\n  |> keep(columns: {kept})"
        call = "count" if way == "hits" else way
        if way == "hits" and self._plan.threshold is not None:
            said = self._plan.threshold
            compared = "==" if said.comparison == "=" else said.comparison
            test = f"r._value {compared} {number(said.value)}"
            return f"\n  |> filter(fn: (r) => {test})\n  |> count(){keep}"
        if self._plan.bucket is None:
            return f"\n  |> {call}(){keep}"
        window = _window(self._plan, leg)
        if way in {"sum", "count"}:
            given = f'{window}, fn: {call}, timeSrc: "_start", createEmpty: false'
            return f"\n  |> aggregateWindow({given}){keep}"
        return f"\n  |> window({window}, createEmpty: false)\n  |> {call}(){keep}"


def _window(plan: QueryPlan, leg: Clock) -> str:
    """Flux's windows that are the plan's buckets under the clock of the stretch."""
    if plan.bucket is None:
        raise NotRenderable("a window needs a bucket")
    every, length = _EVERY[plan.bucket]
    behind = -leg.offset - timedelta(days=plan.label_days)
    if plan.bucket in {Bucket.MONTH, Bucket.YEAR}:
        if behind < timedelta():
            every, length = _EVERY[Bucket.DAY]
        else:
            length = behind + _HOUR
    offset = (behind + (_MONDAY if plan.bucket is Bucket.WEEK else timedelta())) % length
    return f"every: {every}, offset: {duration(offset)}"


def _few(hours: Sequence[int]) -> bool:
    """True for hours that follow each other: selected by the server, others as they come."""
    return bool(hours) and hours[-1] - hours[0] == len(hours) - 1


def _runs(hours: Sequence[int], offset: timedelta) -> list[str]:
    """The civil hours that are read, as runs of hours in UTC; all of them need no selection."""
    if not hours:
        return [""]
    if offset % _HOUR:
        raise NotRenderable("clocks of Brasília were not whole hours from UTC")
    found = sorted((hour - offset // _HOUR) % 24 for hour in hours)
    runs = [
        [hour for _, hour in run]
        for _, run in groupby(enumerate(found), key=lambda item: item[1] - item[0])
    ]
    return [f"\n  |> hourSelection(start: {run[0]}, stop: {run[-1]})" for run in runs]


def _model(dataset: Dataset) -> PointModel:
    model = point_model(dataset)
    if model is None:
        raise NotRenderable(f"{dataset.dataset} has no place in the time-series store")
    return model


def _tag(model: PointModel, name: str) -> str:
    if name not in model.tags:
        raise NotRenderable(f"{model.dataset} has no tag for {name}")
    return model.tags[name]
