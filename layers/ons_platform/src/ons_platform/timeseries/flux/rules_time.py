"""Ranges, windows, and what makes rows by the clock: each needs its figures known beforehand."""

from __future__ import annotations

from dataclasses import replace

from ons_platform.timeseries.flux import limits, literals
from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.arguments import (
    allow_only,
    flag,
    function_name,
    operation,
    piped_or,
    plain_only,
    span,
    table_of,
    text,
)
from ons_platform.timeseries.flux.errors import refuse
from ons_platform.timeseries.flux.evaluate import Arguments, Evaluator, Rule
from ons_platform.timeseries.flux.values import (
    Closure,
    Moment,
    Native,
    Plain,
    Span,
    Table,
    Value,
    writing,
)

AGGREGATES = frozenset(
    {"count", "cumulativeSum", "derivative", "difference", "distinct", "elapsed", "fill"}
    | {"first", "increase", "integral", "last", "limit", "max", "mean", "median", "min", "mode"}
    | {"movingAverage", "quantile", "sample", "skew", "spread", "stddev", "sum", "tail"}
    | {"timeWeightedAvg", "unique", "sort", "top", "bottom"}
)


def range_rule(evaluator: Evaluator, arguments: Arguments) -> Value:
    """range: its bounds become instants, no earlier than the store's first."""
    operation(evaluator, arguments)
    allow_only(arguments, ("start", "stop", "tables"))
    table = piped_or(arguments, "tables")
    if not isinstance(table, Table):
        refuse("range works on tables: from(...) |> range(...)", arguments.at)
    low, high = bounds(evaluator, arguments)
    if not evaluator.generic:
        evaluator.edits.pushed.setdefault(id(arguments.call), None)
    return replace(
        table,
        start=low,
        stop=high,
        sound=True,
        computed=None if table.computed is None else table.computed - {"_time", "_start", "_stop"},
        unranged=(),
    )


def bounds(evaluator: Evaluator, arguments: Arguments) -> tuple[int, int]:
    """The earliest start and the latest stop in nanoseconds; the arguments are edited."""
    now = Moment(evaluator.now, evaluator.now)
    start = _bound(evaluator, arguments, "start", None)
    stop = _bound(evaluator, arguments, "stop", now)
    if start.low == start.high and stop.low == stop.high and start.low >= stop.low:
        refuse("The range is empty: its start is not before its stop.", arguments.at)
    if stop.high > evaluator.floor and start.low == start.high:
        start = Moment(*(max(item, evaluator.floor) for item in (start.low, start.high)))
    if start.low < evaluator.ceiling and stop.low == stop.high:
        stop = Moment(*(min(item, evaluator.ceiling) for item in (stop.low, stop.high)))
    _rewrite(evaluator, arguments, start, stop)
    return start.low, stop.high


def _bound(evaluator: Evaluator, arguments: Arguments, name: str, default: Moment | None) -> Moment:
    value = arguments.values.get(name, default)
    try:
        moment = _moment(evaluator, value)
        if moment is not None:
            literals.instant(moment.low), literals.instant(moment.high)
            if moment.high - moment.low > 200 * literals.DAY:
                moment = None
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        refuse(
            f"{name} of {function_name(arguments)} is an instant such as 2024-01-01T00:00:00Z, a "
            "span such as -30d, or what dates make of them.",
            arguments.place(name),
        )
    return moment


def _moment(evaluator: Evaluator, value: Value | None) -> Moment | None:
    if isinstance(value, Moment):
        return value
    if isinstance(value, Span) and not value.infinite:
        moment = literals.add_months(evaluator.now, value.months) + value.nanoseconds
        return Moment(moment, moment)
    if isinstance(value, Plain) and isinstance(value.known, int):
        moment = value.known * literals.SECOND
        return Moment(moment, moment)
    return None


def _rewrite(evaluator: Evaluator, arguments: Arguments, start: Moment, stop: Moment) -> None:
    """Known bounds are written as instants; others stay the expressions they are."""
    if evaluator.generic:
        return
    bounds = {"start": start, "stop": stop}
    written = [
        tree.Property(name, arguments.nodes[name]) for name in arguments.nodes if name not in bounds
    ]
    for name, moment in bounds.items():
        known = moment.low == moment.high
        instant = tree.Instant(literals.instant(moment.low)) if known else arguments.nodes[name]
        written.append(tree.Property(name, instant))
    other = tree.Call(arguments.call.callee, tuple(written), at=arguments.at)
    if _must_be_written(evaluator, arguments, bounds):
        evaluator.edits.put(arguments.call, other)
    else:
        evaluator.edits.may_put(arguments.call, other)


def _must_be_written(evaluator: Evaluator, arguments: Arguments, bounds: dict[str, Moment]) -> bool:
    """Whether the server would read the bounds as they stand otherwise than they are meant."""
    for name, moment in bounds.items():
        value = arguments.values.get(name)
        if value is not None and (
            (isinstance(value, Span) and value.months != 0) or _moment(evaluator, value) != moment
        ):
            return True
    return "stop" not in arguments.values and bounds["stop"].low != evaluator.now


