"""Old, Portuguese and other names where a row's column is compared with a text (C5)."""

from __future__ import annotations

from ons_platform.timeseries import names
from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.values import Plain, Value


def compared(node: tree.Binary, left: Value, right: Value) -> tree.Expression | None:
    """How a comparison of a stored column is to be written; None where it is right as it is."""
    if node.operator in ("==", "!="):
        for member, column, text in ((node.left, left, node.right), (node.right, right, node.left)):
            if (
                isinstance(member, tree.Member)
                and isinstance(column, Plain)
                and column.column is not None
                and isinstance(text, tree.Text)
            ):
                other = _equality(node, member, column.column, text.value)
                return None if other == node else other
    return None


def _equality(node: tree.Binary, member: tree.Member, column: str, text: str) -> tree.Expression:
    if column == "_measurement":
        meant = names.measurement(text)
        if meant.field is not None:
            return _written(node, member, "_field", meant.field)
        if meant.measurement is None:
            anything = tree.Unary("exists", member)
            return anything if node.operator == "==" else tree.Unary("not", anything)
        return _written(node, member, column, meant.measurement)
    if column == "_field":
        return _written(node, member, column, names.field(text))
    return _written(node, member, column, names.tag_value(column, text))


def _written(node: tree.Binary, member: tree.Member, key: str, text: str) -> tree.Expression:
    same = key == member.key
    quoted = member.quoted or not (same or key.isidentifier())
    named = member if same else tree.Member(member.record, key, quoted)
    literal = tree.Text(text)
    if isinstance(node.left, tree.Text):
        return tree.Binary(node.operator, literal, named)
    return tree.Binary(node.operator, named, literal)
