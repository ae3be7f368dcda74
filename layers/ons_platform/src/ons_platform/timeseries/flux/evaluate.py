"""Follows a query as the server would, with `values` in place of data.

Every call is followed, of the query's own functions too, so that what a name means is known where
it is called, however it came there. What a function of Flux may be given, and what it gives, is
said by the rules; what has to be written otherwise is kept in `Edits`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ons_platform.timeseries import names
from ons_platform.timeseries.flux import limits, literals
from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.allow import MOVED, UNIVERSE, allow_list
from ons_platform.timeseries.flux.errors import refuse
from ons_platform.timeseries.flux.names import compared
from ons_platform.timeseries.flux.operators import binary, folded_sign
from ons_platform.timeseries.flux.patterns import check_pattern
from ons_platform.timeseries.flux.values import (
    Closure,
    Fields,
    Items,
    Location,
    Moment,
    Native,
    Package,
    Plain,
    Row,
    Scope,
    Span,
    Table,
    Unknown,
    Value,
    is_plain,
    letters_of,
    merged,
)

OWN = frozenset({"from", "range", "limit", "union", "yield", "now", "filter", "distinct"})
"""Names the rewritten query relies on."""
WRITTEN = re.compile(r"_ons([1-9][0-9]{0,3})")
"""Names the guard gives; a query it wrote may be sent again."""
_CONSTANTS: Mapping[str, Value] = {
    "inf": Span(infinite=True),
    "utc": Location(),
    "true": Plain("number", known=True),
    "false": Plain("number", known=False),
}


@dataclass
class Edits:
    """What is to be written otherwise, by the identity of the node."""

    nodes: dict[int, tree.Node] = field(default_factory=dict)
    unranged: set[int] = field(default_factory=set)
    alias: dict[int, tuple[str, ...]] = field(default_factory=dict)
    listings: set[int] = field(default_factory=set)
    pushed: dict[int, frozenset[str] | None] = field(default_factory=dict)
    yields: set[int] = field(default_factory=set)
    free: set[int] = field(default_factory=set)

    def may_put(self, node: tree.Node, other: tree.Node) -> None:
        """Write `other` where that is the same in every call; else the node is right as it is."""
        if id(node) not in self.free and self.nodes.setdefault(id(node), other) != other:
            del self.nodes[id(node)]
            self.free.add(id(node))

    def put(self, node: tree.Node, other: tree.Node) -> None:
        """Write `other` where `node` stands; refused where it should be both this and that."""
        if id(node) in self.free or self.nodes.setdefault(id(node), other) != other:
            refuse("This means different things in different calls; write it out twice.", node.at)


@dataclass
class Arguments:
    """What a function of Flux is called with; `piped` came through the pipe."""

    call: tree.Call
    values: dict[str, Value]
    nodes: dict[str, tree.Expression]
    piped: Value | None

    @property
    def at(self) -> int:
        """Where the call stands."""
        return self.call.at

    def place(self, name: str) -> int:
        """Where an argument stands, or the call."""
        return self.nodes[name].at if name in self.nodes else self.at


Rule = Callable[["Evaluator", Arguments], Value]


class Evaluator:
    """One pass over one query at one instant."""

    def __init__(self, now: int, bounds: limits.FluxLimits, rules: Mapping[str, Rule]) -> None:
        self.now = now
        self.floor = now - bounds.retention_seconds * literals.SECOND
        self.ceiling = now + limits.FUTURE_SECONDS * literals.SECOND
        self.edits = Edits()
        self.buckets: set[str] = set()
        self.generic = 0
        self.in_row = 0
        self.loops = 1
        self.numbered = 0
        self.loose: list[tree.Call] = []
        self._rules = rules
        self._counts: dict[str, int] = {}
        self._seen: set[str] = set()
        self._imported: set[str] = set()
        self._scope = Scope()

    # ---------------------------------------------------------------- statements
    def run(self, file: tree.File) -> list[tuple[tree.Statement, Value]]:
        """Follow the whole query; its statements with the values of those that are results."""
        for item in file.imports:
            self._import(item)
        out = []
        for statement in file.statements:
            value = self._statement(statement)
            out.append((statement, value))
        return out

    def _import(self, item: tree.Import) -> None:
        path = MOVED.get(item.path, item.path)
        if path not in allow_list() or path == UNIVERSE:
            known = ", ".join(sorted(name for name in allow_list() if name != UNIVERSE))
            refuse(f'The package "{item.path[:60]}" is not allowed; there is {known}.', item.at)
        name = item.alias or path.rpartition("/")[2]
        self._bind(name, Package(path), item.at)
        self._imported.add(name)
        if path != item.path:
            self.edits.put(item, tree.Import(path, item.alias))

    def _statement(self, statement: tree.Statement) -> Value:
        if isinstance(statement, tree.Assignment):
            value = self.value(statement.value, self._scope)
            self._bind(statement.name, value, statement.at)
            return value
        if isinstance(statement, tree.Evaluation):
            return self.value(statement.value, self._scope)
        if isinstance(statement, tree.Option):
            return self._option(statement)
        return refuse("Only assignments and expressions stand in a query.", statement.at)

    def _option(self, statement: tree.Option) -> Value:
        if statement.name == "now" and statement.member is None:
            return self._set_now(statement)
        if statement.name != "location" or statement.member is not None:
            refuse("Only `option location = timezone...` may be set.", statement.at)
        value = self.value(statement.value, self._scope)
        if not isinstance(value, Location):
            refuse('Write option location = timezone.location(name: "...").', statement.value.at)
        return value

    def _set_now(self, statement: tree.Option) -> Value:
        """`option now` as the guard itself writes it, so that its queries can be sent again."""
        function = statement.value
        if not (
            isinstance(function, tree.Function)
            and not function.parameters
            and isinstance(function.body, tree.Instant)
        ):
            refuse("Write option now = () => 2024-01-01T00:00:00Z.", statement.value.at)
        moment = literals.nanoseconds(function.body.text)
        if not self.floor <= moment <= self.ceiling:
            refuse("now is an instant the store has.", function.body.at)
        if self._seen or self._scope.names.keys() - self._imported:
            refuse("option now stands before all other statements.", statement.at)
        self.now = moment
        return Plain()

    def _bind(self, name: str, value: Value, at: int) -> None:
        self.check_name(name, at)
        if name in self._scope.names:
            refuse(f"{name} is given twice.", at)
        if name in self._seen:
            refuse(f"{name} is used before it is given here; choose another name.", at)
        self._scope.names[name] = value
        if found := WRITTEN.fullmatch(name):
            self.numbered = max(self.numbered, int(found[1]))

    def check_name(self, name: str, at: int) -> None:
        """Refuse a name the rewritten query needs for itself, or one no keyboard has."""
        if name in OWN or (name.startswith("_ons") and not WRITTEN.fullmatch(name)):
            refuse(f"{name} is a name of Flux's own; choose another.", at)
        if not name.isascii():
            refuse("Names are written in letters from a to z; texts may have any.", at)

    # ---------------------------------------------------------------- expressions
    def count(self, what: str, most: int, message: str, at: int, by: int = 1) -> None:
        """Count up; refused past `most`."""
        self._counts[what] = self._counts.get(what, 0) + by
        if self._counts[what] > most:
            refuse(message, at)

    def value(self, node: tree.Expression, scope: Scope) -> Value:
        """What is known of an expression."""
        self.count("steps", limits.MAX_STEPS, "The query is too complex.", node.at)
        value = _EVALUATORS[type(node)](self, node, scope)
        if value.size > limits.MAX_SIZE:
            refuse(f"This value has more than {limits.MAX_SIZE} parts.", node.at)
        if letters_of(value) > limits.MAX_LETTERS:
            refuse(f"This makes texts of more than {limits.MAX_LETTERS} letters.", node.at)
        return value

    def _identifier(self, node: tree.Identifier, scope: Scope) -> Value:
        found = scope.find(node.name)
        if found is not None:
            return found
        self._seen.add(node.name)
        return self._native(UNIVERSE, node.name, node.at)

    def _native(self, package: str, name: str, at: int) -> Value:
        group = allow_list()[package].get(name)
        if group is None and package == UNIVERSE:
            refuse(f"There is no {name[:60]} that a query may use.", at)
        if group is None:
            refuse(f"{package} has no {name[:60]} that a query may use.", at)
        if group == "constants":
            return _CONSTANTS.get(name, Plain("number"))
        return Native(package, name)

    def _text(self, node: tree.Text, _: Scope) -> Value:
        return Plain("text", len(node.value), node.value)

    def _interpolated(self, node: tree.Interpolated, scope: Scope) -> Value:
        total = 0
        for part in node.parts:
            value = self.plain(part, scope)
            total += letters_of(value)
        return Plain("text", total)

    def plain(self, node: tree.Expression, scope: Scope) -> Value:
        """The value of an expression that must be data."""
        value = self.value(node, scope)
        if not is_plain(value):
            refuse("A function, package or table is no value here.", node.at)
        return value

    def _regex(self, node: tree.Regex, _: Scope) -> Value:
        self.count("patterns", limits.MAX_PATTERNS, "There are too many patterns.", node.at)
        check_pattern(node.pattern, node.at)
        return Plain("number")

    def _duration(self, node: tree.Duration, _: Scope) -> Value:
        months = sum(count * literals.MONTHS.get(unit, 0) for count, unit in node.parts)
        rest = sum(count * literals.UNITS.get(unit, 0) for count, unit in node.parts)
        if months > 12_000 or rest > literals.LARGEST:
            refuse("A duration is at most 292 years.", node.at)
        return Span(months, rest)

    def _instant(self, node: tree.Instant, _: Scope) -> Value:
        moment = literals.nanoseconds(node.text)
        return Moment(moment, moment)

    def _array(self, node: tree.Array, scope: Scope) -> Value:
        values = tuple(self.value(item, scope) for item in node.items)
        if len(values) > limits.MAX_ITEMS:
            refuse(f"An array has at most {limits.MAX_ITEMS} items.", node.at)
        element: Value | None = None
        for value, item in zip(values, node.items, strict=True):
            if not (is_plain(value) or isinstance(value, Table)):
                refuse("An array holds values only, no functions.", item.at)
            element = value if element is None else merged(element, value)
            if element is None:
                refuse("The items of an array are of one type.", item.at)
        return Items(element, len(values), values, size=1 + sum(item.size for item in values))

    def _dictionary(self, node: tree.Dictionary, scope: Scope) -> Value:
        size, element = 1, None
        for key, item in node.items:
            size += self.plain(key, scope).size
            value = self.plain(item, scope)
            size += value.size
            element = value if element is None else merged(element, value)
            if element is None:
                refuse("The values of a dictionary are of one type.", item.at)
        return Items(element, len(node.items), size=size)

    def _record(self, node: tree.Record, scope: Scope) -> Value:
        base, items, size = None, {}, 1
        if node.base is not None:
            given = self.value(node.base, scope)
            if isinstance(given, Fields):
                base, items, size = given.base, dict(given.items), given.size
            elif isinstance(given, Row):
                base = given
            elif isinstance(given, Unknown):
                return self._generic_record(node, scope, given)
            else:
                refuse("Only a record stands before `with`.", node.base.at)
        for item in node.properties:
            value = self._property(item, scope)
            items[item.key] = value
            size += value.size
        return Fields(items, base, size=size)

    def _generic_record(self, node: tree.Record, scope: Scope, given: Value) -> Value:
        sizes = [self._property(item, scope).size for item in node.properties]
        return Unknown(size=given.size + sum(sizes) + 1)

    def _property(self, item: tree.Property, scope: Scope) -> Value:
        node = item.value if item.value is not None else tree.Identifier(item.key, at=item.at)
        return self.value(node, scope)

    def _function(self, node: tree.Function, scope: Scope) -> Value:
        inner = Scope(scope)
        for item in node.parameters:
            self.check_parameter(item)
            if item.value is not None and not isinstance(item.value, tree.Pipe):
                self.value(item.value, scope)
            inner.names[item.key] = Unknown()
        self.generic += 1
        result = self._body(node, inner)
        self.generic -= 1
        return Closure(node, scope, size=1 + result.size + self._captured(node, scope))

    def check_parameter(self, item: tree.Property) -> None:
        """A parameter's name; a pipe's may be any."""
        if item.key not in ("tables", "table"):
            self.check_name(item.key, item.at)

    def _captured(self, node: tree.Function, scope: Scope) -> int:
        size, todo = 0, [*tree.children(node)]
        while todo:
            below = todo.pop()
            self.count("steps", limits.MAX_STEPS, "The query is too complex.", node.at)
            if isinstance(below, tree.Identifier):
                found = scope.find(below.name)
                size += found.size if isinstance(found, Closure | Fields | Items) else 0
            todo.extend(tree.children(below))
        return size

    def _body(self, node: tree.Function, scope: Scope) -> Value:
        if not isinstance(node.body, tree.Block):
            return self.value(node.body, scope)
        for statement in node.body.statements[:-1]:
            if isinstance(statement, tree.Assignment) and not statement.attributes:
                value = self.value(statement.value, scope)
                self.check_name(statement.name, statement.at)
                if statement.name in scope.names:
                    refuse(f"{statement.name} is given twice.", statement.at)
                if statement.name in self._seen or self._scope.find(statement.name):
                    refuse(f"{statement.name} is taken already; choose another.", statement.at)
                scope.names[statement.name] = value
            else:
                refuse("A function's block has assignments and one return.", statement.at)
        last = node.body.statements[-1] if node.body.statements else None
        if not isinstance(last, tree.Return):
            refuse("A function's block ends with return.", last.at if last else node.body.at)
        return self.value(last.value, scope)

    def _member(self, node: tree.Member, scope: Scope) -> Value:
        value = self.value(node.record, scope)
        if isinstance(value, Package):
            return self._native(value.path, node.key, node.at)
        if isinstance(value, Unknown):
            return Unknown(size=value.size)
        if isinstance(value, Fields):
            if node.key in value.items:
                return value.items[node.key]
            value = value.base or refuse(f"The record has no {node.key[:60]}.", node.at)
        if isinstance(value, Row):
            return _column(value, self._own_name(node, value))
        return refuse("Only records and packages have members.", node.at)

    def _own_name(self, node: tree.Member, row: Row) -> str:
        """The column's own name; the query is edited where it uses another."""
        table = row.table
        if table is None or self.generic or not table.stored(node.key):
            return node.key
        own = names.tag(node.key, table.buckets)
        if own != node.key:
            self.edits.put(node, tree.Member(node.record, own, node.quoted, at=node.at))
        return own

    def _index(self, node: tree.Index, scope: Scope) -> Value:
        array = self.value(node.array, scope)
        self.plain(node.index, scope)
        if isinstance(array, Unknown):
            return Unknown(size=array.size)
        if not isinstance(array, Items) or not is_plain(array):
            refuse("Only an array of values has an index.", node.at)
        return array.element or Plain()

    def _unary(self, node: tree.Unary, scope: Scope) -> Value:
        value = self.plain(node.operand, scope)
        if isinstance(value, Unknown):
            return value
        return folded_sign(value) if node.operator == "-" else _signless(node, value)

    def _binary(self, node: tree.Binary, scope: Scope) -> Value:
        left = self.plain(node.left, scope)
        right = self.plain(node.right, scope)
        if not self.generic:
            other = compared(node, left, right)
            if other is not None:
                self.edits.put(node, other)
        return binary(node.operator, left, right)

    def _conditional(self, node: tree.Conditional, scope: Scope) -> Value:
        self.plain(node.test, scope)
        both = merged(self.value(node.yes, scope), self.value(node.no, scope))
        return both or refuse("Both branches of an `if` are values of one type.", node.at)

    def _inner(self, node: tree.Parenthesised, scope: Scope) -> Value:
        return self.value(node.inner, scope)

    def _refused(self, node: tree.Expression, _: Scope) -> Value:
        return refuse("This has no place in a query.", node.at)

    # ---------------------------------------------------------------- calls
    def _piped(self, node: tree.Piped, scope: Scope) -> Value:
        chain: list[tree.Call] = []
        start: tree.Expression = node
        while isinstance(start, tree.Piped):
            chain.append(start.call)
            start = start.source
        value = self.value(start, scope)
        for call in reversed(chain):
            value = self._called(call, scope, value)
            if value.size > limits.MAX_SIZE:
                refuse(f"This value has more than {limits.MAX_SIZE} parts.", call.at)
        return value

    def _call(self, node: tree.Call, scope: Scope) -> Value:
        return self._called(node, scope, None)

    def _called(self, call: tree.Call, scope: Scope, piped: Value | None) -> Value:
        callee = self.value(call.callee, scope)
        values: dict[str, Value] = {}
        nodes: dict[str, tree.Expression] = {}
        for item in call.arguments:
            if item.key in values:
                refuse(f"{item.key[:60]} is given twice.", item.at)
            values[item.key] = self._property(item, scope)
            nodes[item.key] = item.value or tree.Identifier(item.key, at=item.at)
        if isinstance(callee, Closure):
            self._count_call(call.at)
            return self.apply(callee, values, piped, call.at)
        if isinstance(callee, Native):
            return self._native_call(callee, Arguments(call, values, nodes, piped))
        if isinstance(callee, Unknown):
            sizes = [item.size for item in values.values()]
            return Unknown(size=1 + sum(sizes) + (piped.size if piped else 0))
        return refuse("Only a function can be called.", call.at)

    def _count_call(self, at: int) -> None:
        if self.generic:
            return
        message = "The query's own functions call one another too often."
        self.count("calls", limits.MAX_CALLS, message, at)
        if self.in_row:
            self.count("row calls", limits.MAX_ROW_CALLS, message, at)

    def apply(
        self, function: Closure, values: Mapping[str, Value], piped: Value | None, at: int
    ) -> Value:
        """Call one of the query's own functions."""
        scope = Scope(function.scope)
        left = dict(values)
        for item in function.node.parameters:
            if isinstance(item.value, tree.Pipe):
                given = left.pop(item.key, None) or piped
                piped = None
            else:
                given = left.pop(item.key, None)
                if given is None and item.value is not None:
                    given = self.value(item.value, function.scope)
            if given is None:
                refuse(f"The function needs {item.key[:60]}.", at)
            scope.names[item.key] = given
        if left or piped is not None:
            what = next(iter(left), "nothing piped")
            refuse(f"The function takes no {what[:60]}." if left else "Takes nothing piped.", at)
        return self._body(function.node, scope)

    def _native_call(self, native: Native, arguments: Arguments) -> Value:
        values = [*arguments.values.values(), arguments.piped]
        if self.generic and any(isinstance(item, Unknown) for item in values):
            sizes = [item.size for item in values if item is not None]
            return Unknown(size=1 + sum(sizes))
        group = allow_list()[native.package][native.name]
        rule = self._rules.get(f"{native.package}.{native.name}") or self._rules[group]
        return rule(self, arguments)

    def row_call(
        self, function: Value | None, row: Value, arguments: Arguments, name: str
    ) -> Value:
        """What a function that is called row by row gives; no table may be touched in it."""
        if not isinstance(function, Closure):
            refuse(f"Write {name} as a function: (r) => ...", arguments.place(name))
        given = {
            item.key: row
            for item in function.node.parameters
            if item.value is None and not isinstance(item.value, tree.Pipe)
        }
        return self.in_rows(function, given, arguments.place(name))

    def in_rows(self, function: Closure, given: Mapping[str, Value], at: int) -> Value:
        """Call a function with rows: no table may be touched in it."""
        self.in_row += 1
        result = self.apply(function, given, None, at)
        self.in_row -= 1
        if not is_plain(result):
            refuse("A function of rows gives values, no tables or functions.", at)
        return result


