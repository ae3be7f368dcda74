"""A query as it was understood; each part knows its place in the text (`offset`, from 0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Name:
    """A field, a tag or a column of a subquery; `kind` is what `::` said of it, or ''."""

    text: str
    kind: str
    offset: int


@dataclass(frozen=True)
class Text:
    """A text in single quotes."""

    value: str
    offset: int


@dataclass(frozen=True)
class Number:
    """A whole or decimal number as written."""

    text: str
    offset: int

    @property
    def whole(self) -> int | None:
        """Its value, where it is a whole number."""
        return int(self.text) if self.text.isdecimal() else None


@dataclass(frozen=True)
class Span:
    """A duration."""

    nanoseconds: int
    offset: int


@dataclass(frozen=True)
class Regex:
    """A regular expression."""

    text: str
    offset: int


@dataclass(frozen=True)
class Flag:
    """true or false."""

    value: bool
    offset: int


@dataclass(frozen=True)
class Wild:
    """`*`, of `tag` or `field` only where `kind` says so."""

    kind: str
    offset: int


@dataclass(frozen=True)
class Call:
    """A function, by its name in lower case, of its arguments."""

    name: str
    arguments: tuple[Expression, ...]
    offset: int


@dataclass(frozen=True)
class Minus:
    """A sign before a value."""

    inner: Expression
    offset: int


@dataclass(frozen=True)
class Paren:
    """An expression in parentheses."""

    inner: Expression
    offset: int


@dataclass(frozen=True)
class Chain:
    """Operands joined from the left by operators of one rank: (operator, operand) after `first`."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]
    offset: int


Expression: TypeAlias = (
    Name | Text | Number | Span | Regex | Flag | Wild | Call | Minus | Paren | Chain
)


@dataclass(frozen=True)
class Field:
    """A column asked for, and the name it gets."""

    expression: Expression
    alias: str | None


@dataclass(frozen=True)
class Measurement:
    """A source: `database.policy.name` as far as given; `name` may be an expression."""

    database: str | None
    policy: str | None
    name: str | Regex
    offset: int


@dataclass(frozen=True)
class Every:
    """GROUP BY time: the length of a window, and how far windows are moved."""

    nanoseconds: int
    moved: Expression | None
    offset: int


Dimension: TypeAlias = Every | Name | Regex | Wild


@dataclass(frozen=True)
class Page:
    """LIMIT, OFFSET, SLIMIT, SOFFSET; 0 is none."""

    limit: int = 0
    offset: int = 0
    slimit: int = 0
    soffset: int = 0


@dataclass(frozen=True)
class Select:
    """A SELECT; `fill` is a word or a number, `descending` is None where no order is said."""

    fields: tuple[Field, ...]
    sources: tuple[Measurement | Select, ...]
    where: Expression | None
    dimensions: tuple[Dimension, ...]
    fill: str | None
    descending: bool | None
    page: Page
    zone: str | None
    offset: int


@dataclass(frozen=True)
class Show:
    """A SHOW; `what` in capitals, `key` the operator and keys of WITH KEY or WITH MEASUREMENT."""

    what: str
    database: str | None
    sources: tuple[Measurement, ...]
    key: tuple[str, tuple[str | Regex, ...]] | None
    where: Expression | None
    page: Page
    offset: int


Statement: TypeAlias = Select | Show
