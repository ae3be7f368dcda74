"""A SELECT in bounds: its period, its windows, its rows, in the store's own names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ons_platform.timeseries.influxql.limits import InfluxqlLimits
from ons_platform.timeseries.influxql.meaning import Meaning, Scope
from ons_platform.timeseries.influxql.timespan import EARLIEST, LATEST, SECOND, Clock, Period
from ons_platform.timeseries.influxql.tree import (
    Call,
    Chain,
    Dimension,
    Every,
    Expression,
    Field,
    Measurement,
    Name,
    Page,
    Paren,
    Select,
    Span,
    Wild,
)
from ons_platform.timeseries.refusals import refuse

FUTURE_SECONDS = 2 * 366 * 86_400
"""How far ahead a period reaches that names no end: schedules and forecasts are stored too."""

_DAY = 86_400 * SECOND


@dataclass
class Bounds:
    """What one query may cost, and how many windows of it are already counted."""

    query: str
    now: int
    limits: InfluxqlLimits
    windows: int = 0

    def count(self, every: Every, period: Period, *, filled: bool) -> int:
        """The windows of one SELECT; those that are filled, all together, are refused past a limit.

        Windows that stand only where there are points cost no more than the points.
        """
        start, stop = period.start, period.stop
        if start is None or stop is None:
            raise AssertionError("a period is bounded before its windows are counted")
        windows = max(stop - start, 0) // every.nanoseconds + 2
        self.windows += windows if filled else 0
        if self.windows > self.limits.max_windows:
            refuse(
                self.query,
                every.offset,
                f"This makes {self.windows:,} windows of time; at most {self.limits.max_windows:,}:"
                " narrow the period, widen the windows or add fill(none).",
            )
        return windows

    def page(self, page: Page) -> Page:
        """The page with a limit that tells, by one row more, that there are more."""
        most = self.limits.max_rows
        return page if 0 < page.limit <= most else replace(page, limit=most + 1)


class Selects:
    """Makes a SELECT safe, its subqueries first."""

    def __init__(self, meaning: Meaning, bounds: Bounds) -> None:
        self._meaning = meaning
        self._bounds = bounds

    def outermost(self, query: Select) -> tuple[Select, Scope]:
        """The SELECT as it may run, its rows limited, and what it reads."""
        found, scope, _ = self._select(query, Period(), None)
        return replace(found, page=self._bounds.page(found.page)), scope

    def _select(
        self, query: Select, outer: Period, outer_every: Every | None
    ) -> tuple[Select, Scope, Period]:
        clock = Clock(self._bounds.query, self._bounds.now, query.zone, query.offset)
        asked, conditions = clock.split(query.where)
        asked = asked.within(outer)
        own = next((item for item in query.dimensions if isinstance(item, Every)), None)
        every = own or outer_every
        if every is not None and asked.stop is None:
            asked = replace(asked, stop=self._bounds.now)
        sources, scope, period = self._sources(query, asked, every)
        if every is not None:
            self._check_every(every)
            filled = own is not None and query.fill != "none"
            scope = replace(scope, windows=self._bounds.count(every, period, filled=filled))
        named = [self._meaning.expression(item, scope) for item in conditions]
        measured = any(isinstance(item, Measurement) for item in query.sources)
        said = period if measured else asked
        safe = replace(
            query,
            fields=tuple(self._fields(query.fields, scope)),
            sources=sources,
            where=joined([*said.conditions(), *named]),
            dimensions=tuple(self._dimension(item, scope, clock) for item in query.dimensions),
            fill=_fill(query, asked, own),
        )
        return safe, scope, period

    def _sources(
        self, query: Select, asked: Period, every: Every | None
    ) -> tuple[tuple[Measurement | Select, ...], Scope, Period]:
        measured = [item for item in query.sources if isinstance(item, Measurement)]
        found, scope = self._meaning.sources(measured)
        sources: list[Measurement | Select] = [*found]
        periods = [self._closed(asked)] if measured else []
        columns: set[str] = set()
        for item in query.sources:
            if isinstance(item, Select):
                inner, inner_scope, period = self._select(item, asked, every)
                sources.append(inner)
                periods.append(period)
                columns.update(_columns(inner))
                scope = replace(scope, buckets=scope.buckets | inner_scope.buckets)
        hull = Period(
            min(item.start for item in periods if item.start is not None),
            max(item.stop for item in periods if item.stop is not None),
        )
        return tuple(sources), replace(scope, columns=frozenset(columns)), hull

    def _closed(self, asked: Period) -> Period:
        """The period with the bounds it does not name: of what is kept, and of what is planned.

        Both in whole days, so that the same query a moment later is the same query.
        """
        now, limits = self._bounds.now, self._bounds.limits
        kept = (now - limits.retention_seconds * SECOND) // _DAY * _DAY
        planned = -(-(now + FUTURE_SECONDS * SECOND) // _DAY) * _DAY
        start = kept if asked.start is None else asked.start
        stop = planned if asked.stop is None else asked.stop
        return Period(max(start, EARLIEST), min(max(stop, EARLIEST), LATEST))

    def _check_every(self, every: Every) -> None:
        if every.nanoseconds <= 0 or every.nanoseconds >= 2**63:
            refuse(self._bounds.query, every.offset, "Windows of time are longer than 0.")

    def _fields(self, fields: Iterable[Field], scope: Scope) -> Iterable[Field]:
        for item in fields:
            if isinstance(item.expression, Wild) and scope.value is not None:
                offset = item.expression.offset
                if item.expression.kind != "tag":
                    yield Field(Name(scope.value, "", offset), None)
                if item.expression.kind != "field":
                    yield Field(Wild("tag", offset), None)
                continue
            asked = _narrowed(item.expression, scope)
            yield replace(item, expression=self._meaning.expression(asked, scope))

    def _dimension(self, item: Dimension, scope: Scope, clock: Clock) -> Dimension:
        if isinstance(item, Every):
            return self._moved(item, clock)
        if isinstance(item, Name):
            named = self._meaning.expression(item, scope)
            return named if isinstance(named, Name) else item
        return item

    def _moved(self, every: Every, clock: Clock) -> Every:
        """Windows moved by a duration, or so that one begins at an instant."""
        if every.moved is None:
            return every
        by = clock.instant(every.moved) % every.nanoseconds
        return replace(every, moved=Span(by, 0) if by else None)


def joined(conditions: list[Expression]) -> Expression | None:
    """Conditions that hold all at once, as one."""
    if not conditions:
        return None
    parts = [
        Paren(item, item.offset) if isinstance(item, Chain) and item.rest[0][0] == "OR" else item
        for item in conditions
    ]
    rest = tuple(("AND", item) for item in parts[1:])
    return Chain(parts[0], rest, 0) if rest else parts[0]


def _fill(query: Select, asked: Period, own: Every | None) -> str | None:
    """Windows before the first point are not filled where the query names no beginning."""
    if own is None or asked.start is not None or query.fill not in (None, "null"):
        return query.fill
    return "none"


def _columns(query: Select) -> Iterable[str]:
    """The names a query's columns have for the one around it."""
    for item in query.fields:
        if item.alias is not None:
            yield item.alias
        elif isinstance(item.expression, Call):
            yield item.expression.name
        elif isinstance(item.expression, Name):
            yield item.expression.text


def _narrowed(node: Expression, scope: Scope) -> Expression:
    """`mean(*)` of a measurement named by a field is of that field."""
    if not isinstance(node, Call) or scope.value is None:
        return node
    value = scope.value
    arguments = [
        Name(value, "", item.offset) if isinstance(item, Wild) else _narrowed(item, scope)
        for item in node.arguments
    ]
    return replace(node, arguments=tuple(arguments))
