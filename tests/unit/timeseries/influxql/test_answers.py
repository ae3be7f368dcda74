"""Rows of an InfluxQL answer are read line by line, united over series, and no more than asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.influxql.answers import read_influxql_rows
from ons_platform.timeseries.rawrows import RawRows


def line(*series: dict[str, Any]) -> bytes:
    return json.dumps({"results": [{"statement_id": 0, "series": list(series)}]}).encode() + b"\n"


def read(*lines: bytes, max_rows: int = 100, max_bytes: int = 10_000) -> RawRows:
    return read_influxql_rows(iter(lines), max_rows=max_rows, max_bytes=max_bytes)


ONE = {"name": "m", "tags": {"region": "SE"}, "columns": ["time", "a"], "values": [["t", 1]]}
TWO = {"name": "n", "columns": ["time", "b"], "values": [["t", 2.5], ["u", None]]}


def test_columns_are_united_and_rows_lack_none() -> None:
    found = read(line(ONE), line(TWO))
    assert found.columns == ["name", "region", "time", "a", "b"]
    assert found.rows == [
        ["m", "SE", "t", 1, None],
        ["n", None, "t", None, 2.5],
        ["n", None, "u", None, None],
    ]
    assert not found.truncated


def test_a_column_of_the_query_wins_over_the_series_name() -> None:
    found = read(line({"name": "measurements", "columns": ["name"], "values": [["x"]]}))
    assert (found.columns, found.rows) == (["name"], [["x"]])
    assert read(line({"columns": ["key"], "values": [["k"]]})).columns == ["key"]


@pytest.mark.parametrize(("most", "truncated"), [(1, True), (2, True), (3, False)])
def test_rows_beyond_the_limit_are_left(most: int, truncated: bool) -> None:
    found = read(line(ONE), line(TWO), max_rows=most)
    assert (len(found.rows), found.truncated) == (most, truncated)


def test_nothing_is_read_that_is_not_needed() -> None:
    def pieces() -> Iterator[bytes]:
        yield line(TWO)
        yield line(ONE)
        raise AssertionError("read on past the limit")

    assert len(read_influxql_rows(pieces(), max_rows=2, max_bytes=10_000).rows) == 2


def test_bytes_are_limited() -> None:
    found = read(line(ONE), line(TWO), max_bytes=len(line(ONE)))
    assert (len(found.rows), found.truncated) == (1, True)


def test_an_answer_in_any_pieces_is_the_same() -> None:
    whole = line(ONE) + line(TWO) + b"\n"
    assert read(*(whole[place : place + 1] for place in range(len(whole)))) == read(whole)


def test_an_error_after_rows_is_raised() -> None:
    error = json.dumps({"results": [{"statement_id": 0, "error": "no such function"}]}).encode()
    with pytest.raises(InvalidRequest, match="no such function"):
        read(line(ONE), error)


def test_no_series_are_no_rows() -> None:
    assert read(b'{"results":[{"statement_id":0}]}\n') == RawRows([], [], False)
