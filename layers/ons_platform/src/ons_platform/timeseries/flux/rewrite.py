"""Writes the checked tree otherwise: ranges, limits, one bucket for each of `energy_data`'s."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.evaluate import Edits
from ons_platform.timeseries.flux.literals import instant
from ons_platform.timeseries.points import BUCKETS

_AnyNode = TypeVar("_AnyNode", bound=tree.Node)


class Rewriter:
    """Applies edits; `start` and `stop` bound what the query reads without a range."""

    def __init__(self, edits: Edits, *, start: int, stop: int) -> None:
        self._edits = edits
        bounds = (("start", start), ("stop", stop))
        self._range = tree.Call(
            tree.Identifier("range"),
            tuple(tree.Property(name, tree.Instant(instant(at))) for name, at in bounds),
        )

    def expression(self, node: tree.Expression) -> tree.Expression:
        """The expression as it is to be written."""
        if isinstance(node, tree.Piped):
            return self._piped(node)
        if isinstance(node, tree.Call):
            return self._read(node, ())
        return self.node(node)

    def node(self, node: _AnyNode) -> _AnyNode:
        """Any other node as it is to be written, with what is below it."""
        chosen: Any = self._edits.nodes.get(id(node), node)
        changes = {item.name: self._part(getattr(chosen, item.name)) for item in fields(chosen)}
        written: _AnyNode = replace(chosen, **changes)
        return written

    def _part(self, value: Any) -> Any:
        if isinstance(value, tree.Expression):
            return self.expression(value)
        if isinstance(value, tree.Node):
            return self.node(value)
        if isinstance(value, tuple):
            return tuple(self._part(item) for item in value)
        return value

    def _piped(self, node: tree.Piped) -> tree.Expression:
        chain: list[tree.Call] = []
        start: tree.Expression = node
        while isinstance(start, tree.Piped):
            chain.insert(0, start.call)
            start = start.source
        head = 0
        if isinstance(start, tree.Call) and id(start) in self._edits.alias:
            while head < len(chain) and id(chain[head]) in self._edits.pushed:
                head += 1
            out = self._read(start, tuple(chain[:head]))
        else:
            out = self.expression(start)
        return piped(out, [self.node(call) for call in chain[head:]])

    def _read(self, call: tree.Call, pushed: tuple[tree.Call, ...]) -> tree.Expression:
        """A call; where it reads all buckets, a union of reads with what is done to each."""
        calls = [self.node(item) for item in pushed]
        if id(call) in self._edits.unranged:
            calls.insert(0, self._range)
        buckets = self._edits.alias.get(id(call))
        if buckets is None:
            return piped(self.node(call), calls)
        for item in pushed:
            homes = self._edits.pushed[id(item)]
            narrowed = tuple(name for name in buckets if homes is None or name in homes)
            buckets = narrowed or BUCKETS[:1]
        plain = self.node(call)
        reads = [piped(_of_bucket(plain, name), calls) for name in buckets]
        if len(reads) == 1:
            return reads[0]
        tables = tree.Property("tables", tree.Array(tuple(reads)))
        union = tree.Call(tree.Identifier("union"), (tables,))
        if id(call) not in self._edits.listings:
            return union
        column = tree.Property("column", tree.Text("_value"))
        return piped(union, [tree.Call(tree.Identifier("distinct"), (column,))])


def _of_bucket(call: tree.Call, bucket: str) -> tree.Call:
    rest = [item for item in call.arguments if item.key != "bucket"]
    return replace(call, arguments=(tree.Property("bucket", tree.Text(bucket)), *rest))


def piped(source: tree.Expression, calls: list[tree.Call]) -> tree.Expression:
    """The source led through the calls."""
    for call in calls:
        source = tree.Piped(source, call)
    return source


class Results:
    """Splits statements at their yields and cuts each result."""

    def __init__(self, yields: set[int], max_rows: int, *, numbered: int) -> None:
        self._yields = yields
        count = tree.Property("n", tree.Integer(max_rows + 1))
        self._limit = tree.Call(tree.Identifier("limit"), (count,))
        self._number = numbered
        self.found: set[int] = set()

    def statements(
        self,
        statement: tree.Assignment | tree.Evaluation,
        *,
        result: bool,
        rewrite: Callable[[tree.Expression], tree.Expression],
    ) -> list[tree.Statement]:
        """One statement as those to be sent; `result` where its value is one by itself."""
        source, parts = self._parts(statement.value)
        out: list[tree.Statement] = []
        for calls, shown in parts:
            source = piped(source, calls)
            if shown is None:
                break
            self._number += 1
            name = f"_ons{self._number}"
            out.append(tree.Assignment(name, rewrite(source)))
            source = tree.Identifier(name)
            bare = replace(shown, arguments=tuple(a for a in shown.arguments if a.key == "name"))
            out.append(tree.Evaluation(piped(source, [self._limit, bare])))
        if isinstance(statement, tree.Assignment):
            return [*out, replace(statement, value=rewrite(source))]
        if out and parts[-1][1] is not None:
            return out
        last = rewrite(source)
        return [*out, tree.Evaluation(piped(last, [self._limit]) if result else last)]

    def _parts(
        self, value: tree.Expression
    ) -> tuple[tree.Expression, list[tuple[list[tree.Call], tree.Call | None]]]:
        """The chain's start, and its stretches with the yield that ends each (None: none)."""
        chain: list[tree.Call] = []
        while isinstance(value, tree.Piped):
            chain.insert(0, value.call)
            value = value.source
        parts: list[tuple[list[tree.Call], tree.Call | None]] = [([], None)]
        for call in chain:
            if id(call) in self._yields:
                self.found.add(id(call))
                parts[-1] = (parts[-1][0], call)
                parts.append(([], None))
            else:
                parts[-1][0].append(call)
        if len(parts) > 1 and not parts[-1][0]:
            parts.pop()
        return value, parts
