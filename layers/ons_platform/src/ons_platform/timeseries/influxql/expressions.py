"""Expressions of InfluxQL: arithmetic, comparisons, calls, by rank of their operators."""

from __future__ import annotations

from ons_platform.timeseries.influxql.lexer import nanoseconds
from ons_platform.timeseries.influxql.stream import RESERVED, Stream
from ons_platform.timeseries.influxql.tree import (
    Call,
    Chain,
    Expression,
    Flag,
    Minus,
    Name,
    Number,
    Paren,
    Regex,
    Span,
    Text,
    Wild,
)

MAX_DEPTH = 40
"""Parentheses and calls in one another."""
MAX_REGEX = 200
MAX_DIGITS = 19
RANKS = (
    frozenset({"or"}),
    frozenset({"and"}),
    frozenset({"=", "!=", "<>", "<", "<=", ">", ">=", "=~", "!~"}),
    frozenset({"+", "-", "|", "^"}),
    frozenset({"*", "/", "%", "&"}),
)
COMPARISONS = RANKS[2]
"""Operators from the loosest to the tightest."""
_KINDS = frozenset({"tag", "field", "float", "integer", "unsigned", "string", "boolean"})


def expression(words: Stream, *, rank: int = 0, depth: int = 0) -> Expression:
    """Read an expression whose operators are of this rank or bind tighter."""
    if depth > MAX_DEPTH:
        words.fail(f"The query is nested more than {MAX_DEPTH} levels deep.")
    if rank == len(RANKS):
        return _operand(words, depth)
    offset = words.now.offset
    first = expression(words, rank=rank + 1, depth=depth)
    rest = []
    while words.now.word in RANKS[rank]:
        sign = words.take().text.upper()
        rest.append((sign, expression(words, rank=rank + 1, depth=depth)))
    return Chain(first, tuple(rest), offset) if rest else first


def regex(words: Stream) -> Regex:
    """Read a regular expression; the server's engine takes linear time, its size is bounded."""
    token = words.take()
    if token.kind != "regex":
        words.fail(f"Expected a regular expression, found {token.shown}.", token.offset)
    if len(token.text) > MAX_REGEX:
        words.fail(f"A regular expression has at most {MAX_REGEX} characters.", token.offset)
    if _repeats(token.text):
        words.fail(
            "In a regular expression a counted repetition ({n,m}) is at most 50 and there is at "
            "most one.",
            token.offset,
        )
    return Regex(token.text, token.offset)


def _repeats(text: str) -> bool:
    counts = [part.partition("}")[0] for part in text.split("{")[1:] if "}" in part]
    numbers = [int(number) for count in counts for number in count.split(",") if number.isdecimal()]
    return len([count for count in counts if count[:1].isdecimal()]) > 1 or any(
        number > 50 for number in numbers
    )


def wild(words: Stream) -> Wild:
    """Read `*`, `*::tag` or `*::field`."""
    offset = words.take().offset
    return Wild(_kind(words, frozenset({"tag", "field"})), offset)


def name(words: Stream, what: str) -> Name:
    """Read a name and what `::` says of it."""
    offset = words.now.offset
    text = words.name(what)
    return Name(text, _kind(words, _KINDS), offset)


def _kind(words: Stream, known: frozenset[str]) -> str:
    if not words.found("::"):
        return ""
    if words.now.word not in known:
        words.fail(f"Behind '::' stands one of {', '.join(sorted(known))}.")
    return words.take().word


def _operand(words: Stream, depth: int) -> Expression:
    token = words.now
    match token.kind:
        case "number":
            return _number(words)
        case "duration":
            return Span(nanoseconds(words.take().text), token.offset)
        case "text":
            return Text(words.take().text, token.offset)
        case "regex":
            return regex(words)
        case "sign":
            return _signed(words, depth)
        case "name" if token.word in ("true", "false"):
            return Flag(words.take().word == "true", token.offset)
        case "name" if words.after.word == "(" and token.word not in RESERVED:
            return _call(words, depth)
        case "name" if token.word == "distinct" and words.after.kind in ("name", "quoted"):
            words.take()
            return Call("distinct", (name(words, "a field"),), token.offset)
    return name(words, "a field or tag")


def _number(words: Stream) -> Number:
    token = words.take()
    if len(token.text) > MAX_DIGITS or (token.text.isdecimal() and int(token.text) >= 2**63):
        words.fail(f"A number has at most {MAX_DIGITS} digits.", token.offset)
    if not token.text.isascii():
        words.fail("A number is written in the digits 0 to 9.", token.offset)
    return Number(token.text, token.offset)


def _signed(words: Stream, depth: int) -> Expression:
    token = words.now
    if token.text == "*":
        return wild(words)
    if token.text == "(":
        words.take()
        inner = expression(words, depth=depth + 1)
        words.expect(")")
        return Paren(inner, token.offset)
    if token.text not in "+-" or len(token.text) != 1:
        words.fail(f"Expected a value, found {token.shown}.")
    words.take()
    if words.now.kind == "sign" and words.now.text != "(":
        words.fail(f"Expected a value behind the sign, found {words.now.shown}.")
    inner = _operand(words, depth + 1)
    return Minus(inner, token.offset) if token.text == "-" else inner


def _call(words: Stream, depth: int) -> Call:
    token = words.take()
    words.take()
    arguments: list[Expression] = []
    if not words.found(")"):
        arguments.append(expression(words, depth=depth + 1))
        while words.found(","):
            arguments.append(expression(words, depth=depth + 1))
        words.expect(")")
    return Call(token.word, tuple(arguments), token.offset)
