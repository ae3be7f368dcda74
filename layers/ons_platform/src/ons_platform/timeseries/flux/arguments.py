"""What rules ask of the arguments of a call."""

from __future__ import annotations

from collections.abc import Iterable

from ons_platform.timeseries.flux import limits
from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.errors import refuse
from ons_platform.timeseries.flux.evaluate import Arguments, Evaluator
from ons_platform.timeseries.flux.values import (
    Fields,
    Items,
    Plain,
    Span,
    Table,
    Unknown,
    Value,
    is_plain,
)


def function_name(arguments: Arguments) -> str:
    """How the called function is written."""
    callee = arguments.call.callee
    return callee.key if isinstance(callee, tree.Member) else getattr(callee, "name", "this")


def allow_only(arguments: Arguments, names: Iterable[str]) -> None:
    """Refuse every argument but these."""
    known = set(names)
    for name in arguments.values:
        if name not in known:
            listed = ", ".join(sorted(known))
            refuse(
                f"{function_name(arguments)} takes {listed} here, not {name[:60]}.",
                arguments.place(name),
            )


def plain_only(arguments: Arguments, *, besides: Iterable[str] = ()) -> None:
    """Refuse functions, packages and tables as arguments, but those named."""
    free = set(besides)
    for name, value in arguments.values.items():
        if name not in free and not is_plain(value):
            refuse(
                f"{name[:60]} of {function_name(arguments)} is a value, no function or table.",
                arguments.place(name),
            )


def table_of(evaluator: Evaluator, arguments: Arguments, *names: str) -> Table:
    """The table a function works on: piped, or given by name. It is bounded if it was not."""
    found = piped_or(arguments, *(names or ("tables", "table")))
    if not isinstance(found, Table):
        refuse(f"{function_name(arguments)} works on tables: from(...) |> ...", arguments.at)
    return bounded(evaluator, found, arguments)


def piped_or(arguments: Arguments, *names: str) -> Value | None:
    """What came through the pipe, or by one of these names."""
    found = arguments.piped
    for name in names:
        found = found or arguments.values.get(name)
    return found


def bounded(evaluator: Evaluator, table: Table, arguments: Arguments) -> Table:
    """Count the operation, and bound what is read without a range to all the store holds."""
    operation(evaluator, arguments)
    if not table.unranged:
        return table
    if not evaluator.generic:
        evaluator.edits.unranged.update(id(call) for call in table.unranged)
    return whole(evaluator, table)


def whole(evaluator: Evaluator, table: Table) -> Table:
    """The table over all the store holds, up to now."""
    return Table(
        start=evaluator.floor,
        stop=evaluator.now,
        sound=True,
        computed=frozenset(),
        buckets=table.buckets,
    )


def operation(evaluator: Evaluator, arguments: Arguments) -> None:
    """Count one function on tables; none may stand in a function of rows."""
    if evaluator.in_row:
        refuse(
            f"{function_name(arguments)} would run a query for every row; take it out of the "
            "function.",
            arguments.at,
        )
    evaluator.count(
        "operations",
        limits.MAX_OPERATIONS,
        f"A query has at most {limits.MAX_OPERATIONS} operations on tables.",
        arguments.at,
    )


def whole_number(arguments: Arguments, name: str, most: int, *, needed: bool = True) -> int:
    """A constant from 0 to `most`."""
    value = arguments.values.get(name)
    if value is None and not needed:
        return 0
    known = value.known if isinstance(value, Plain) else None
    if isinstance(known, bool | str | None) or not 0 <= known <= most:
        refuse(
            f"{name} of {function_name(arguments)} is a number written out, from 0 to {most}.",
            arguments.place(name),
        )
    return int(known)


def span(arguments: Arguments, name: str, default: Span | None = None) -> Span:
    """A duration known before the query runs."""
    value = arguments.values.get(name, default)
    if not isinstance(value, Span):
        refuse(
            f"{name} of {function_name(arguments)} is a duration written out, such as 1h.",
            arguments.place(name),
        )
    return value


def text(arguments: Arguments, name: str, default: str | None = None) -> str:
    """A text known before the query runs."""
    value = arguments.values.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, Plain) or not isinstance(value.known, str):
        refuse(
            f"{name} of {function_name(arguments)} is a text written out.", arguments.place(name)
        )
    return value.known


def texts(arguments: Arguments, name: str) -> frozenset[str] | None:
    """The texts of a constant array; None where they are not all known."""
    value = arguments.values.get(name)
    if not isinstance(value, Items) or value.exact is None:
        return None
    known = [item.known for item in value.exact if isinstance(item, Plain)]
    words = [item for item in known if isinstance(item, str)]
    return frozenset(words) if len(words) == value.count else None


def written_names(arguments: Arguments) -> frozenset[str] | None:
    """Every text in the arguments: columns that may be written; None where one is not known."""
    found: set[str] = set()
    todo: list[Value] = list(arguments.values.values())
    while todo:
        value = todo.pop()
        if isinstance(value, Plain) and value.kind != "number":
            if not isinstance(value.known, str):
                return None
            found.add(value.known)
        elif isinstance(value, Items):
            if value.exact is None:
                return None
            todo.extend(value.exact)
        elif isinstance(value, Fields):
            if value.base is not None:
                return None
            todo.extend(value.items.values())
        elif isinstance(value, Unknown):
            return None
    return frozenset(found)


def flag(arguments: Arguments, name: str, default: bool) -> bool:
    """Whether a switch is on; what is not known counts as on."""
    value = arguments.values.get(name)
    if value is None:
        return default
    return not (isinstance(value, Plain) and value.known is False)
