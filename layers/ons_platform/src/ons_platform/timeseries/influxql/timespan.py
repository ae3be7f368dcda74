"""The time a query asks for: taken out of WHERE, made absolute, and put back as two instants.

Instants are nanoseconds since 1970 in UTC. A text without an offset is civil time in the query's
tz(), else UTC, as the server reads it; `now()` is the instant the query came in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ons_platform.errors import UnsafeQuery
from ons_platform.timeseries.influxql.expressions import COMPARISONS
from ons_platform.timeseries.influxql.tree import (
    Call,
    Chain,
    Expression,
    Minus,
    Name,
    Number,
    Paren,
    Span,
    Text,
)
from ons_platform.timeseries.refusals import refusal

SECOND = 1_000_000_000
EARLIEST = -(2**63) + 10**9
LATEST = 2**63 - 10**9
"""Instants the server knows."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*")
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?"
    r"(Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Period:
    """Half-open; None is no bound."""

    start: int | None = None
    stop: int | None = None

    def within(self, other: Period) -> Period:
        """What both have in common."""
        starts = [item for item in (self.start, other.start) if item is not None]
        stops = [item for item in (self.stop, other.stop) if item is not None]
        return Period(max(starts, default=None), min(stops, default=None))

    def conditions(self) -> Iterator[Expression]:
        """The comparisons that say it, in UTC."""
        for sign, bound in ((">=", self.start), ("<", self.stop)):
            if bound is not None:
                text = Text(written(bound), 0)
                yield Chain(Name("time", "", 0), ((sign, text),), 0)


class Clock:
    """Reads the times of one SELECT or SHOW."""

    def __init__(self, query: str, now: int, zone: str | None, offset: int) -> None:
        self._query = query
        self._now = now
        self._zone: tzinfo = UTC if zone is None else _zone(query, zone, offset)

    def split(self, where: Expression | None) -> tuple[Period, list[Expression]]:
        """The period a WHERE asks for, and its other conditions, which hold all at once."""
        period, others = Period(), []
        for condition in _conditions(where):
            if not _has_time(condition):
                others.append(condition)
                continue
            period = period.within(self._bounds(condition))
        return period, others

    def instant(self, node: Expression) -> int:
        """What an expression of texts, durations, numbers and now() comes to."""
        value = self._value(node)
        if not EARLIEST <= value <= LATEST:
            raise self._wrong(node, "The store knows instants from 1678 to 2262.")
        return value

    def _bounds(self, condition: Expression) -> Period:
        match condition:
            case Chain(Name() as left, ((sign, right),)) if _is_time(left) and sign in COMPARISONS:
                return self._bound(sign, right)
            case Chain(left, ((sign, Name() as right),)) if _is_time(right) and sign in _TURNED:
                return self._bound(_TURNED[sign], left)
        raise self._wrong(
            condition, "time is compared with one instant; comparisons are joined by AND."
        )

    def _bound(self, sign: str, node: Expression) -> Period:
        if sign not in _TURNED:
            raise self._wrong(node, f"time is compared by = < <= > >=, not by {sign}.")
        value = self.instant(node)
        start = {">": value + 1, ">=": value, "=": value}.get(sign)
        stop = {"<": value, "<=": value + 1, "=": value + 1}.get(sign)
        return Period(start, stop)

    def _value(self, node: Expression) -> int:
        match node:
            case Text(text):
                return self._parsed(text, node)
            case Span(nanoseconds):
                return nanoseconds
            case Number() if node.whole is not None:
                return node.whole
            case Call("now", ()):
                return self._now
            case Paren(inner):
                return self._value(inner)
            case Minus(inner):
                return -self._value(inner)
            case Chain(first, rest) if {sign for sign, _ in rest} <= {"+", "-"}:
                sums = [
                    -self._value(item) if sign == "-" else self._value(item) for sign, item in rest
                ]
                return self._value(first) + sum(sums)
        raise self._wrong(
            node, "An instant is a text, a number of nanoseconds, now() or a sum of those."
        )

    def _parsed(self, text: str, node: Expression) -> int:
        match = _INSTANT.fullmatch(text.strip())
        if match is None:
            raise self._wrong(
                node, "Times are written '2023-05-01', with '12:00:00' or as RFC 3339."
            )
        day, clock, fraction, shift = match.groups()
        try:
            civil = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{shift or ''}")
            civil = civil if civil.tzinfo else civil.replace(tzinfo=self._zone)
            since = civil - _EPOCH
        except (ValueError, OverflowError) as error:
            raise self._wrong(node, f"There is no such time as {text!r}.") from error
        return since // timedelta(seconds=1) * SECOND + int((fraction or "").ljust(9, "0"))

    def _wrong(self, node: Expression, message: str) -> UnsafeQuery:
        return refusal(self._query, node.offset, message)


_TURNED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def written(instant: int) -> str:
    """RFC 3339 in UTC, to the nanosecond where it has any."""
    seconds, rest = divmod(instant, SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{rest:09d}".rstrip("0") if rest else "") + "Z"


def _zone(query: str, zone: str, offset: int) -> ZoneInfo:
    try:
        if _ZONE.fullmatch(zone) and len(zone) <= 40:
            return ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        pass
    raise refusal(
        query, offset, f"There is no time zone {zone[:40]!r}; one is 'America/Sao_Paulo'."
    )


def _conditions(where: Expression | None) -> Iterator[Expression]:
    """The parts of a WHERE that hold all at once."""
    match where:
        case None:
            return
        case Chain(first, rest) if rest[0][0] == "AND":
            for part in (first, *(item for _, item in rest)):
                yield from _conditions(part)
        case Paren(inner) if _has_time(inner):
            yield from _conditions(inner)
        case _:
            yield where


def _is_time(node: Expression) -> bool:
    return isinstance(node, Name) and node.text.lower() == "time"


def _has_time(node: Expression) -> bool:
    match node:
        case Chain(first, rest):
            return _has_time(first) or any(_has_time(item) for _, item in rest)
        case Paren(inner) | Minus(inner):
            return _has_time(inner)
        case Call(_, arguments):
            return any(_has_time(item) for item in arguments)
    return _is_time(node)
