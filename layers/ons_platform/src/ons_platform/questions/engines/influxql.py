"""A `QueryPlan` as InfluxQL for the time-series store: statements, and rows from their answers.

InfluxQL adds up what stands at one instant (`GROUP BY time(1u)`), but has no civil time, no tests
on groups and no instants of grouped extremes. So there are two ways. Where things come together at
an instant, or days and hours matter, the statements give one value per instant and group, and
`tally` does the rest. Where each row is a value of its own, and the whole period, a month
or a year is asked for, the server aggregates each stretch, which is many times faster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ons_platform.catalog.model import Dataset, Ratio
from ons_platform.lake.quality import NOT_USED_IN_ANSWERS
from ons_platform.questions.engines.influxql_rows import Read, answered, group_columns
from ons_platform.questions.engines.influxql_text import literal, name, number, one_of, within
from ons_platform.questions.engines.notrenderable import NotRenderable
from ons_platform.questions.engines.sql import COLUMNS
from ons_platform.questions.engines.stretches import Stretch, cells, stretches
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.plan import QueryPlan, Rows
from ons_platform.timeseries.client import QlSeries
from ons_platform.timeseries.points import DATASET_TAG, MISSING_SUFFIX, PointModel, point_model

MAX_STATEMENTS = 400
"""Of one query; a plan of more months than that is read instant by instant."""
_SHORT = frozenset({"PT30M", "PT1H", "event"})


@dataclass(frozen=True)
class InfluxqlQuery:
    """The statements of a plan, for one request to `database`."""

    plan: QueryPlan
    database: str
    reads: tuple[Read, ...]

    @property
    def text(self) -> str:
        """All statements."""
        return ";\n".join(read.text for read in self.reads)

    def rows(self, answers: Sequence[Sequence[QlSeries]]) -> list[dict[str, Any]]:
        """Rows in the columns and the order of `sql.render`, from the statements' answers.

        A plan that reads no value has no rows.
        """
        return answered(self.plan, self.reads, answers)


def render_influxql(plan: QueryPlan) -> InfluxqlQuery:
    """The statements of a plan; raises `NotRenderable` for what InfluxQL cannot say."""
    if plan.versions:
        raise NotRenderable("InfluxQL cannot choose the newest of several revisions")
    writer = _Writer(plan)
    reads = tuple(writer.aggregated() if _is_direct(plan) else writer.by_instant())
    reads += tuple(writer.flags())
    if not reads:
        raise NotRenderable("the plan's windows are empty")
    return InfluxqlQuery(plan, writer.database, reads)


def _is_direct(plan: QueryPlan) -> bool:
    """True when the server can aggregate whole stretches: each row is a value of its own."""
    together = (
        plan.minus, plan.ratio, plan.spread, plan.numerator, plan.rows.pair, plan.also,
        plan.rows.hours, plan.negate, plan.operation is Operation.RAMP,
    )  # fmt: skip
    if any(together) or plan.dataset.grain not in _SHORT:
        return False
    if plan.bucket not in {None, Bucket.MONTH, Bucket.YEAR}:
        return False
    if plan.parts is not None and (plan.parts > 1 or not _told_apart(plan)):
        return False
    count = sum(1 for item in stretches(plan) for _ in cells(item, plan.bucket))
    return 5 * count <= MAX_STATEMENTS


def _extremes(plan: QueryPlan) -> list[str]:
    """The extremes that the plan's rows tell."""
    asked = {plan.aggregate, plan.alternative}
    if plan.operation is Operation.MATCHING and plan.threshold is not None:
        low = plan.threshold.comparison.startswith("<")
        asked.add(Aggregate.MIN if low else Aggregate.MAX)
    return [item.value for item in (Aggregate.MAX, Aggregate.MIN) if item in asked]


