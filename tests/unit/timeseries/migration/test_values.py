from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.errors import MalformedFile
from ons_platform.timeseries.migration.values import instant_text, nanoseconds, readers


def scalar(kind: str) -> dict[str, Any]:
    return {"Name": "column", "Type": {"ScalarType": kind}}


def said(value: Any) -> dict[str, Any]:
    """As Timestream sends it: text, or a null."""
    return {"NullValue": True} if value is None else {"ScalarValue": str(value)}


def java(value: float) -> str:
    return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, repr(value))


CELLS = st.one_of(
    st.tuples(st.just("BIGINT"), st.none() | st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just("DOUBLE"), st.none() | st.floats(allow_nan=False)),
    st.tuples(st.just("VARCHAR"), st.none() | st.text()),
    st.tuples(st.just("BOOLEAN"), st.none() | st.booleans()),
    st.tuples(st.just("TIMESTAMP"), st.none() | st.integers(0, 4_102_444_800 * 10**9)),
)


def text_of(kind: str, value: Any) -> Any:
    if value is None:
        return None
    writers = {"DOUBLE": java, "BOOLEAN": lambda v: str(v).lower(), "TIMESTAMP": instant_text}
    return writers.get(kind, str)(value)


@given(st.lists(CELLS, min_size=1, max_size=8))
def test_every_scalar_comes_back_as_it_was(cells: list[tuple[str, Any]]) -> None:
    read = readers([scalar(kind) for kind, _ in cells])
    data = [said(text_of(kind, value)) for kind, value in cells]
    assert [reader(datum) for reader, datum in zip(read, data, strict=True)] == [
        value for _, value in cells
    ]


@given(st.integers(-(10**18), 4_102_444_800 * 10**9))
def test_instants_keep_every_nanosecond(at: int) -> None:
    assert nanoseconds(instant_text(at)) == at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-01 00:00:00.000000000", 1_704_067_200_000_000_000),
        ("2024-01-01 00:00:00.000000001", 1_704_067_200_000_000_001),
        ("2024-01-01 00:00:00.5", 1_704_067_200_500_000_000),
        ("2024-01-01", 1_704_067_200_000_000_000),
    ],
)
def test_instants_are_utc_nanoseconds(text: str, expected: int) -> None:
    assert nanoseconds(text) == expected


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01 00:00:00", "2024-01-01 00:00:00.x"])
def test_what_is_no_instant_says_so(text: str) -> None:
    with pytest.raises(MalformedFile, match="no instant"):
        nanoseconds(text)


def test_not_a_number_is_read_too() -> None:
    [read] = readers([scalar("DOUBLE")])
    assert math.isnan(read({"ScalarValue": "NaN"}))
    assert read({"ScalarValue": "1.4E7"}) == 14_000_000.0


NESTED = [
    ({"ArrayColumnInfo": scalar("BIGINT")}, {"ArrayValue": [said(1), said(None)]}, [1, None]),
    (
        {"TimeSeriesMeasureValueColumnInfo": scalar("DOUBLE")},
        {"TimeSeriesValue": [{"Time": "1970-01-01 00:00:00.000000007", "Value": said("2.5")}]},
        [(7, 2.5)],
    ),
    (
        {"RowColumnInfo": [scalar("VARCHAR"), {"Type": {"ScalarType": "DOUBLE"}}]},
        {"RowValue": {"Data": [said("x"), said(1.5)]}},
        {"column": "x", "1": 1.5},
    ),
]


@pytest.mark.parametrize(("kind", "datum", "expected"), NESTED)
def test_nested_values_are_read(kind: Any, datum: Any, expected: Any) -> None:
    [read] = readers([{"Name": "nested", "Type": kind}])
    assert read(datum) == expected
    assert read({"NullValue": True}) is None


def test_an_unknown_kind_of_column_says_so() -> None:
    with pytest.raises(MalformedFile, match="not known"):
        readers([{"Name": "new", "Type": {"Other": 1}}])
