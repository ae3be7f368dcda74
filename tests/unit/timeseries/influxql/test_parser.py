"""SELECT and SHOW are read into a tree; what else there is, is refused at its word."""

from __future__ import annotations

import pytest

from ons_platform.errors import UnsafeQuery
from ons_platform.timeseries.influxql.parser import parse
from ons_platform.timeseries.influxql.tree import (
    Chain,
    Every,
    Measurement,
    Page,
    Regex,
    Select,
    Show,
    Wild,
)
from ons_platform.timeseries.influxql.writer import written


def select(query: str) -> Select:
    found = parse(query)
    assert isinstance(found, Select)
    return found


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a OR b AND c", "a|(b&c)"),
        ("a = 1 AND b > 2 + 3 * 4", "(a=1)&(b>(2+(3*4)))"),
        ("a - b - c", "a-b-c"),
        ("(a OR b) AND c", "(a|b)&c"),
        ("-a * 2 + b / -3", "(-a*2)+(b/-3)"),
    ],
)
def test_operators_bind_by_rank(text: str, grouped: str) -> None:
    where = select(f"SELECT x FROM m WHERE {text}").where
    assert _grouped(where, top=True) == grouped


def _grouped(node: object, top: bool = False) -> str:
    signs = {"OR": "|", "AND": "&"}
    if isinstance(node, Chain):
        parts = "".join(signs.get(sign, sign) + _grouped(item) for sign, item in node.rest)
        text = _grouped(node.first) + parts
        return text if top else f"({text})"
    kind = type(node).__name__
    if kind == "Paren":
        return _grouped(node.inner)  # type: ignore[attr-defined]
    return f"-{_grouped(node.inner)}" if kind == "Minus" else node.text  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "database", "policy", "name"),
    [
        ("m", None, None, "m"),
        ('"m n"', None, None, "m n"),
        ("p.m", None, "p", "m"),
        ("d.p.m", "d", "p", "m"),
        ("d..m", "d", None, "m"),
    ],
)
def test_measurements_are_named_in_full_or_not(
    source: str, database: str | None, policy: str | None, name: str
) -> None:
    (found,) = select(f"SELECT x FROM {source}").sources
    assert isinstance(found, Measurement)
    assert (found.database, found.policy, found.name) == (database, policy, name)


def test_every_clause_is_read() -> None:
    found = select(
        "SELECT mean(x) AS y, *::field FROM m, (SELECT x FROM n) WHERE a = 'b' "
        "GROUP BY time(1h30m, -5m), r, /s/, * fill(previous) ORDER BY time DESC "
        "LIMIT 1 OFFSET 2 SLIMIT 3 SOFFSET 4 tz('America/Sao_Paulo')"
    )
    assert found.fields[0].alias == "y"
    assert isinstance(found.sources[1], Select)
    every, _, regex, wild = found.dimensions
    assert isinstance(every, Every)
    assert every.nanoseconds == 5400 * 10**9
    assert isinstance(regex, Regex)
    assert isinstance(wild, Wild)
    assert (found.fill, found.descending, found.zone) == ("previous", True, "America/Sao_Paulo")
    assert found.page == Page(1, 2, 3, 4)


def test_show_is_read() -> None:
    found = parse("SHOW TAG VALUES ON d FROM m WITH KEY IN (a, b) WHERE c = 'x' LIMIT 5")
    assert isinstance(found, Show)
    assert (found.what, found.database) == ("TAG VALUES", "d")
    assert found.key == ("IN", ("a", "b"))
    assert found.page == Page(5)


@pytest.mark.parametrize(
    ("query", "column", "said"),
    [
        ("UPDATE m", 1, "read-only; found 'UPDATE'"),
        ("SELECT x INTO y FROM m", 10, "INTO writes"),
        ("SELECT x FROM m; SELECT y FROM m", 18, "the end of the one statement, found 'SELECT'"),
        ("SELECT x FROM 'm'", 15, "double quotes"),
        ("SELECT x WHERE y = 1", 10, "Expected FROM, found 'WHERE'"),
        ("SELECT x FROM m GROUP BY sum(y)", 26, "GROUP BY takes time()"),
        ("SELECT x FROM m GROUP BY time(5)", 31, "duration such as 1h, not '5'"),
        ("SELECT x FROM m ORDER BY x", 26, "orders by time only"),
        ("SELECT x FROM m LIMIT x", 23, "The LIMIT is a whole number, not 'x'"),
        ("SELECT x FROM m fill(y)", 22, "fill takes a number or one of none, null"),
        ("SELECT x FROM m tz(UTC)", 20, "time zone in single quotes"),
        ("SELECT x::y FROM m", 11, "Behind '::' stands one of boolean"),
        ("SELECT x FROM m WHERE y = ", 27, "found the end"),
        ("SELECT x FROM a.b.c.d", 21, "database.policy.measurement"),
        ("SELECT 12345678901234567890 FROM m", 8, "at most 19 digits"),
        ("SHOW USERS", 6, "SHOW tells of MEASUREMENTS"),
        ("SHOW DATABASES", 6, "generation_data, consumption_data"),
        ("SHOW SERIES CARDINALITY", 1, "does not count these"),
        ("SHOW TAG VALUES", 16, "Expected WITH, found the end"),
        ("SHOW TAG VALUES WITH KEY > a", 26, "Expected one of = != <> =~ !~, found '>'"),
        ("SHOW MEASUREMENTS WITH MEASUREMENT =~ a", 39, "Expected a regular expression"),
    ],
)
def test_a_refusal_names_the_word_and_what_would_be_right(
    query: str, column: int, said: str
) -> None:
    with pytest.raises(UnsafeQuery) as refused:
        parse(query)
    assert said in refused.value.message
    assert refused.value.where["position"] == {"line": 1, "column": column}


def test_a_sign_before_a_value_changes_nothing_but_the_sign() -> None:
    text = written(select("SELECT +x, -x, a - -1, a + +1 FROM m WHERE f = true"))
    assert text == 'SELECT "x", -"x", "a" - -1, "a" + 1 FROM "m" WHERE "f" = true'
