"""Raw Flux is run only when following it proves that it reads the store's buckets and no more.

The query is parsed by a parser of our own, every name in it resolved to the allow-list, every call
followed, and what is sent is written anew from the checked tree: nothing the parser did not
understand reaches the server. The read-only token is the second line: it stops no `http.post`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ons_platform.timeseries.flux import (
    limits,
    literals,
    rules_reads,
    rules_tables,
    rules_time,
    rules_values,
)
from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.errors import Refusal, refuse, unsafe
from ons_platform.timeseries.flux.evaluate import Evaluator, Rule
from ons_platform.timeseries.flux.limits import FluxLimits
from ons_platform.timeseries.flux.parser import parse
from ons_platform.timeseries.flux.rewrite import Results, Rewriter
from ons_platform.timeseries.flux.values import Table, Value
from ons_platform.timeseries.flux.writer import write

_RULES: Mapping[str, Rule] = {
    **rules_values.RULES,
    **rules_time.RULES,
    **rules_tables.RULES,
    **rules_reads.RULES,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class GuardedFlux:
    """A query safe to send: Flux written from the checked tree, and the buckets it reads.

    Each result has at most `max_rows + 1` rows per table; the one too many tells that it is cut.
    """

    query: str
    buckets: tuple[str, ...]


def guard_flux(query: str, *, now: datetime, limits: FluxLimits) -> GuardedFlux:
    """Check a query as sent at the instant `now` (aware); its work is bounded for any text.

    Raises `UnsafeQuery` that says what is refused, where (`position`: line and column, from 1)
    and what would be right.
    """
    moment = (now - _EPOCH) // timedelta(microseconds=1) * 1_000
    try:
        return _guard(query, moment, limits)
    except Refusal as refusal:
        raise unsafe(query, refusal) from None
    except RecursionError:
        raise unsafe(query, Refusal("The query is nested too deeply.", 0)) from None


def _guard(query: str, now: int, bounds: FluxLimits) -> GuardedFlux:
    if len(query) > limits.MAX_CHARACTERS:
        most = limits.MAX_CHARACTERS
        refuse(f"The query has {len(query)} characters; at most {most} are taken.", 0)
    file = parse(query)
    _check_size(file)
    _check_statements(file)
    evaluator = Evaluator(now, bounds, _RULES)
    values = evaluator.run(file)
    written = _written(file, values, evaluator, bounds)
    return GuardedFlux(write(written), tuple(sorted(evaluator.buckets)))


def _check_size(file: tree.File) -> None:
    todo: list[tuple[tree.Node, int]] = [(file, 1)]
    count = 0
    while todo:
        node, depth = todo.pop()
        count += 1
        if depth > limits.MAX_TREE_DEPTH:
            refuse(f"The query is nested more than {limits.MAX_TREE_DEPTH} levels deep.", node.at)
        if count > limits.MAX_NODES:
            refuse(f"The query has more than {limits.MAX_NODES} parts.", node.at)
        if isinstance(node, tree.Statement) and node.attributes:
            refuse("Attributes such as @edition are not taken.", node.attributes[0].at)
        todo.extend((child, depth + 1) for child in tree.children(node))


def _check_statements(file: tree.File) -> None:
    if file.package is not None and file.package.name != "main":
        refuse("A query is of the package main.", file.package.at)
    for statement in file.statements:
        if isinstance(statement, tree.TestCase | tree.Builtin | tree.Return):
            refuse("Only imports, assignments and expressions stand in a query.", statement.at)


def _written(
    file: tree.File,
    values: list[tuple[tree.Statement, Value]],
    evaluator: Evaluator,
    bounds: FluxLimits,
) -> tree.File:
    rewriter = Rewriter(evaluator.edits, start=evaluator.floor, stop=evaluator.now)
    results = Results(evaluator.edits.yields, bounds.max_rows, numbered=evaluator.numbered)
    out: list[tree.Statement] = [_now(evaluator.now)]
    shown = 0
    for statement, value in values:
        if isinstance(statement, tree.Assignment | tree.Evaluation):
            result = isinstance(statement, tree.Evaluation)
            if result and not isinstance(value, Table):
                refuse("This gives no tables; only tables are results.", statement.at)
            if result and isinstance(value, Table):
                evaluator.edits.unranged.update(id(call) for call in value.unranged)
            before = len(results.found)
            out += results.statements(statement, result=result, rewrite=rewriter.expression)
            shown += (len(results.found) - before) or result
        elif not (isinstance(statement, tree.Option) and statement.name == "now"):
            out.append(rewriter.node(statement))
    _check_results(file, evaluator, results, shown)
    imports = tuple(rewriter.node(item) for item in file.imports)
    return tree.File(None, imports, tuple(out))


def _check_results(file: tree.File, evaluator: Evaluator, results: Results, shown: int) -> None:
    for call in evaluator.loose:
        if id(call) not in results.found:
            refuse("yield stands in the chain of a statement, not inside another call.", call.at)
    if shown > limits.MAX_RESULTS:
        refuse(f"A query has at most {limits.MAX_RESULTS} results.", file.statements[-1].at)
    if not shown:
        refuse("The query gives no result: end with tables, or with yield(name: ...).", 0)


def _now(moment: int) -> tree.Option:
    """The server's now is the one the query was checked at."""
    return tree.Option("now", None, tree.Function((), tree.Instant(literals.instant(moment))))
