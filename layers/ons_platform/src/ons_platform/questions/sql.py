"""A `QueryPlan` as SQL for the lake engine; every value from the question is a bound parameter."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ons_platform.lake.canonical import NOT_USED_IN_ANSWERS
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.plan import QueryPlan, Rows

_COLUMNS = {
    Dimension.REGION: "region", Dimension.STATE: "state", Dimension.SOURCE: "energy_source",
    Dimension.PLANT: "entity_name", Dimension.WINDOW: "period",
}  # fmt: skip
_TRUNCATED = {
    Bucket.HOUR: "hour", Bucket.DAY: "day", Bucket.WEEK: "week", Bucket.MONTH: "month", Bucket.YEAR: "year",
}  # fmt: skip
_AGGREGATES = {
    Aggregate.MEAN: "avg(v)", Aggregate.MAX: "max(v)", Aggregate.MIN: "min(v)", Aggregate.SUM: "sum(v)",
}  # fmt: skip
_UNUSED = ", ".join(f"'{flag.value}'" for flag in NOT_USED_IN_ANSWERS)


@dataclass
class Statement:
    """SQL text with `?` places and the values for them, in order."""

    text: str = ""
    parameters: list[Any] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        """A place for the value."""
        self.parameters.append(value)
        return "?"

    @property
    def readable(self) -> str:
        """The statement with its values written in, as `ons query` would run it."""
        parts = self.text.split("?")
        values = [_literal(value) for value in self.parameters] + [""]
        return "".join(part + value for part, value in zip(parts, values, strict=True))


def render(plan: QueryPlan) -> Statement:
    """The statement of a plan. Result columns: dimensions, `bucket`, `value`, `n`, `at`, `first`, `last`."""
    statement = Statement()
    tags = [_COLUMNS[item] for item in plan.by]
    lines = [f"WITH picked AS (\n  {_picked(plan, statement)}\n)"]
    lines.append(f", series AS (\n  {_series(plan, tags, statement)}\n)")
    source = "series"
    if plan.operation is Operation.RAMP:
        lines.append(f", ramps AS (\n  {_ramps(plan, tags)}\n)")
        source = "ramps"
    lines.append(_final(plan, tags, source, statement))
    statement.text = "\n".join(lines)
    return statement


def civil(column: str) -> str:
    """Brasília civil time of a UTC instant."""
    return f"timezone('America/Sao_Paulo', {column})"


def _picked(plan: QueryPlan, statement: Statement) -> str:
    columns = ["timestamp AS t", "value", "quality_flag"]
    columns += [_COLUMNS[item] for item in _read_dimensions(plan)]
    if Dimension.WINDOW in plan.by:
        columns.append(_window_case(plan, statement))
    conditions = [f"measurement_type = {statement.bind(plan.metric.measurement_type)}"]
    spans = [
        f"timestamp >= {statement.bind(item.start)} AND timestamp < {statement.bind(item.end)}"
        for item in plan.windows
    ]
    conditions.append(" OR ".join(f"({span})" for span in spans) if len(spans) > 1 else spans[0])
    conditions += _conditions(plan.rows, statement)
    if plan.rows.hours:
        hours = ", ".join(str(hour) for hour in plan.rows.hours)
        conditions.append(f"hour({civil('timestamp')}) IN ({hours})")
    where = "\n    AND ".join(f"({item})" if " OR " in item else item for item in conditions)
    return f"SELECT {', '.join(columns)}\n  FROM {plan.dataset.table}\n  WHERE {where}"


def _read_dimensions(plan: QueryPlan) -> list[Dimension]:
    wanted = [item for item in plan.by if item is not Dimension.WINDOW]
    if plan.spread or (plan.numerator and plan.numerator.regions):
        wanted.append(Dimension.REGION)
    if plan.numerator and plan.numerator.sources:
        wanted.append(Dimension.SOURCE)
    if plan.numerator and plan.numerator.plants:
        wanted.append(Dimension.PLANT)
    return list(dict.fromkeys(wanted))


def _window_case(plan: QueryPlan, statement: Statement) -> str:
    cases = [
        f"WHEN timestamp >= {statement.bind(item.start)} AND timestamp < {statement.bind(item.end)} THEN {index}"
        for index, item in enumerate(plan.windows)
    ]
    return f"CASE {' '.join(cases)} END AS period"


def _conditions(rows: Rows, statement: Statement) -> list[str]:
    found = []
    for column, values in (
        ("region", rows.regions), ("energy_source", rows.sources), ("state", rows.states), ("entity_name", rows.plants),
    ):  # fmt: skip
        if len(values) == 1:
            found.append(f"{column} = {statement.bind(values[0])}")
        elif values:
            found.append(f"{column} IN ({', '.join(statement.bind(value) for value in values)})")
    return found


def _series(plan: QueryPlan, tags: list[str], statement: Statement) -> str:
    """One value per instant and group; null and contradictory values never count."""
    usable = f"value IS NOT NULL AND quality_flag NOT IN ({_UNUSED})"
    sign = "-" if plan.negate else ""
    names = "".join(f", {tag}" for tag in tags)
    if plan.spread is not None:
        first, _ = plan.spread
        return (
            f"SELECT t{names}, sum(CASE WHEN region = {statement.bind(first)} THEN value ELSE -value END) AS v\n"
            f"  FROM picked WHERE {usable} GROUP BY t{names} HAVING count(*) = 2"
        )
    if plan.parts is None and plan.numerator is None:
        return f"SELECT t{names}, {sign}value AS v\n  FROM picked WHERE {usable}"
    part = _part(plan, statement)
    having = f" HAVING count(*) >= {plan.parts}" if plan.parts else ""
    return f"SELECT t{names}, {sign}sum(value) AS v{part}\n  FROM picked WHERE {usable} GROUP BY t{names}{having}"


def _part(plan: QueryPlan, statement: Statement) -> str:
    if plan.numerator is None:
        return ""
    tests = []
    for column, values in (
        ("region", plan.numerator.regions), ("energy_source", plan.numerator.sources), ("entity_name", plan.numerator.plants),
    ):  # fmt: skip
        if values:
            quoted = ", ".join(statement.bind(value) for value in values)
            tests.append(f"{column} IN ({quoted})")
    return f", coalesce(sum(value) FILTER ({' AND '.join(tests)}), 0) AS part"


def _ramps(plan: QueryPlan, tags: list[str]) -> str:
    names = "".join(f", {tag}" for tag in tags)
    partition = f"PARTITION BY {', '.join(tags)} " if tags else ""
    over = f"OVER ({partition}ORDER BY t)"
    step = f"INTERVAL {int(plan.hours * 60)} MINUTE"
    return (
        f"SELECT t{names}, d AS v FROM (\n    SELECT t{names}, v - lag(v) {over} AS d, lag(t) {over} AS before FROM series\n"
        f"  ) WHERE before = t - {step}"
    )


def _final(plan: QueryPlan, tags: list[str], source: str, statement: Statement) -> str:
    bucket = bucket_sql(plan)
    groups = [*tags, *([f"{bucket}"] if bucket else [])]
    columns = [*tags, *([f"{bucket} AS bucket"] if bucket else [])]
    values = _value(plan, statement)
    columns += [f"{values} AS value", "count(*) AS n"]
    if plan.alternative is not None:
        columns.append(f"{_AGGREGATES[plan.alternative]} AS other")
    if plan.operation is Operation.MATCHING and plan.threshold is not None:
        columns.append(
            f"{'min' if plan.threshold.comparison.startswith('<') else 'max'}(v) AS other"
        )
    columns += [f"{_instant(plan)} AS at", "min(t) AS first", "max(t) AS last"]
    columns.append("(SELECT count(*) FILTER (value IS NULL) FROM picked) AS missing")
    columns.append(
        f"(SELECT count(*) FILTER (value IS NOT NULL AND quality_flag IN ({_UNUSED})) FROM picked) AS excluded"
    )
    columns.append(
        "(SELECT count(*) FILTER (quality_flag = 'out_of_range') FROM picked) AS doubtful"
    )
    grouping = f"\nGROUP BY {', '.join(groups)}" if groups else ""
    return (
        f"SELECT {', '.join(columns)}\nFROM {source}{grouping}{_ordered(plan, tags, bool(bucket))}"
    )


def _ordered(plan: QueryPlan, tags: list[str], bucketed: bool) -> str:
    names = [*tags, *(["bucket"] if bucketed else [])]
    if plan.order is not None and names and plan.operation is not Operation.CHANGE:
        direction = "DESC" if plan.order == "desc" else "ASC"
        return f"\nORDER BY value {direction} NULLS LAST, {', '.join(names)}"
    return f"\nORDER BY {', '.join(['bucket', *tags] if bucketed else tags)}" if names else ""


def _value(plan: QueryPlan, statement: Statement) -> str:
    if plan.threshold is not None and plan.bucket is None:
        amount = "abs(v)" if plan.spread else "v"
        return f"count(*) FILTER ({amount} {plan.threshold.comparison} {statement.bind(plan.threshold.value)})"
    if plan.aggregate is Aggregate.ENERGY:
        return f"sum(v) * {plan.hours:g}"
    if plan.aggregate is Aggregate.SHARE:
        return "100 * sum(part) / nullif(sum(v), 0)" if plan.numerator is not None else "sum(v)"
    if plan.aggregate is Aggregate.LAST:
        return "arg_max(v, t)"
    if plan.aggregate is Aggregate.RAMP_DOWN:
        return "min(v)"
    if plan.aggregate is Aggregate.RAMP_UP:
        return "max(v)"
    return _AGGREGATES[plan.aggregate]


def _instant(plan: QueryPlan) -> str:
    """The instant an extreme was reached, or of the last value."""
    if plan.aggregate in {Aggregate.MAX, Aggregate.RAMP_UP}:
        return "arg_max(t, v)"
    if plan.aggregate in {Aggregate.MIN, Aggregate.RAMP_DOWN}:
        return "arg_min(t, v)"
    return "max(t)"


def bucket_sql(plan: QueryPlan) -> str | None:
    """The civil bucket of an instant: a naive civil timestamp, or the hour of the day."""
    if plan.bucket is None:
        return None
    local = civil("t")
    if plan.label_days:
        local = f"{local} + INTERVAL {plan.label_days} DAY"
    if plan.bucket is Bucket.INTERVAL:
        return local
    if plan.bucket is Bucket.HOUR_OF_DAY:
        return f"hour({local})"
    return f"date_trunc('{_TRUNCATED[plan.bucket]}', {local})"


def _literal(value: Any) -> str:
    if isinstance(value, datetime):
        return f"TIMESTAMPTZ '{value.isoformat(sep=' ')}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
