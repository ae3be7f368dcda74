"""InfluxQL's words are read as the server reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.errors import UnsafeQuery
from ons_platform.timeseries.influxql.lexer import nanoseconds, tokens
from ons_platform.timeseries.influxql.tree import Regex, Text
from ons_platform.timeseries.influxql.writer import duration, expression, quoted


def words(query: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokens(query)[:-1]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a1 _b ção", [("name", "a1"), ("name", "_b"), ("name", "ção")]),
        (r'"a \"b\" \\ \n"', [("quoted", 'a "b" \\ \n')]),
        (r"'it\'s'", [("text", "it's")]),
        ("1 1.5 .5 2.", [("number", "1"), ("number", "1.5"), ("number", ".5"), ("number", "2.")]),
        ("1h30m 5u 5µ 7ns", [("duration", item) for item in ("1h30m", "5u", "5µ", "7ns")]),
        ("a =~ /x\\/y/", [("name", "a"), ("sign", "=~"), ("regex", "x/y")]),
        ("a / b / c", [("name", "a"), ("sign", "/"), ("name", "b"), ("sign", "/"), ("name", "c")]),
        ("(a) / 2", [("sign", "("), ("name", "a"), ("sign", ")"), ("sign", "/"), ("number", "2")]),
        ("a..b::tag", [("name", "a"), ("sign", "."), ("sign", "."), ("name", "b"), ("sign", "::"),
                       ("name", "tag")]),
        ("a -- b\nc /* d\n*/ e", [("name", "a"), ("name", "c"), ("name", "e")]),
    ],
)  # fmt: skip
def test_words(query: str, expected: list[tuple[str, str]]) -> None:
    assert words(query) == expected


@pytest.mark.parametrize("query", ["1hx", "5x", "1e5", "#", "`a`", "'a", '"a', "=~ /a", "a?"])
def test_what_is_no_word_is_refused(query: str) -> None:
    with pytest.raises(UnsafeQuery):
        tokens(query)


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50))
def test_any_name_and_text_is_read_as_it_was_written(text: str) -> None:
    assert words(quoted(text)) == [("quoted", text)]
    assert words(expression(Text(text, 0))) == [("text", text)]


@given(st.text(alphabet="abc/.*\\()[]", min_size=1, max_size=20).filter(lambda t: t[-1] != "\\"))
def test_any_regular_expression_is_read_as_it_was_written(text: str) -> None:
    written = expression(Regex(text, 0))
    if not written.startswith("/*"):
        assert words(f"a =~ {written}")[2] == ("regex", text)


@given(st.integers(1, 2**62))
def test_any_duration_is_read_as_it_was_written(length: int) -> None:
    assert nanoseconds(duration(length)) == length
