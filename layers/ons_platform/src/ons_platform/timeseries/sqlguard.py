"""Raw SQL is run only when parsing proves that it reads catalogue tables and nothing else.

The query is parsed, every node is held against an allow-list, and what runs is written anew from
the checked tree: nothing the parser did not understand reaches the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from ons_platform.errors import UnsafeQuery
from ons_platform.timeseries.points import ALIAS, BUCKETS
from ons_platform.timeseries.series import series_length
from ons_platform.timeseries.sqlallow import allow_list

MAX_CHARACTERS = 20_000
MAX_NODES = 5_000
MAX_DEPTH = 200
MAX_SERIES = 100_000
MAX_PAD = 1_000

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class GuardedQuery:
    """A query safe to run: DuckDB's SQL written from the checked tree, and the tables it reads.

    It returns at most `max_rows + 1` rows; the one too many tells that the result is cut.
    """

    sql: str
    tables: frozenset[str]


def guard(sql: str, tables: Mapping[str, str], *, max_rows: int) -> GuardedQuery:
    """Check a query over `tables` (name in SQL -> slug; a quoted slug works as a name too).

    Raises `UnsafeQuery` that says what is refused, where (`position`: line and column, from 1)
    and what would be right.
    """
    if len(sql) > MAX_CHARACTERS:
        _refuse(sql, f"The query has {len(sql)} characters; at most {MAX_CHARACTERS} are taken.")
    try:
        return _guard(sql, tables, max_rows)
    except RecursionError:
        _refuse(sql, "The query is nested too deeply.")


def _guard(sql: str, tables: Mapping[str, str], max_rows: int) -> GuardedQuery:
    query = _parse(sql)
    _check_size(sql, query)
    for node in query.walk():
        _check_node(sql, node)
    used = _resolve_tables(sql, query, tables)
    _limit(sql, query, max_rows)
    return GuardedQuery(query.sql(dialect="duckdb", comments=False), frozenset(used))


def _parse(sql: str) -> exp.Query:
    try:
        statements = [item for item in sqlglot.parse(sql, dialect="duckdb") if item is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        message = f"The query is not valid SQL: {first.get('description', 'unknown syntax')}."
        column = int(first.get("col") or 1) - len(str(first.get("highlight") or " ")) + 1
        _refuse_at(_plain(message), int(first.get("line") or 1), max(column, 1))
    except SqlglotError:
        _refuse(sql, "A quote or a comment is not closed.", offset=len(sql))
    if len(statements) != 1:
        _refuse(sql, f"Send exactly one SELECT; these are {len(statements)} statements.")
    statement = statements[0]
    if not isinstance(statement, exp.Select | exp.SetOperation):
        _refuse(sql, "Only a SELECT (with CTEs and UNION) is taken: the lake is read-only.")
    return statement


def _plain(message: str) -> str:
    return re.sub(r"<Token token_type: [^,]*, text: ([^,]*),[^>]*>", r"'\1'", message)


def _check_size(sql: str, query: exp.Expr) -> None:
    todo: list[tuple[exp.Expr, int]] = [(query, 1)]
    count = 0
    while todo:
        node, depth = todo.pop()
        count += 1
        if depth > MAX_DEPTH:
            _refuse(sql, f"The query is nested more than {MAX_DEPTH} levels deep.", node)
        if count > MAX_NODES:
            _refuse(sql, f"The query has more than {MAX_NODES} parts.", node)
        todo.extend((child, depth + 1) for child in node.iter_expressions())


def _check_node(sql: str, node: exp.Expr) -> None:
    if isinstance(node, exp.Anonymous):
        allowed = str(node.this).lower() in allow_list().named_functions
    else:
        allowed = type(node).__name__ in allow_list().nodes
    if not allowed and isinstance(node, exp.Func):
        name = str(node.this) if isinstance(node, exp.Anonymous) else node.sql_name()
        _refuse(sql, f"The function {name.lower()} is not in the list of allowed functions.", node)
    if not allowed:
        _refuse(sql, f"{_spelled(type(node).__name__)} is not allowed in a query here.", node)
    problem = _CHECKS[type(node)](node) if type(node) in _CHECKS else None
    if problem:
        _refuse(sql, problem, node)


def _recursion(node: exp.Expr) -> str | None:
    return "Recursive CTEs are not allowed." if node.args.get("recursive") else None


def _columns(node: exp.Expr) -> str | None:
    return None if node.expressions else "A SELECT needs at least one column."


def _type(node: exp.Expr) -> str | None:
    if getattr(node.this, "name", "") in allow_list().types:
        return None
    return "Casting to this type is not allowed."


def _series(node: exp.Expr) -> str | None:
    length = series_length(node)
    if length is None:
        return "range and generate_series need literal bounds and step."
    if length > MAX_SERIES:
        return f"range and generate_series give at most {MAX_SERIES} values."
    return None


def _pad(node: exp.Expr) -> str | None:
    width = node.args.get("expression")
    if isinstance(width, exp.Literal) and _whole(width) and int(width.name) <= MAX_PAD:
        return None
    return f"The width of lpad and rpad is a whole number up to {MAX_PAD}."


_CHECKS: dict[type[exp.Expr], Callable[[exp.Expr], str | None]] = {
    exp.Select: _columns,
    exp.With: _recursion,
    exp.DataType: _type,
    exp.GenerateSeries: _series,
    exp.Pad: _pad,
}


def _spelled(kind: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).upper()


def _resolve_tables(sql: str, query: exp.Query, tables: Mapping[str, str]) -> set[str]:
    by_name = {name.lower(): name for name in tables} | {
        slug.lower(): name for name, slug in tables.items()
    }
    used = set()
    for table in list(query.find_all(exp.Table)):
        if isinstance(table.this, exp.GenerateSeries):
            continue
        if not isinstance(table.this, exp.Identifier) or table.args.get("db"):
            _refuse(sql, "Only catalogue tables are read, by their bare names.", table)
        name = table.this.name
        if _is_cte(table, name):
            continue
        if name.lower() not in by_name:
            _refuse(sql, _unknown(name, tables), table)
        used.add(by_name[name.lower()])
        _rename(table, by_name[name.lower()])
    return used


def _unknown(name: str, tables: Mapping[str, str]) -> str:
    listed = ", ".join(sorted(tables))
    if name.lower() in (*BUCKETS, ALIAS):
        return f"{name} is a bucket, for Flux and InfluxQL; in SQL datasets are tables: {listed}."
    return f"There is no table {name}; there is {listed}."


def _rename(table: exp.Table, name: str) -> None:
    written = table.this.name
    if written == name:
        return
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(written, quoted=True)))
    table.set("this", exp.to_identifier(name))


def _is_cte(table: exp.Table, name: str) -> bool:
    """Whether a CTE of that plain name is in scope where the table is named."""
    if not _NAME.fullmatch(name):
        return False
    node: exp.Expr = table
    while node.parent is not None:
        parent = node.parent
        if isinstance(parent, exp.With):
            visible = parent.expressions[: parent.expressions.index(node)]
            owner = parent.parent
            if any(cte.alias.lower() == name.lower() for cte in visible):
                return True
            if owner is None:
                return False
            node = owner
            continue
        if isinstance(parent, exp.Query) and any(
            cte.alias.lower() == name.lower() for cte in parent.ctes
        ):
            return True
        node = parent
    return False


def _limit(sql: str, query: exp.Query, max_rows: int) -> None:
    limit = query.args.get("limit")
    if limit is not None:
        count = limit.args.get("expression")
        if not isinstance(count, exp.Literal) or not _whole(count):
            _refuse(sql, "The LIMIT is a whole number.", limit)
        if int(count.name) <= max_rows:
            return
    query.set("limit", exp.Limit(expression=exp.Literal.number(max_rows + 1)))


def _whole(literal: exp.Literal) -> bool:
    return not literal.is_string and literal.name.isascii() and literal.name.isdigit()


def _refuse(
    sql: str, message: str, node: exp.Expr | None = None, *, offset: int | None = None
) -> NoReturn:
    place = offset if offset is not None else _offset(node)
    before = sql[: place or 0]
    line = before.count("\n") + 1
    _refuse_at(message, line, len(before) - (before.rfind("\n") + 1) + 1)


def _offset(node: exp.Expr | None) -> int:
    """Where the first token of the node that remembers its place begins, from 0."""
    places = [item.meta["start"] for item in node.walk() if "start" in item.meta] if node else []
    return min(places, default=0)


def _refuse_at(message: str, line: int, column: int) -> NoReturn:
    details: list[dict[str, Any]] = [{"field": "query", "message": message}]
    raise UnsafeQuery(
        f"{message} (line {line}, column {column})",
        position={"line": line, "column": column},
        details=details,
    )
