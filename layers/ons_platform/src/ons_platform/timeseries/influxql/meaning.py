"""What the names of a query mean: databases, measurements, fields, tags and their values (C5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ons_platform.timeseries import names
from ons_platform.timeseries.influxql.functions import check_call
from ons_platform.timeseries.influxql.tree import (
    Call,
    Chain,
    Expression,
    Measurement,
    Minus,
    Name,
    Paren,
    Regex,
    Text,
    Wild,
)
from ons_platform.timeseries.points import BUCKETS
from ons_platform.timeseries.refusals import refuse

MAX_CALLS = 60
"""Each goes through the points once more."""
MAX_WIDE_CALLS = 5
"""Of all fields (`*`, an expression), of which a bucket has hundreds."""

_POLICIES = ("autogen", "default")
_VALUE = "value"


@dataclass(frozen=True)
class Scope:
    """What a SELECT's names are looked up in.

    `buckets` are those it reads; `fields` what measurements named by a field stand for (then
    `value` and `*` are that field); `columns` are those of its subqueries, kept as they are;
    `windows` is how many windows of time it has.
    """

    buckets: frozenset[str]
    fields: frozenset[str] = field(default=frozenset())
    columns: frozenset[str] = field(default=frozenset())
    windows: int = 0

    @property
    def value(self) -> str | None:
        """The one field that `FROM power_mw` names."""
        return next(iter(self.fields)) if len(self.fields) == 1 else None


class Meaning:
    """Looks names up; `databases` are those of the request, for names that do not tell theirs."""

    def __init__(self, query: str, databases: tuple[str, ...]) -> None:
        self._query = query
        self._databases = databases
        self._calls = self._wide_calls = 0

    def sources(self, asked: Iterable[Measurement]) -> tuple[tuple[Measurement, ...], Scope]:
        """The measurements meant, each with its database, and the scope they make."""
        found: dict[tuple[str, str | Regex], Measurement] = {}
        fields: set[str] = set()
        for item in asked:
            meant = names.measurement(item.name) if isinstance(item.name, str) else None
            if meant is not None and meant.field is not None:
                fields.add(meant.field)
            for database, name in self._places(item, meant):
                found.setdefault((database, name), Measurement(database, None, name, item.offset))
        buckets = frozenset(database for database, _ in found)
        return tuple(found.values()), Scope(buckets, frozenset(fields))

    def databases(self, name: str | None, offset: int) -> tuple[str, ...]:
        """The buckets a database's name stands for; those of the request where there is none."""
        if name is None:
            return self._databases
        found = names.buckets_of(name)
        if not found:
            known = ", ".join(BUCKETS)
            refuse(
                self._query,
                offset,
                f"There is no database {name[:40]}; there is {known}, energy_data.",
            )
        return found

    def expression(self, node: Expression, scope: Scope) -> Expression:
        """The expression in the store's own names and values, its functions checked."""
        match node:
            case Name():
                return self._name(node, scope)
            case Paren(inner) | Minus(inner):
                return replace(node, inner=self.expression(inner, scope))
            case Call(_, arguments):
                check_call(self._query, node, scope.windows)
                self._count(node)
                meant = tuple(self.expression(item, scope) for item in arguments)
                return replace(node, arguments=meant)
            case Chain(first, rest):
                parts = [(sign, self.expression(item, scope)) for sign, item in rest]
                return _valued(Chain(self.expression(first, scope), tuple(parts), node.offset))
        return node

    def _count(self, call: Call) -> None:
        self._calls += 1
        self._wide_calls += any(isinstance(item, Wild | Regex) for item in call.arguments)
        if self._calls > MAX_CALLS:
            refuse(self._query, call.offset, f"More than {MAX_CALLS} functions are called.")
        if self._wide_calls > MAX_WIDE_CALLS:
            message = f"More than {MAX_WIDE_CALLS} functions are called of all fields."
            refuse(self._query, call.offset, message)

    def _places(
        self, item: Measurement, meant: names.Measured | None
    ) -> list[tuple[str, str | Regex]]:
        explicit = self._explicit(item)
        allowed = explicit or self._databases
        if meant is None:
            return [(database, item.name) for database in allowed]
        if meant.field is not None:
            homes = names.fields()[meant.field]
            used = [home for home in homes if home in allowed] or list(homes)
            return [(home, home) for home in (used if explicit else used[:1])]
        if meant.measurement is None:
            return [(database, database) for database in allowed]
        if meant.measurement in BUCKETS and not (explicit and meant.measurement not in explicit):
            return [(meant.measurement, meant.measurement)]
        if len(allowed) > 1:
            known = ", ".join(BUCKETS)
            refuse(
                self._query,
                item.offset,
                f"There is no measurement {meant.measurement[:40]}; there is {known}, energy_data "
                "and the names of fields.",
            )
        return [(allowed[0], meant.measurement)]

    def _explicit(self, item: Measurement) -> tuple[str, ...]:
        """The databases a measurement's name says, if it does: `database..m` or `database.m`."""
        if item.database is not None:
            self._check_policy(item)
            return self.databases(item.database, item.offset)
        if item.policy is None or item.policy.lower() in _POLICIES:
            return ()
        return self.databases(item.policy, item.offset)

    def _check_policy(self, item: Measurement) -> None:
        if item.policy is not None and item.policy.lower() not in _POLICIES:
            refuse(
                self._query,
                item.offset,
                f"There is no retention policy {item.policy[:40]}: use '..'.",
            )

    def _name(self, node: Name, scope: Scope) -> Name:
        text = node.text
        if text in scope.columns or text.lower() == "time":
            return node
        if text.lower() == _VALUE and scope.value is not None:
            return replace(node, text=scope.value)
        if text in names.fields() and node.kind != "tag":
            return node
        tag = names.tag(text, scope.buckets)
        if node.kind == "field" or (tag == text and tag not in names.tags()):
            return replace(node, text=names.field(text))
        return replace(node, text=tag)


def _valued(chain: Chain) -> Chain:
    """A comparison of a tag with a text, the text as the store writes it."""
    match chain:
        case Chain(Name(tag), ((("=" | "!=" | "<>") as sign, Text() as text),)):
            return replace(chain, rest=((sign, _value(tag, text)),))
        case Chain(Text() as text, ((("=" | "!=" | "<>"), Name(tag)),)):
            return replace(chain, first=_value(tag, text))
    return chain


def _value(tag: str, text: Text) -> Text:
    return replace(text, value=names.tag_value(tag, text.value))
