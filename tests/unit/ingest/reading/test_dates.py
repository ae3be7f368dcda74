"""Dates in text: how they are written, one column at a time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from ons_platform.ingest.reading.cells import MomentReader
from ons_platform.ingest.reading.dates import parse_moment


def read(*texts: str) -> list[str]:
    values = MomentReader().read(pa.array(texts)).values
    return ["" if np.isnat(value) else str(value) for value in values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("31-12-24", "2024-12-31T00:00:00"),
        ("31/12/79", "1979-12-31T00:00:00"),
        ("31/12/2024", "2024-12-31T00:00:00"),
        ("31/12/2024 23:30", "2024-12-31T23:30:00"),
        ("2024-12-31T23:30:00.000Z", "2024-12-31T20:30:00"),
        ("202412", "2024-12-01T00:00:00"),
        ("2024-12", "2024-12-01T00:00:00"),
        ("12/2024", "2024-12-01T00:00:00"),
        ("20241231", "2024-12-31T00:00:00"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert str(parse_moment(text)) == expected


@pytest.mark.parametrize("text", ["12/31/2024", "2024/12-31", "1/1/23", "13/2024", "202413", "4.5"])
def test_no_dates(text: str) -> None:
    assert parse_moment(text) is None


def test_the_day_is_before_the_month_whatever_else_the_column_holds() -> None:
    assert read("12/31/2024", "01/02/2024") == ["", "2024-02-01T00:00:00"]


def test_a_column_keeps_to_one_manner() -> None:
    assert read("2024-12-31 05:00:00", "2024-12-31 06:00:00", "2024-12-31 05:00+00", "202412") == [
        "2024-12-31T05:00:00", "2024-12-31T06:00:00", "", "",
    ]  # fmt: skip
    assert read("202411", "202412", "2024-12-31")[2] == ""
    assert read("01-02-24", "02-02-24", "2024-02-03")[2] == ""


def test_the_first_batch_shows_the_manner() -> None:
    reader = MomentReader()
    reader.read(pa.array(["12/2024"]))
    later = reader.read(pa.array(["2024-12-31", "01/2025", ""]))
    assert later.invalid is not None
    assert later.invalid.tolist() == [True, False, False]