def windows(
    table: Table, every: Span, arguments: Arguments, *, period: Span | None, empty: bool
) -> None:
    """Refuse more windows than the server should make."""
    if every.infinite:
        return
    if every.months < 0 or every.nanoseconds < 0 or every.shortest <= 0:
        refuse(f"every of {function_name(arguments)} is longer than 0.", arguments.place("every"))
    count = limits.MAX_ITEMS
    if table.sound and table.start is not None and table.stop is not None:
        count = (table.stop - table.start) // every.shortest + 2
    elif empty or table.start is not None:
        refuse(
            f"Put range(start:, stop:) right before {function_name(arguments)}: what the times "
            "became is not known.",
            arguments.at,
        )
    overlap = -(-abs(period.longest) // every.shortest) if period and not period.infinite else 1
    if period is not None and period.infinite:
        overlap = count
    _within(count, limits.MAX_WINDOWS, "windows", arguments)
    _within(overlap, limits.MAX_OVERLAP, "windows at each instant", arguments)
    _within(count * max(overlap, 1), limits.MAX_COPIES, "overlapping windows", arguments)


def _within(count: int, most: int, what: str, arguments: Arguments) -> None:
    if count > most:
        refuse(
            f"This makes {count} {what} of each series; at most {most} are made. Take a longer "
            "every or a shorter range.",
            arguments.place("every"),
        )


def window_rule(evaluator: Evaluator, arguments: Arguments) -> Value:
    """window: its number of windows is bounded."""
    table = table_of(evaluator, arguments)
    plain_only(arguments, besides=("tables", "location"))
    every = span(arguments, "every") if "every" in arguments.values else span(arguments, "period")
    period = span(arguments, "period") if "period" in arguments.values else None
    empty = flag(arguments, "createEmpty", False)
    windows(table, every, arguments, period=period, empty=empty)
    if text(arguments, "timeColumn", "_time") != "_time":
        table = replace(table, sound=False)
    for name in ("startColumn", "stopColumn"):
        table = writing(table, frozenset({text(arguments, name, "_start")}))
    return replace(table, groups=None, unique=None)


def aggregate_window(evaluator: Evaluator, arguments: Arguments) -> Value:
    """aggregateWindow: bounded windows, and an aggregate that is an aggregate."""
    table = table_of(evaluator, arguments)
    plain_only(arguments, besides=("tables", "fn", "location"))
    period = span(arguments, "period", Span())
    empty = flag(arguments, "createEmpty", True)
    windows(
        table,
        span(arguments, "every"),
        arguments,
        period=period if period.longest else None,
        empty=empty,
    )
    function = arguments.values.get("fn")
    if isinstance(function, Closure):
        given: dict[str, Value] = {"column": Plain("text", known="_value")}
        wanted = {item.key for item in function.node.parameters}
        given = {key: value for key, value in given.items() if key in wanted}
        inner = replace(table, unique=None)
        result = evaluator.apply(function, given, inner, arguments.place("fn"))
        if not isinstance(result, Table):
            refuse("fn of aggregateWindow gives tables.", arguments.place("fn"))
        table = replace(result, start=table.start, stop=table.stop, sound=table.sound)
    elif not (
        isinstance(function, Native)
        and function.package == "universe"
        and function.name in AGGREGATES
    ):
        refuse("fn of aggregateWindow is an aggregate such as mean.", arguments.place("fn"))
    out = writing(table, frozenset({text(arguments, "timeDst", "_time")}) - {"_time"})
    groups = out.groups
    unique = None if groups is None else groups | {"_time"}
    return replace(out, unique=None if isinstance(function, Closure) else unique)


def _moving(evaluator: Evaluator, arguments: Arguments) -> Value:
    table = table_of(evaluator, arguments)
    plain_only(arguments, besides=("tables",))
    every, period = span(arguments, "every"), span(arguments, "period")
    windows(table, every, arguments, period=period, empty=True)
    return table


def _interpolated(evaluator: Evaluator, arguments: Arguments) -> Value:
    table = table_of(evaluator, arguments)
    allow_only(arguments, ("every", "tables"))
    windows(table, span(arguments, "every"), arguments, period=None, empty=True)
    return table


def _rate(evaluator: Evaluator, arguments: Arguments) -> Value:
    table = table_of(evaluator, arguments)
    plain_only(arguments, besides=("tables",))
    windows(table, span(arguments, "every"), arguments, period=None, empty=True)
    return replace(table, groups=None, unique=None)


RULES: dict[str, Rule] = {
    "universe.range": range_rule,
    "universe.window": window_rule,
    "universe.aggregateWindow": aggregate_window,
    "universe.timedMovingAverage": _moving,
    "interpolate.linear": _interpolated,
    "experimental/aggregate.rate": _rate,
}
