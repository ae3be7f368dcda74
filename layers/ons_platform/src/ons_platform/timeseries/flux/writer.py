"""Writes a syntax tree as Flux: `parse(write(tree)) == tree` for every tree that was parsed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ons_platform.timeseries.flux import literals
from ons_platform.timeseries.flux import syntax as tree


def write(file: tree.File) -> str:
    """The text of a query, a statement a line."""
    lines = [] if file.package is None else [_statement(file.package)]
    lines += [_statement(item) for item in file.imports]
    lines += [_statement(item) for item in file.statements]
    return "\n".join(lines) + "\n" if lines else ""


def _statement(node: tree.Statement) -> str:
    before = "".join(f"{_attribute(item)}\n" for item in node.attributes)
    return before + _STATEMENTS[type(node)](node)


def _attribute(node: tree.Attribute) -> str:
    inside = ", ".join(expression(item) for item in node.parameters)
    return f"@{node.name}({inside})"


def _option(node: tree.Option) -> str:
    name = node.name if node.member is None else f"{node.name}.{node.member}"
    return f"option {name} = {expression(node.value)}"


def _import(node: tree.Import) -> str:
    alias = f"{node.alias} " if node.alias else ""
    return f'import {alias}"{literals.escape(node.path)}"'


def _testcase(node: tree.TestCase) -> str:
    extends = f' extends "{literals.escape(node.extends)}"' if node.extends is not None else ""
    return f"testcase {node.name}{extends} {_block(node.body)}"


def _block(node: tree.Block) -> str:
    inside = "".join(f"{_statement(item)}\n" for item in node.statements)
    return f"{{\n{inside}}}"


_STATEMENTS: dict[type[tree.Statement], Callable[[Any], str]] = {
    tree.PackageClause: lambda node: f"package {node.name}",
    tree.Import: _import,
    tree.Assignment: lambda node: f"{node.name} = {expression(node.value)}",
    tree.Evaluation: lambda node: expression(node.value),
    tree.Option: _option,
    tree.Return: lambda node: f"return {expression(node.value)}",
    tree.Builtin: lambda node: f"builtin {node.name} : {' '.join(node.type_tokens)}",
    tree.TestCase: _testcase,
}


def expression(node: tree.Expression) -> str:
    """The text of an expression."""
    return _EXPRESSIONS[type(node)](node)


def _interpolated(node: tree.Interpolated) -> str:
    inside = [
        literals.escape(part.value) if isinstance(part, tree.Text) else f"${{{expression(part)}}}"
        for part in node.parts
    ]
    return f'"{"".join(inside)}"'


def _key(name: str, quoted: bool) -> str:
    return f'"{literals.escape(name)}"' if quoted else name


def _properties(items: tuple[tree.Property, ...], sign: str = ": ") -> str:
    return ", ".join(
        _key(item.key, item.quoted)
        + ("" if item.value is None else f"{sign}{expression(item.value)}")
        for item in items
    )


def _record(node: tree.Record) -> str:
    base = "" if node.base is None else f"{node.base.name} with "
    return f"{{{base}{_properties(node.properties)}}}"


def _dictionary(node: tree.Dictionary) -> str:
    pairs = ", ".join(f"{expression(key)}: {expression(value)}" for key, value in node.items)
    return f"[{pairs or ':'}]"


def _function(node: tree.Function) -> str:
    body = _block(node.body) if isinstance(node.body, tree.Block) else expression(node.body)
    return f"({_properties(node.parameters, '=')}) => {body}"


def _call(node: tree.Call) -> str:
    return f"{expression(node.callee)}({_properties(node.arguments)})"


def _member(node: tree.Member) -> str:
    key = f'["{literals.escape(node.key)}"]' if node.quoted else f".{node.key}"
    return expression(node.record) + key


def _unary(node: tree.Unary) -> str:
    space = " " if node.operator.isalpha() else ""
    return f"{node.operator}{space}{expression(node.operand)}"


def _conditional(node: tree.Conditional) -> str:
    test, yes, no = (expression(item) for item in (node.test, node.yes, node.no))
    return f"if {test} then {yes} else {no}"


_EXPRESSIONS: dict[type[tree.Expression], Callable[[Any], str]] = {
    tree.Identifier: lambda node: node.name,
    tree.Integer: lambda node: str(node.value),
    tree.Float: lambda node: node.text,
    tree.Text: lambda node: f'"{literals.escape(node.value)}"',
    tree.Interpolated: _interpolated,
    tree.Regex: lambda node: f"/{literals.escape_regex(node.pattern)}/",
    tree.Duration: lambda node: "".join(f"{count}{unit}" for count, unit in node.parts),
    tree.Instant: lambda node: node.text,
    tree.Pipe: lambda _: "<-",
    tree.Label: lambda node: f'."{literals.escape(node.name)}"',
    tree.Array: lambda node: f"[{', '.join(expression(item) for item in node.items)}]",
    tree.Dictionary: _dictionary,
    tree.Record: _record,
    tree.Function: _function,
    tree.Call: _call,
    tree.Piped: lambda node: f"{expression(node.source)}\n    |> {_call(node.call)}",
    tree.Member: _member,
    tree.Index: lambda node: f"{expression(node.array)}[{expression(node.index)}]",
    tree.Unary: _unary,
    tree.Binary: lambda node: f"{expression(node.left)} {node.operator} {expression(node.right)}",
    tree.Conditional: _conditional,
    tree.Parenthesised: lambda node: f"({expression(node.inner)})",
}