def _told_apart(plan: QueryPlan) -> bool:
    """True when the key leaves one row per instant and group."""
    rows, dataset = plan.rows, plan.dataset
    single = {COLUMNS[item] for item in plan.by} | set(dataset.constants)
    said = {
        Dimension.REGION: rows.regions, Dimension.SOURCE: rows.sources,
        Dimension.STATE: rows.states, Dimension.PLANT: rows.plants,
    }  # fmt: skip
    single |= {COLUMNS[item] for item, values in said.items() if len(values) == 1}
    single |= {column for column, values in rows.attributes if len(values) == 1}
    kinds = [m for m in dataset.measures if plan.kinds[0] in m.measurement_types]
    if dataset.column("source") is None and len(kinds) <= 1:
        single.add("energy_source")
    return set(plan.things) <= single


class _Writer:
    """Writes the statements of one plan."""

    def __init__(self, plan: QueryPlan) -> None:
        self._plan = plan
        self._models = [_model(dataset) for dataset in (plan.dataset, *plan.also)]
        self._stretches = stretches(plan)
        self.database = self._models[0].bucket

    def aggregated(self) -> Iterator[Read]:
        """What the server makes of each stretch: totals, and values with their instants."""
        (model,) = self._models
        field = self._field(model, self._plan.kinds[0])
        asked = {
            "totals": f"sum({field}) AS v, count({field}) AS n",
            "first": f"first({field}) AS v",
            "last": f"last({field}) AS v",
        }
        asked |= {way: f"{way}({field}) AS v" for way in _extremes(self._plan)}
        for stretch in self._stretches:
            for bucket, cell in cells(stretch, self._plan.bucket):
                for way, what in asked.items():
                    yield self._read(model, way, what, cell, bucket)
                if self._plan.threshold is not None:
                    test = f"{field} {self._plan.threshold.comparison} "
                    test += number(self._plan.threshold.value)
                    yield self._read(
                        model, "hits", f"count({field}) AS n", cell, bucket, more=(test,)
                    )

    def by_instant(self) -> Iterator[Read]:
        """One value per instant and group, of each thing the plan computes with."""
        plan = self._plan
        for stretch in self._stretches:
            for model in self._models:
                if plan.ratio is not None:
                    yield self._terms(plan.ratio, model, stretch)
                    continue
                for way, kind in zip(("value", "minus"), plan.kinds, strict=False):
                    yield self._values(model, way, kind, stretch, plan.rows)
                if plan.numerator is not None:
                    yield self._values(
                        model, "part", plan.kinds[0], stretch, plan.rows, plan.numerator
                    )

    def flags(self) -> Iterator[Read]:
        """Numbers of rows by flag (and origin of a flow), with and without a value."""
        plan = self._plan
        flagged, turned = "quality_flag" not in plan.idle, plan.rows.pair is not None
        if not (flagged or turned):
            return
        for model in self._models:
            fields = [model.fields[kind] for kind in plan.kinds if kind in model.fields]
            what = ", ".join(
                f"count({name(field)}) AS n{i}, count({name(field + MISSING_SUFFIX)}) AS m{i}"
                for i, field in enumerate(fields)
            )
            tags = [name(model.tags["quality_flag"])]
            tags += [name(model.tags["region"])] if turned else []
            step = "time(1h), " if plan.rows.hours else ""
            fill = " fill(none)" if plan.rows.hours else ""
            for stretch in self._stretches:
                where = self._where(model, stretch, [plan.rows], usable=False)
                yield Read(
                    f"SELECT {what} FROM {_source(model)} WHERE {where} "  # noqa: S608
                    f"GROUP BY {step}{', '.join(tags)}{fill}",
                    "flags",
                    model,
                )

    def _values(
        self, model: PointModel, way: str, kind: str, stretch: Stretch, *rows: Rows
    ) -> Read:
        field = self._field(model, kind)
        where = self._where(model, stretch, rows)
        plan = self._plan
        tags = [name(tag) for tag in self._tags(model)]
        if _is_raw(plan):
            grouped = f" GROUP BY {', '.join(tags)}" if tags else ""
            text = f"SELECT {field} AS v FROM {_source(model)} WHERE {where}{grouped}"  # noqa: S608
            return Read(text, "raw", model, stretch.window)
        count = plan.spread is not None or (plan.parts or 0) > 1
        counted = f", count({field}) AS n" if count else ""
        grouped = ", ".join(["time(1u)", *tags])
        text = (
            f"SELECT sum({field}) AS v{counted} FROM {_source(model)} WHERE {where} "  # noqa: S608
            f"GROUP BY {grouped} fill(none)"
        )
        return Read(text, way, model, stretch.window)

    def _terms(self, ratio: Ratio, model: PointModel, stretch: Stretch) -> Read:
        """Numerator and denominator of each thing at each instant."""
        terms = {"num": ratio.numerator, "den": ratio.denominator, "per": ratio.per}
        what = ", ".join(
            f"max({self._field(model, kind)}) AS {term}"
            for term, kind in terms.items()
            if kind is not None
        )
        where = self._where(model, stretch, [self._plan.rows])
        things = [*self._tags(model), *(_tag(model, column) for column in self._plan.things)]
        grouped = ", ".join(["time(1u)", *(name(tag) for tag in dict.fromkeys(things))])
        text = (
            f"SELECT {what} FROM {_source(model)} WHERE {where} "  # noqa: S608
            f"GROUP BY {grouped} fill(none)"
        )
        return Read(text, "terms", model, stretch.window)

    def _read(
        self,
        model: PointModel,
        way: str,
        what: str,
        cell: Stretch,
        bucket: datetime | None,
        more: Sequence[str] = (),
    ) -> Read:
        where = " AND ".join([self._where(model, cell, [self._plan.rows]), *more])
        tags = ", ".join(name(tag) for tag in self._tags(model))
        grouped = f" GROUP BY {tags}" if tags else ""
        text = f"SELECT {what} FROM {_source(model)} WHERE {where}{grouped}"  # noqa: S608
        return Read(text, way, model, cell.window, bucket)

    def _tags(self, model: PointModel) -> list[str]:
        """Tags that tell the values of an instant apart: the plan's, and the sign's."""
        columns = group_columns(self._plan)
        return list(dict.fromkeys(_tag(model, column) for column in columns))

    def _where(
        self, model: PointModel, stretch: Stretch, rows: Sequence[Rows], *, usable: bool = True
    ) -> str:
        tests = [one_of(DATASET_TAG, [model.dataset]), within(stretch.start, stretch.end)]
        for item in rows:
            tests += _conditions(model, item)
        if usable and "quality_flag" not in self._plan.idle:
            flag = name(model.tags["quality_flag"])
            tests += [f"{flag} != {literal(item.value)}" for item in NOT_USED_IN_ANSWERS]
        return " AND ".join(tests)

    def _field(self, model: PointModel, kind: str) -> str:
        if kind not in model.fields:
            raise NotRenderable(f"{model.dataset} has no field for {kind}")
        return name(model.fields[kind])


