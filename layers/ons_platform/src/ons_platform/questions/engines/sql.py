"""A `QueryPlan` as SQL for the lake engine; every value from the question is a bound parameter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ons_platform.catalog.model import Dataset, Ratio
from ons_platform.lake.quality import NOT_USED_IN_ANSWERS, QualityFlag
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.plan import QueryPlan, Rows, Window
from ons_platform.questions.windows import civil as midnight

COLUMNS = {
    Dimension.REGION: "region",
    Dimension.STATE: "state",
    Dimension.SOURCE: "energy_source",
    Dimension.PLANT: "entity_name",
    Dimension.WINDOW: "period",
}
"""Columns of the lake (and of reference data) by what they tell apart."""
_TRUNCATED = {
    Bucket.HOUR: "hour",
    Bucket.DAY: "day",
    Bucket.WEEK: "week",
    Bucket.MONTH: "month",
    Bucket.YEAR: "year",
}
_AGGREGATES = {
    Aggregate.MEAN: "avg(v)",
    Aggregate.MAX: "max(v)",
    Aggregate.MIN: "min(v)",
    Aggregate.SUM: "sum(v)",
}
_HOUR = timedelta(hours=1)
_UNUSED = ", ".join(f"'{flag.value}'" for flag in NOT_USED_IN_ANSWERS)
_COUNTED = {
    "missing": "value IS NULL",
    "excluded": f"value IS NOT NULL AND quality_flag IN ({_UNUSED})",
    "doubtful": f"quality_flag = '{QualityFlag.OUT_OF_RANGE.value}'",
    "suspect": f"quality_flag = '{QualityFlag.SUSPECT.value}'",
    "forecast": f"quality_flag = '{QualityFlag.FORECAST.value}'",
}
"""What is counted over all rows read, where the data have flagged rows."""


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
    """The statement of a plan.

    Result columns: the dimensions, `bucket`, `value`, `n` (intervals), `other` (the alternative
    aggregate), `at` (instant of an extreme), `first`, `last`; where the dataset has flagged rows,
    also over all rows read the numbers of `missing`, `excluded`, `doubtful`, `suspect` and
    `forecast` values; of a flow the number of rows `turned`.
    """
    statement = Statement()
    tags = [COLUMNS[item] for item in plan.by]
    tables = (plan.dataset, *plan.also)
    picked = "\n  UNION ALL\n  ".join(_picked(plan, item, statement) for item in tables)
    lines = [f"WITH picked AS (\n  {picked}\n)"]
    if counted := _counted(plan):
        tests = ", ".join(f"count(*) FILTER ({test}) AS {name}" for name, test in counted.items())
        lines.append(f", counted AS (\n  SELECT {tests} FROM picked\n)")  # noqa: S608
    lines.append(f", series AS (\n  {_series(plan, tags, statement)}\n)")
    source = "series"
    if plan.operation is Operation.RAMP:
        lines.append(f", ramps AS (\n  {_ramps(plan, tags)}\n)")
        source = "ramps"
    lines.append(_final(plan, tags, source, statement))
    statement.text = "\n".join(lines)
    return statement


def columns_read(plan: QueryPlan, statement: Statement) -> tuple[str, ...]:
    """Columns of the lake that a rendered plan names; values are bound, so none is mistaken."""
    lake = (
        *COLUMNS.values(), "region_to", "entity_id", "timestamp", "value", "measurement_type",
        "quality_flag", *plan.dataset.attributes,
    )  # fmt: skip
    return tuple(
        name
        for name in lake
        if name != COLUMNS[Dimension.WINDOW] and re.search(rf"\b{name}\b", statement.text)
    )


def civil(column: str) -> str:
    """Brasília civil time of a UTC instant."""
    return f"timezone('America/Sao_Paulo', {column})"


def _counted(plan: QueryPlan) -> dict[str, str]:
    """Names and tests of what is counted over the rows read."""
    counted = {} if "quality_flag" in plan.idle else dict(_COUNTED)
    if plan.rows.pair is not None:
        counted["turned"] = "turned"
    return counted


def _picked(plan: QueryPlan, dataset: Dataset, statement: Statement) -> str:
    """The rows of one table, with what the later steps need of them."""
    columns = ["timestamp AS t", "value"]
    if plan.rows.pair is not None:
        origin = f"region = {statement.bind(plan.rows.pair[0])}"
        sign = f"CASE WHEN {origin} THEN value ELSE -value END AS value"
        columns[1:] = [sign, f"region <> {statement.bind(plan.rows.pair[0])} AS turned"]
    if "quality_flag" not in plan.idle:
        columns.append("quality_flag")
    columns += _told_apart(plan)
    if Dimension.WINDOW in plan.by:
        columns.append(_window_case(plan, statement))
    where = "\n    AND ".join(_conditions(plan, statement))
    newest = _newest(plan)
    return f"SELECT {', '.join(columns)}\n  FROM {dataset.table}\n  WHERE {where}{newest}"  # noqa: S608


def _told_apart(plan: QueryPlan) -> list[str]:
    """Columns by which the rows read are grouped, and paired where two kinds of them are read."""
    names = [COLUMNS[item] for item in _read_dimensions(plan)]
    if len(plan.kinds) > 1 or plan.ratio is not None:
        names += ["measurement_type AS kind", *(plan.things if plan.ratio else ())]
    return list(dict.fromkeys(names))


def _conditions(plan: QueryPlan, statement: Statement) -> list[str]:
    conditions = []
    if len(plan.kinds) > 1:
        kinds = ", ".join(statement.bind(kind) for kind in plan.kinds)
        conditions.append(f"measurement_type IN ({kinds})")
    elif "measurement_type" not in plan.idle:
        conditions.append(f"measurement_type = {statement.bind(plan.kinds[0])}")
    spans = [_within(item, statement) for item in plan.windows]
    conditions.append(f"({' OR '.join(spans)})" if len(spans) > 1 else spans[0])
    rows = replace(plan.rows, regions=()) if "region" in plan.idle else plan.rows
    rows = replace(rows, sources=()) if "energy_source" in plan.idle else rows
    conditions += conditions_sql(rows, statement)
    if plan.rows.hours:
        hours = ", ".join(str(hour) for hour in plan.rows.hours)
        conditions.append(f"hour({civil('timestamp')}) IN ({hours})")
    return conditions


def _newest(plan: QueryPlan) -> str:
    """Keeps the newest of several revisions; numbers in text are compared as numbers."""
    if not plan.versions:
        return ""
    same = ", ".join(("timestamp", "measurement_type", *plan.things))
    order = ", ".join(
        f"try_cast({name} AS DOUBLE) DESC NULLS LAST, {name} DESC" for name in plan.versions
    )
    return f"\n  QUALIFY row_number() OVER (PARTITION BY {same} ORDER BY {order}) = 1"


def _read_dimensions(plan: QueryPlan) -> list[Dimension]:
    wanted: list[Dimension] = [item for item in plan.by if item != Dimension.WINDOW]
    if plan.spread is not None:
        wanted.append(Dimension.REGION)
    if plan.numerator is not None:
        wanted += [dimension for dimension, values in _members(plan.numerator) if values]
    return list(dict.fromkeys(wanted))


def _within(item: Window, statement: Statement) -> str:
    start, end = statement.bind(item.start), statement.bind(item.end)
    return f"timestamp >= {start} AND timestamp < {end}"


def _window_case(plan: QueryPlan, statement: Statement) -> str:
    cases = [
        f"WHEN {_within(item, statement)} THEN {index}" for index, item in enumerate(plan.windows)
    ]
    return f"CASE {' '.join(cases)} END AS period"


def _members(rows: Rows) -> tuple[tuple[Dimension, tuple[str, ...]], ...]:
    return (
        (Dimension.REGION, rows.regions),
        (Dimension.SOURCE, rows.sources),
        (Dimension.STATE, rows.states),
        (Dimension.PLANT, rows.plants),
    )


def conditions_sql(rows: Rows, statement: Statement) -> list[str]:
    """Tests of the restrictions, values bound."""
    found = []
    for dimension, values in _members(rows):
        places = ", ".join(statement.bind(value) for value in values)
        if len(values) == 1:
            found.append(f"{COLUMNS[dimension]} = {places}")
        elif values:
            found.append(f"{COLUMNS[dimension]} IN ({places})")
    for name, values in rows.attributes:
        found.append(f"{name} IN ({', '.join(statement.bind(value) for value in values)})")
    if rows.pair is not None:
        there, back = (
            f"region = {statement.bind(origin)} AND region_to = {statement.bind(destination)}"
            for origin, destination in (rows.pair, rows.pair[::-1])
        )
        found.append(f"({there} OR {back})")
    return found


def _series(plan: QueryPlan, tags: list[str], statement: Statement) -> str:
    """One value per instant and group; null and contradictory values never count."""
    names = "".join(f", {tag}" for tag in tags)
    usable = "FROM picked WHERE value IS NOT NULL"
    if "quality_flag" not in plan.idle:
        usable += f" AND quality_flag NOT IN ({_UNUSED})"
    grouped = f"\n  {usable}\n  GROUP BY t{names}"
    sign = "-" if plan.negate else ""
    if plan.ratio is not None:
        return _ratios(plan, plan.ratio, names, usable)
    if plan.minus is not None:
        first = statement.bind(plan.metric.measurement_type)
        value = f"sum(CASE WHEN kind = {first} THEN value ELSE -value END)"
        both = "count(DISTINCT kind) = 2"
        return f"SELECT t{names}, {sign}{value} AS v{grouped} HAVING {both}"
    if plan.spread is not None:
        first = statement.bind(plan.spread[0])
        value = f"sum(CASE WHEN region = {first} THEN value ELSE -value END)"
        return f"SELECT t{names}, {value} AS v{grouped} HAVING count(*) = 2"
    if plan.parts is None and plan.numerator is None:
        return f"SELECT t{names}, {sign}value AS v\n  {usable}"
    part = ""
    if plan.numerator is not None:
        test = " AND ".join(conditions_sql(plan.numerator, statement))
        part = f", coalesce(sum(value) FILTER ({test}), 0) AS part"
    having = f" HAVING count(*) >= {plan.parts}" if plan.parts else ""
    return f"SELECT t{names}, {sign}sum(value) AS v{part}{grouped}{having}"


def _ratios(plan: QueryPlan, ratio: Ratio, names: str, usable: str) -> str:
    """Numerator and denominator of each instant and group, and what one is of the other."""
    apart = "".join(f", {name}" for name in dict.fromkeys((*_tags(names), *plan.things)))
    terms = {"num": ratio.numerator, "den": ratio.denominator, "per": ratio.per}
    columns = ", ".join(
        f"max(value) FILTER (kind = {_literal(kind)}) AS {name}"
        for name, kind in terms.items()
        if kind is not None
    )
    rows = f"SELECT t{apart}, {columns}\n    {usable}\n    GROUP BY t{apart}"
    whole = "den" if ratio.per is None else f"den * {ratio.scale:g} / nullif(per, 0)"
    found = f"sum(num) AS num, sum({whole}) AS den"
    value = f"{ratio.scale:g} * sum(num) / nullif(sum({whole}), 0)"
    having = f" HAVING count(*) >= {plan.parts}" if plan.parts else ""
    return (
        f"SELECT t{names}, {value} AS v, {found}\n  FROM (\n    {rows}\n  )"  # noqa: S608
        f"\n  WHERE num IS NOT NULL AND {whole} IS NOT NULL\n  GROUP BY t{names}{having}"
    )


def _tags(names: str) -> list[str]:
    return [name for name in names.split(", ") if name]


def _ramps(plan: QueryPlan, tags: list[str]) -> str:
    names = "".join(f", {tag}" for tag in tags)
    partition = f"PARTITION BY {', '.join(tags)} " if tags else ""
    over = f"OVER ({partition}ORDER BY t)"
    steps = f"SELECT t{names}, v - lag(v) {over} AS d, lag(t) {over} AS before FROM series"  # noqa: S608
    grain = f"INTERVAL {int(plan.hours * 60)} MINUTE"
    return f"SELECT t{names}, d AS v FROM (\n    {steps}\n  ) WHERE before = t - {grain}"  # noqa: S608


def _final(plan: QueryPlan, tags: list[str], source: str, statement: Statement) -> str:
    bucket = bucket_sql(plan)
    columns = [*tags, *([f"{bucket} AS bucket"] if bucket else [])]
    columns += [f"{_value(plan, statement)} AS value", "count(*) AS n"]
    if plan.alternative is not None:
        columns.append(f"{_AGGREGATES[plan.alternative]} AS other")
    elif plan.operation is Operation.MATCHING and plan.threshold is not None:
        extreme = "min" if plan.threshold.comparison.startswith("<") else "max"
        columns.append(f"{extreme}(v) AS other")
    columns += [f"{_instant(plan)} AS at", "min(t) AS first", "max(t) AS last"]
    if counted := _counted(plan):
        source = f"{source}, counted"
        columns += [f"any_value({name}) AS {name}" for name in counted]
    groups = [*tags, *([bucket] if bucket else [])]
    grouping = f"\nGROUP BY {', '.join(groups)}" if groups else ""
    order = _ordered(plan, tags, bucket is not None)
    return f"SELECT {', '.join(columns)}\nFROM {source}{grouping}{order}"


def _ordered(plan: QueryPlan, tags: list[str], bucketed: bool) -> str:
    names = [*tags, *(["bucket"] if bucketed else [])]
    if plan.order is not None and names and plan.operation is not Operation.CHANGE:
        direction = "DESC" if plan.order == "desc" else "ASC"
        return f"\nORDER BY value {direction} NULLS LAST, {', '.join(names)}"
    return f"\nORDER BY {', '.join(['bucket', *tags] if bucketed else tags)}" if names else ""


def _value(plan: QueryPlan, statement: Statement) -> str:
    if plan.threshold is not None and plan.bucket is None:
        amount = "abs(v)" if plan.spread else "v"
        value = statement.bind(plan.threshold.value)
        return f"count(*) FILTER ({amount} {plan.threshold.comparison} {value})"
    if plan.aggregate is Aggregate.ENERGY:
        return _energy(plan)
    if plan.aggregate is Aggregate.SHARE:
        return "100 * sum(part) / nullif(sum(v), 0)" if plan.numerator is not None else "sum(v)"
    if plan.aggregate is Aggregate.LAST:
        return "arg_max(v, t)"
    if plan.aggregate is Aggregate.MEAN and plan.ratio and plan.ratio.over_time == "sum":
        return f"{plan.ratio.scale:g} * sum(num) / nullif(sum(den), 0)"
    if plan.aggregate is Aggregate.RAMP_DOWN:
        return "min(v)"
    if plan.aggregate is Aggregate.RAMP_UP:
        return "max(v)"
    return _AGGREGATES[plan.aggregate]


def _energy(plan: QueryPlan) -> str:
    """Values times the hours of their intervals; months and years are not all equally long."""
    calendar = {"P1M": "MONTH", "P1Y": "YEAR"}.get(plan.dataset.grain or "")
    if calendar is None:
        return f"sum(v) * {plan.hours:g}"
    end = f"timezone('America/Sao_Paulo', {civil('t')} + INTERVAL 1 {calendar})"
    return f"sum(v * (epoch({end}) - epoch(t)) / 3600)"


def _instant(plan: QueryPlan) -> str:
    """The first instant an extreme was reached, or that of the last value.

    In a pair a null is greater than any number: instants without a ratio must not count.
    """
    there = " FILTER (v IS NOT NULL)" if plan.ratio is not None else ""
    if plan.aggregate in {Aggregate.MAX, Aggregate.RAMP_UP}:
        return f"arg_max(t, (v, -epoch_us(t))){there}"
    if plan.aggregate in {Aggregate.MIN, Aggregate.RAMP_DOWN}:
        return f"arg_min(t, (v, epoch_us(t))){there}"
    return "max(t)"


def bucket_sql(plan: QueryPlan) -> str | None:
    """The civil bucket of an instant: a naive civil timestamp, or the hour of the day."""
    if plan.bucket is None:
        return None
    if plan.bucket is Bucket.YEAR and not plan.label_days:
        return f"date_trunc('year', {_new_years_clock(plan)})"
    local = civil("t")
    if plan.label_days:
        local = f"{local} + INTERVAL {plan.label_days} DAY"
    if plan.bucket is Bucket.INTERVAL:
        return local
    if plan.bucket is Bucket.HOUR_OF_DAY:
        return f"hour({local})"
    return f"date_trunc('{_TRUNCATED[plan.bucket]}', {local})"


def _new_years_clock(plan: QueryPlan) -> str:
    """`t` by the offsets of the New Years around it: the civil year of any instant, cheaply.

    Between two New Years the offset may change as it likes, as long as it is each one's own within
    an hour of it; so mid-year will do for the change, and over decades there are few.
    """
    last = max(item.end for item in plan.windows).year + 1
    years = range(min(item.start for item in plan.windows).year, last + 1)
    hours = {year: -(midnight(year).utcoffset() or timedelta()) // _HOUR for year in years}
    cases = [
        f"WHEN t < TIMESTAMPTZ '{year}-07-01 00:00:00+00' THEN INTERVAL {hours[year]} HOUR"
        for year in years[:-1]
        if hours[year + 1] != hours[year]
    ]
    behind = f"INTERVAL {hours[last]} HOUR"
    if cases:
        behind = f"CASE {' '.join(cases)} ELSE {behind} END"
    return f"make_timestamp(epoch_us(t)) - {behind}"


def _literal(value: Any) -> str:
    if isinstance(value, datetime):
        return f"TIMESTAMPTZ '{value.isoformat(sep=' ')}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
