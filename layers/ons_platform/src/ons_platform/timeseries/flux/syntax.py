"""The syntax tree of Flux, as its own parser draws it (influxdata/flux, docs/SPEC.md).

Every node remembers in `at` where its first token begins (characters from 0); two trees are equal
when they say the same, wherever it stands. Parentheses are nodes, so that a tree is written again
as it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields


@dataclass(frozen=True)
class Node:
    """Anything the parser recognised."""

    at: int = field(compare=False, kw_only=True, default=0)


class Expression(Node):
    """What has a value."""


@dataclass(frozen=True)
class Identifier(Expression):
    """A name."""

    name: str


@dataclass(frozen=True)
class Integer(Expression):
    """A whole number, 0 to 2^63 - 1 (a sign is an operator)."""

    value: int


@dataclass(frozen=True)
class Float(Expression):
    """A number with a point, kept as written: Flux knows no exponents."""

    text: str


@dataclass(frozen=True)
class Text(Expression):
    """A string without interpolation, its escapes resolved."""

    value: str


@dataclass(frozen=True)
class Interpolated(Expression):
    """A string with `${...}`: texts and expressions in turn."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Regex(Expression):
    """A regular expression between slashes, `\\/` resolved."""

    pattern: str


@dataclass(frozen=True)
class Duration(Expression):
    """A span of time: magnitudes and units as written, `µs` as `us`."""

    parts: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Instant(Expression):
    """A date or an instant with its offset, as written."""

    text: str


@dataclass(frozen=True)
class Pipe(Expression):
    """`<-`, the default of the parameter a pipe fills."""


@dataclass(frozen=True)
class Label(Expression):
    """`.name` standing alone."""

    name: str


@dataclass(frozen=True)
class Array(Expression):
    """`[a, b]`."""

    items: tuple[Expression, ...]


@dataclass(frozen=True)
class Dictionary(Expression):
    """`[key: value]`; `[:]` is the empty one."""

    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True)
class Property(Node):
    """`key: value` of a record or call, `key = default` of a parameter; the value may be absent."""

    key: str
    value: Expression | None
    quoted: bool = False


@dataclass(frozen=True)
class Record(Expression):
    """`{base with key: value}`."""

    properties: tuple[Property, ...]
    base: Identifier | None = None


@dataclass(frozen=True)
class Function(Expression):
    """`(parameters) => body`; the body is an expression or a block of statements."""

    parameters: tuple[Property, ...]
    body: Expression | Block


@dataclass(frozen=True)
class Call(Expression):
    """`callee(key: value)`."""

    callee: Expression
    arguments: tuple[Property, ...]


@dataclass(frozen=True)
class Piped(Expression):
    """`source |> call`."""

    source: Expression
    call: Call


@dataclass(frozen=True)
class Member(Expression):
    """`record.key`, or `record["key"]` where `quoted`."""

    record: Expression
    key: str
    quoted: bool = False


@dataclass(frozen=True)
class Index(Expression):
    """`array[index]` with anything but a string between the brackets."""

    array: Expression
    index: Expression


@dataclass(frozen=True)
class Unary(Expression):
    """`-`, `+`, `not` or `exists` before an expression."""

    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary(Expression):
    """Two expressions joined by an operator, `and` and `or` among them."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Conditional(Expression):
    """`if test then yes else no`."""

    test: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True)
class Parenthesised(Expression):
    """`(inner)`."""

    inner: Expression


@dataclass(frozen=True)
class Attribute(Node):
    """`@name(parameters)` before a statement."""

    name: str
    parameters: tuple[Expression, ...]


@dataclass(frozen=True)
class Statement(Node):
    """What stands in a file or a block."""

    attributes: tuple[Attribute, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class Assignment(Statement):
    """`name = value`."""

    name: str
    value: Expression


@dataclass(frozen=True)
class Evaluation(Statement):
    """An expression by itself."""

    value: Expression


@dataclass(frozen=True)
class Option(Statement):
    """`option name = value` or `option package.name = value`."""

    name: str
    member: str | None
    value: Expression


@dataclass(frozen=True)
class Return(Statement):
    """`return value`."""

    value: Expression


@dataclass(frozen=True)
class Builtin(Statement):
    """`builtin name : type`; the type as its tokens."""

    name: str
    type_tokens: tuple[str, ...]


@dataclass(frozen=True)
class TestCase(Statement):
    """`testcase name extends "path" { ... }`."""

    name: str
    extends: str | None
    body: Block


@dataclass(frozen=True)
class Import(Statement):
    """`import alias "path"`."""

    path: str
    alias: str | None


@dataclass(frozen=True)
class PackageClause(Statement):
    """`package name`."""

    name: str


@dataclass(frozen=True)
class Block(Node):
    """The statements of a function between braces."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class File(Node):
    """A whole query."""

    package: PackageClause | None
    imports: tuple[Import, ...]
    statements: tuple[Statement, ...]


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below, in the order of the text."""
    for item in fields(node):
        yield from _nodes(getattr(node, item.name))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
