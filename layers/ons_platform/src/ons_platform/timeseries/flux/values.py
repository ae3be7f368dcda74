"""What is known of the value of an expression before it is run.

The evaluator follows a query with these in place of the real values: a constant is known exactly,
a row's column only as something plain, a table by the instants and the columns it can have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ons_platform.timeseries.flux import literals
from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.limits import STORED_LETTERS

WIDE = frozenset({"_time", "_start", "_stop", "_value"})
"""Columns with as many values as there are rows."""
LONGEST_MONTH = 31 * literals.DAY
SHORTEST_MONTH = 28 * literals.DAY


@dataclass(frozen=True)
class Value:
    """Any value; `size` counts what its type is made of."""

    size: int = field(default=1, kw_only=True, compare=False)


@dataclass(frozen=True)
class Unknown(Value):
    """The parameter of a function that is looked at before it is called."""


@dataclass(frozen=True)
class Plain(Value):
    """A number, text, truth value, instant, span or pattern.

    `kind` is `text`, `number` (anything of fixed length) or empty where it cannot be told; `column`
    is the stored column a value was taken from.
    """

    kind: str = ""
    letters: int = 32
    known: str | float | None = None
    column: str | None = None


@dataclass(frozen=True)
class Moment(Value):
    """An instant between two, in nanoseconds since 1970 UTC; known exactly when they are one."""

    low: int
    high: int


@dataclass(frozen=True)
class Span(Value):
    """A duration known exactly."""

    months: int = 0
    nanoseconds: int = 0
    infinite: bool = False

    @property
    def shortest(self) -> int:
        """Nanoseconds, months counted short."""
        return self.months * SHORTEST_MONTH + self.nanoseconds

    @property
    def longest(self) -> int:
        """Nanoseconds, months counted long."""
        return self.months * LONGEST_MONTH + self.nanoseconds


@dataclass(frozen=True)
class Location(Value):
    """What the `location` option takes."""


@dataclass(frozen=True)
class Items(Value):
    """An array or dictionary: what its elements have in common, and how many there can be."""

    element: Value | None
    count: int
    exact: tuple[Value, ...] | None = None


@dataclass(frozen=True)
class Table(Value):
    """A stream of tables.

    Its rows lie between `start` and `stop` (nanoseconds; None for a table made from an array) as
    long as `sound`. `computed` are the columns the query has written itself, None for all of them.
    The rows differ in `unique` (None: not known) and stand in tables by `groups`. `unranged` are
    the reads that no range bounds yet, `buckets` what is read.
    """

    start: int | None = None
    stop: int | None = None
    sound: bool = False
    computed: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    unique: frozenset[str] | None = None
    unranged: tuple[tree.Call, ...] = ()
    buckets: tuple[str, ...] = ()
    letters: int = STORED_LETTERS

    def stored(self, column: str) -> bool:
        """Whether a column is what the store holds, not what the query wrote."""
        return self.computed is not None and column not in self.computed


@dataclass(frozen=True)
class Row(Value):
    """A record of plain columns: a row of `table`, or something else with unknown keys."""

    table: Table | None = None


@dataclass(frozen=True)
class Fields(Value):
    """A record by its keys, over those of `base`."""

    items: Mapping[str, Value]
    base: Row | None = None


@dataclass(frozen=True)
class Closure(Value):
    """A function of the query with the names it can see."""

    node: tree.Function
    scope: Scope = field(compare=False)


@dataclass(frozen=True)
class Native(Value):
    """A function of Flux that is on the allow-list."""

    package: str
    name: str


@dataclass(frozen=True)
class Package(Value):
    """An imported package."""

    path: str


class Scope:
    """Names and their values, those outside included."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer = outer
        self.names: dict[str, Value] = {}

    def find(self, name: str) -> Value | None:
        """The value of a name, from the nearest scope that has it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


def merged(one: Value, other: Value) -> Value | None:
    """What is known of a value that is one or the other; None where they do not go together."""
    if one == other:
        return one if one.size >= other.size else other
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return Unknown(size=max(one.size, other.size))
    if isinstance(one, Moment) and isinstance(other, Moment):
        return Moment(min(one.low, other.low), max(one.high, other.high))
    if isinstance(one, Table) and isinstance(other, Table):
        return both_tables(one, other)
    if isinstance(one, Items) and isinstance(other, Items):
        return _merged_items(one, other)
    if isinstance(one, Fields | Row) and isinstance(other, Fields | Row):
        return _merged_records(one, other)
    if isinstance(one, Plain | Moment | Span) and isinstance(other, Plain | Moment | Span):
        return _merged_plain(as_plain(one), as_plain(other))
    return None


def as_plain(value: Value) -> Plain:
    """A plain value of which less is said."""
    return value if isinstance(value, Plain) else Plain("number")


def is_plain(value: Value | None) -> bool:
    """Whether a value is data through and through: no function, package or table in it."""
    if isinstance(value, Items):
        return value.element is None or is_plain(value.element)
    if isinstance(value, Fields):
        return all(is_plain(item) for item in value.items.values())
    return isinstance(value, Plain | Moment | Span | Row | Unknown | Location)


def letters_of(value: Value | None) -> int:
    """At most how long the longest text in a value is."""
    if isinstance(value, Plain):
        return value.letters
    if isinstance(value, Items):
        return letters_of(value.element)
    if isinstance(value, Fields):
        inside = [letters_of(item) for item in value.items.values()]
        return max([*inside, letters_of(value.base)], default=0)
    if isinstance(value, Row):
        return value.table.letters if value.table else STORED_LETTERS
    return 32


def _merged_plain(one: Plain, other: Plain) -> Plain:
    return Plain(
        one.kind if one.kind == other.kind else one.kind or other.kind,
        max(one.letters, other.letters),
        one.known if one.known == other.known else None,
        one.column if one.column == other.column else None,
    )


def _merged_items(one: Items, other: Items) -> Items | None:
    size = max(one.size, other.size)
    if one.element is None or other.element is None:
        return Items(one.element or other.element, max(one.count, other.count), size=size)
    element = merged(one.element, other.element)
    return None if element is None else Items(element, max(one.count, other.count), size=size)


def _merged_records(one: Fields | Row, other: Fields | Row) -> Value | None:
    size = max(one.size, other.size)
    if isinstance(one, Row) or isinstance(other, Row):
        longest = max(letters_of(one), letters_of(other))
        plain = is_plain(one) and is_plain(other)
        return Row(Table(letters=longest), size=size) if plain else None
    items = dict(one.items)
    for key, value in other.items.items():
        both = merged(items[key], value) if key in items else value
        if both is None:
            return None
        items[key] = both
    return Fields(items, one.base if one.base == other.base else None, size=size)


def both_tables(one: Table, other: Table) -> Table:
    """What holds for the rows of either table."""
    starts = [item for item in (one.start, other.start) if item is not None]
    stops = [item for item in (one.stop, other.stop) if item is not None]
    known = one.computed is not None and other.computed is not None
    return Table(
        start=min(starts, default=None),
        stop=max(stops, default=None),
        sound=one.sound and other.sound,
        computed=(one.computed or frozenset()) | (other.computed or frozenset()) if known else None,
        groups=one.groups if one.groups == other.groups else None,
        unranged=one.unranged + other.unranged,
        buckets=tuple(dict.fromkeys(one.buckets + other.buckets)),
        letters=max(one.letters, other.letters),
    )


def writing(table: Table, columns: frozenset[str] | None) -> Table:
    """The table after the query wrote those columns (None: it may have written any)."""
    if columns is None or table.computed is None:
        return replace(table, computed=None, sound=False, unique=None)
    spoilt = bool(table.unique and table.unique & columns)
    return replace(
        table,
        computed=table.computed | columns,
        sound=table.sound and "_time" not in columns,
        unique=None if spoilt else table.unique,
    )
