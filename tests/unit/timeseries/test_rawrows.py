"""Rows as they come in: in pieces of any size, cut at either limit (QRY-4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.timeseries.annotated_csv import FluxError
from ons_platform.timeseries.rawrows import read_rows

TWO = (
    "#datatype,string,long,dateTime:RFC3339,double,string\r\n"
    "#group,false,false,false,false,true\r\n"
    "#default,_result,,,,\r\n"
    ",result,table,_time,v,region\r\n"
    ",,0,2024-01-01T00:00:00.123456789Z,1.5,São\r\n"
    ',,0,2024-01-01T00:00:01Z,,"a\r\n""b"""\r\n'
    "\r\n"
    "#datatype,string,long,boolean,double\r\n"
    "#group,false,false,true,false\r\n"
    "#default,other,,,7\r\n"
    ",result,table,on,v\r\n"
    ",,1,true,\r\n"
    ",named,2,false,2\r\n"
    "\r\n"
).encode()
COLUMNS = ["result", "table", "_time", "v", "region", "on"]
ROWS = [
    ["_result", 0, "2024-01-01T00:00:00.123456789Z", 1.5, "São", None],
    ["_result", 0, "2024-01-01T00:00:01Z", None, 'a\n"b"', None],
    ["other", 1, None, 7.0, None, True],
    ["named", 2, None, 2.0, None, False],
]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@given(st.integers(1, 600), st.integers(0, 6))
def test_any_pieces_give_the_same_rows(size: int, max_rows: int) -> None:
    found = read_rows(pieces(TWO, size), max_rows=max_rows, max_bytes=10_000)
    width = len(found.columns)
    assert found.columns == COLUMNS[:width]
    assert found.rows == [row[:width] for row in ROWS[:max_rows]]
    assert found.truncated == (max_rows < len(ROWS))


@given(st.integers(1, 600), st.integers(0, len(TWO) + 5))
def test_bytes_beyond_the_limit_are_no_rows(size: int, max_bytes: int) -> None:
    found = read_rows(pieces(TWO, size), max_rows=10, max_bytes=max_bytes)
    width = len(found.columns)
    assert found.rows == [row[:width] for row in ROWS[: len(found.rows)]]
    assert found.truncated == (max_bytes < len(TWO))


def test_an_answer_without_a_last_line_break() -> None:
    assert read_rows([TWO.rstrip()], max_rows=10, max_bytes=10_000).rows == ROWS
    assert read_rows([], max_rows=10, max_bytes=10).rows == []


def test_an_error_after_rows() -> None:
    told = b"#datatype,string,string\r\n#default,,\r\n,error,reference\r\n,boo,\r\n"
    with pytest.raises(FluxError, match="boo"):
        read_rows([TWO, told], max_rows=10, max_bytes=10_000)
    assert read_rows([TWO, told], max_rows=3, max_bytes=10_000).truncated