def _column(row: Row, key: str) -> Value:
    table = row.table
    if table is None:
        return Plain(letters=limits.STORED_LETTERS)
    if not table.stored(key):
        return Plain(letters=table.letters)
    kind = "number" if key in ("_start", "_stop", "_time") else ""
    return Plain(kind, limits.STORED_LETTERS, column=key)


def _signless(node: tree.Unary, value: Value) -> Value:
    return value if node.operator == "+" else Plain("number")


_EVALUATORS: dict[type[tree.Expression], Callable[[Evaluator, Any, Scope], Value]] = {
    tree.Identifier: Evaluator._identifier,
    tree.Integer: lambda _, node, __: Plain("number", known=node.value),
    tree.Float: lambda _, node, __: Plain("number", known=float(node.text)),
    tree.Text: Evaluator._text,
    tree.Interpolated: Evaluator._interpolated,
    tree.Regex: Evaluator._regex,
    tree.Duration: Evaluator._duration,
    tree.Instant: Evaluator._instant,
    tree.Pipe: Evaluator._refused,
    tree.Label: Evaluator._refused,
    tree.Array: Evaluator._array,
    tree.Dictionary: Evaluator._dictionary,
    tree.Record: Evaluator._record,
    tree.Function: Evaluator._function,
    tree.Call: Evaluator._call,
    tree.Piped: Evaluator._piped,
    tree.Member: Evaluator._member,
    tree.Index: Evaluator._index,
    tree.Unary: Evaluator._unary,
    tree.Binary: Evaluator._binary,
    tree.Conditional: Evaluator._conditional,
    tree.Parenthesised: Evaluator._inner,
}
