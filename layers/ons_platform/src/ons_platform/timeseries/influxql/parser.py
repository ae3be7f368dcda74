"""SELECT and SHOW of InfluxQL into a tree; whatever else there is, is refused (QRY-4, QRY-5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ons_platform.timeseries.influxql.expressions import expression, name, regex, wild
from ons_platform.timeseries.influxql.lexer import nanoseconds
from ons_platform.timeseries.influxql.showing import show
from ons_platform.timeseries.influxql.sources import measurement, page
from ons_platform.timeseries.influxql.stream import Stream
from ons_platform.timeseries.influxql.tree import (
    Dimension,
    Every,
    Expression,
    Field,
    Measurement,
    Select,
    Statement,
)

MAX_SUBQUERIES = 8
"""SELECTs in one another."""
MAX_SELECTS = 12
"""SELECTs altogether: each goes through the points once more."""
_FILLS = ("none", "null", "previous", "linear")
Part = TypeVar("Part")


def parse(query: str) -> Statement:
    """The one statement of a query; raises `UnsafeQuery` with the place of what does not fit."""
    words = Stream(query)
    if words.now.word == "from" and words.after.word == "(":
        words.fail('This is Flux: send it with "language": "flux".')
    statement = _statement(words)
    while words.found(";"):
        pass
    if words.now.kind != "end":
        words.fail(f"Expected the end of the one statement, found {words.now.shown}.")
    return statement


def _statement(words: Stream) -> Statement:
    if words.now.word not in ("select", "show"):
        found = words.now.shown
        words.fail(f"Only SELECT and SHOW are taken: the store is read-only; found {found}.")
    return _select(words, 0) if words.now.word == "select" else show(words)


def _select(words: Stream, depth: int) -> Select:
    if depth > MAX_SUBQUERIES:
        words.fail(f"More than {MAX_SUBQUERIES} subqueries are in one another.")
    offset = words.now.offset
    words.expect("select")
    words.selects += 1
    if words.selects > MAX_SELECTS:
        words.fail(f"The query has more than {MAX_SELECTS} SELECTs.", offset)
    fields = _listed(words, _field)
    if words.now.word == "into":
        words.fail("INTO writes; a query here only reads.")
    words.expect("from")
    sources = _listed(words, lambda stream: _source(stream, depth))
    where = expression(words) if words.found("where") else None
    dimensions = _dimensions(words)
    fill = _fill(words)
    descending = _order(words)
    return Select(
        fields=fields,
        sources=sources,
        where=where,
        dimensions=dimensions,
        fill=fill,
        descending=descending,
        page=page(words, series=True),
        zone=_zone(words),
        offset=offset,
    )


def _listed(words: Stream, read: Callable[[Stream], Part]) -> tuple[Part, ...]:
    parts = [read(words)]
    while words.found(","):
        parts.append(read(words))
    return tuple(parts)


def _field(words: Stream) -> Field:
    asked: Expression = expression(words)
    return Field(asked, words.name("the column") if words.found("as") else None)


def _source(words: Stream, depth: int) -> Measurement | Select:
    if not words.found("("):
        return measurement(words)
    inner = _select(words, depth + 1)
    words.expect(")")
    return inner


def _dimensions(words: Stream) -> tuple[Dimension, ...]:
    if not words.found("group"):
        return ()
    words.expect("by")
    found = _listed(words, _dimension)
    times = [item for item in found if isinstance(item, Every)]
    if len(times) > 1:
        words.fail("GROUP BY has time() once.", times[1].offset)
    return found


def _dimension(words: Stream) -> Dimension:
    token = words.now
    if token.kind == "regex":
        return regex(words)
    if token.text == "*":
        return wild(words)
    if token.word == "time" and words.after.word == "(":
        words.take()
        return _every(words, token.offset)
    if token.word and words.after.word == "(":
        words.fail("GROUP BY takes time(), tags, regular expressions and *.")
    return name(words, "a tag")


def _every(words: Stream, offset: int) -> Every:
    words.expect("(")
    if words.now.kind != "duration":
        words.fail(f"time() takes a duration such as 1h, not {words.now.shown}.")
    length = nanoseconds(words.take().text)
    moved = expression(words, rank=3) if words.found(",") else None
    words.expect(")")
    return Every(length, moved, offset)


def _fill(words: Stream) -> str | None:
    if words.now.word != "fill":
        return None
    words.take()
    words.expect("(")
    sign = "-" if words.found("-") else ""
    token = words.take()
    number = token.kind == "number" and len(token.text) < 20 and token.text.isascii()
    if not (number or (token.word in _FILLS and not sign)):
        words.fail(f"fill takes a number or one of {', '.join(_FILLS)}.", token.offset)
    words.expect(")")
    return sign + token.text.lower()


def _order(words: Stream) -> bool | None:
    if not words.found("order"):
        return None
    words.expect("by")
    token = words.now
    if token.text.lower() == "time":
        words.take()
    elif token.word not in ("asc", "desc"):
        words.fail("The store orders by time only: ORDER BY time DESC.")
    descending = words.found("desc")
    if not descending:
        words.found("asc")
    return descending


def _zone(words: Stream) -> str | None:
    if words.now.word != "tz":
        return None
    words.take()
    words.expect("(")
    if words.now.kind != "text":
        words.fail("tz() takes a time zone in single quotes, such as 'America/Sao_Paulo'.")
    zone = words.take().text
    words.expect(")")
    return zone