def _is_raw(plan: QueryPlan) -> bool:
    """True when the rows of an instant are not added up."""
    return plan.parts is None and not (plan.numerator or plan.minus or plan.spread)


def _model(dataset: Dataset) -> PointModel:
    model = point_model(dataset)
    if model is None:
        raise NotRenderable(f"{dataset.dataset} has no place in the time-series store")
    return model


def _source(model: PointModel) -> str:
    return f"{name(model.bucket)}..{name(model.measurement)}"


def _tag(model: PointModel, column: str) -> str:
    if column not in model.tags:
        raise NotRenderable(f"{model.dataset} has no tag for {column}")
    return model.tags[column]


def _conditions(model: PointModel, rows: Rows) -> list[str]:
    said = {
        Dimension.REGION: rows.regions, Dimension.SOURCE: rows.sources,
        Dimension.STATE: rows.states, Dimension.PLANT: rows.plants,
    }  # fmt: skip
    found = [one_of(_tag(model, COLUMNS[item]), values) for item, values in said.items() if values]
    found += [one_of(_tag(model, column), values) for column, values in rows.attributes]
    if rows.pair is not None:
        here, there = name(_tag(model, "region")), name(_tag(model, "region_to"))
        ways = [
            f"({here} = {literal(origin)} AND {there} = {literal(end)})"
            for origin, end in (rows.pair, rows.pair[::-1])
        ]
        found.append(f"({' OR '.join(ways)})")
    return found
