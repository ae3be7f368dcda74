from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.timeseries.migration.legacy import Meaning
from ons_platform.timeseries.migration.oldstore import OldRow
from ons_platform.timeseries.migration.transform import DUPLICATE, LeftOut, Point, transform

AT = 1_704_067_200_000_000_000
ROW = OldRow(AT, "generation", "southeast", "hydro", "MWmed", "ok", 14_000.5)


def only(row: OldRow, table: str = "generation_data") -> Point | LeftOut:
    [item] = transform([row], Meaning(table))
    return item


def test_a_row_is_a_point_of_the_model() -> None:
    item = only(ROW)
    assert isinstance(item, Point)
    assert item.line == (
        "generation_data,dataset=legacy,energy_source=hydro,measurement_type=generation,"
        "quality_flag=ok,region=SE power_mw=14000.5 1704067200000000"
    )


def test_a_row_without_a_value_keeps_its_place() -> None:
    item = only(ROW._replace(value=None, region=None, energy_source="", quality_flag=None))
    assert isinstance(item, Point)
    assert item.line == (
        "generation_data,dataset=legacy,measurement_type=generation"
        " power_mw_missing=1 1704067200000000"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"measurement_type": None}, "no_measurement_type"),
        ({"measurement_type": " "}, "no_measurement_type"),
        ({"measurement_type": "weather"}, "unknown_measurement_type"),
        ({"region": "atlantis"}, "unknown_region"),
        ({"energy_source": "plasma"}, "unknown_energy_source"),
        ({"unit": "furlong"}, "unit_mismatch"),
        ({"unit": "kV"}, "unit_mismatch"),
        ({"quality_flag": "oh, well"}, "unknown_quality_flag"),
        ({"value": math.nan}, "not_finite"),
        ({"value": -math.inf}, "not_finite"),
        ({"value": 1e7}, "out_of_range"),
        ({"at": 0}, "impossible_instant"),
        ({"at": AT + 1}, "below_microsecond"),
    ],
)
def test_what_cannot_be_a_point_says_why(changes: dict[str, Any], reason: str) -> None:
    item = only(ROW._replace(**changes))
    assert isinstance(item, LeftOut)
    assert item.reason == reason
    assert item.detail


def test_two_spellings_of_the_same_are_one_point() -> None:
    rows = [ROW, ROW._replace(region="SE"), ROW._replace(at=AT + 3_600 * 10**9)]
    items = list(transform(rows, Meaning("generation_data")))
    assert [type(item) for item in items] == [Point, LeftOut, Point]
    assert items[1].reason == DUPLICATE  # type: ignore[union-attr]


@pytest.mark.parametrize("change", [{"value": 1.0}, {"quality_flag": "suspect"}, {"value": None}])
def test_the_second_of_two_that_contradict_each_other_is_left_out(change: dict[str, Any]) -> None:
    rows = [ROW, ROW._replace(region="sudeste", **change)]
    first, second = transform(rows, Meaning("generation_data"))
    assert isinstance(first, Point)
    assert isinstance(second, LeftOut)
    assert second.reason == "conflict"
    assert "14000.5" in second.detail


TEXTS = st.none() | st.text(max_size=12)
ROWS = st.builds(
    OldRow,
    st.integers(0, 2**62),
    st.sampled_from(["generation", "Geração", "load", "power_mw", None]) | TEXTS,
    st.sampled_from(["SE", "sudeste", "North", None]) | TEXTS,
    st.sampled_from(["hydro", "Eólica", None]) | TEXTS,
    st.sampled_from(["MWmed", "MW", "MWh", None]) | TEXTS,
    st.sampled_from(["ok", "Good", None]) | TEXTS,
    st.none() | st.floats(),
)


@given(st.lists(ROWS, max_size=8), st.sampled_from(["generation_data", "consumption_data"]))
def test_every_row_is_a_point_or_left_out_with_a_reason(rows: list[OldRow], table: str) -> None:
    rows = sorted(rows, key=lambda row: row.at)
    items = list(transform(rows, Meaning(table)))
    assert [item.row for item in items] == rows
    for item in items:
        if isinstance(item, Point):
            head, fields, at = item.line.split(" ")
            assert head.startswith(f"{table},dataset=legacy,")
            name, _, value = fields.partition("=")
            assert name.removesuffix("_missing") == item.series.field.removesuffix("_missing")
            assert float(value) == (1.0 if item.row.value is None else item.row.value)
            assert int(at) * 1000 == item.row.at
        else:
            assert item.reason
