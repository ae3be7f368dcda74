"""A query written from its tree: every name quoted, every literal escaped (nothing is copied)."""

from __future__ import annotations

from collections.abc import Iterator

from ons_platform.timeseries.influxql.lexer import UNITS
from ons_platform.timeseries.influxql.tree import (
    Call,
    Chain,
    Every,
    Expression,
    Field,
    Flag,
    Measurement,
    Minus,
    Name,
    Number,
    Page,
    Paren,
    Regex,
    Select,
    Show,
    Span,
    Statement,
    Text,
    Wild,
)

_UNITS = sorted(((size, unit) for unit, size in UNITS.items() if unit.isascii()), reverse=True)


def written(statement: Statement) -> str:
    """The statement as the server reads it."""
    return " ".join(_select(statement) if isinstance(statement, Select) else _show(statement))


def quoted(name: str) -> str:
    """A name in double quotes."""
    return '"' + _escaped(name).replace('"', '\\"') + '"'


def duration(nanoseconds: int) -> str:
    """A duration in the largest unit that says it exactly."""
    size, unit = next(item for item in _UNITS if nanoseconds % item[0] == 0)
    return f"{nanoseconds // size}{unit}"


def expression(node: Expression) -> str:
    """An expression; its own parentheses keep what binds to what."""
    match node:
        case Call(name, arguments):
            return f"{name}({', '.join(expression(item) for item in arguments)})"
        case Minus(inner):
            return f"-{expression(inner)}"
        case Paren(inner):
            return f"({expression(inner)})"
        case Chain(first, rest):
            return expression(first) + "".join(f" {sign} {expression(item)}" for sign, item in rest)
    return _leaf(node)


def _leaf(node: Name | Text | Number | Span | Regex | Flag | Wild) -> str:
    match node:
        case Name(text, kind):
            return quoted(text) + _cast(kind)
        case Text(value):
            return "'" + _escaped(value).replace("'", "\\'") + "'"
        case Number(text):
            return text
        case Span(nanoseconds):
            return duration(nanoseconds)
        case Flag(value):
            return str(value).lower()
        case Regex(text):
            return "/" + text.replace("/", "\\/") + "/"
        case Wild(kind):
            return f"*{_cast(kind)}"


def _cast(kind: str) -> str:
    return f"::{kind}" if kind else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _select(query: Select) -> Iterator[str]:
    yield "SELECT " + ", ".join(_field(item) for item in query.fields)
    yield "FROM " + ", ".join(_source(item) for item in query.sources)
    if query.where is not None:
        yield "WHERE " + expression(query.where)
    if query.dimensions:
        yield "GROUP BY " + ", ".join(
            _every(item) if isinstance(item, Every) else expression(item)
            for item in query.dimensions
        )
    if query.fill is not None:
        yield f"fill({query.fill})"
    yield from _tail(query.descending, query.page)
    if query.zone is not None:
        yield f"tz('{query.zone}')"


def _show(query: Show) -> Iterator[str]:
    yield f"SHOW {query.what}"
    if query.database is not None:
        yield f"ON {quoted(query.database)}"
    measured = query.what == "MEASUREMENTS"
    if query.key and measured:
        yield f"WITH MEASUREMENT {_key(query.key)}"
    if query.sources:
        yield "FROM " + ", ".join(_named(item.name) for item in query.sources)
    if query.key and not measured:
        yield f"WITH KEY {_key(query.key)}"
    if query.where is not None:
        yield "WHERE " + expression(query.where)
    yield from _tail(None, query.page)


def _tail(descending: bool | None, page: Page) -> Iterator[str]:
    if descending is not None:
        yield "ORDER BY time " + ("DESC" if descending else "ASC")
    for word in ("limit", "offset", "slimit", "soffset"):
        if count := getattr(page, word):
            yield f"{word.upper()} {count}"


def _field(item: Field) -> str:
    return expression(item.expression) + (f" AS {quoted(item.alias)}" if item.alias else "")


def _source(item: Measurement | Select) -> str:
    if isinstance(item, Select):
        return f"({written(item)})"
    if item.database is None:
        return _named(item.name)
    return f"{quoted(item.database)}..{_named(item.name)}"


def _named(name: str | Regex) -> str:
    return quoted(name) if isinstance(name, str) else expression(name)


def _every(item: Every) -> str:
    moved = f", {expression(item.moved)}" if item.moved is not None else ""
    return f"time({duration(item.nanoseconds)}{moved})"


def _key(key: tuple[str, tuple[str | Regex, ...]]) -> str:
    sign, names = key
    listed = ", ".join(_named(name) for name in names)
    return f"IN ({listed})" if sign == "IN" else f"{sign} {listed}"
