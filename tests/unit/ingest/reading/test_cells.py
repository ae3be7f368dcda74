"""Cells in every form a file may write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.ingest.reading.cells import MomentReader, NumberReader, shown, text_of
from ons_platform.ingest.reading.dates import parse_moment

NUMBERS = st.lists(st.integers(-(10**12), 10**12).map(lambda n: n / 1000), min_size=1, max_size=20)


def brazilian(value: float) -> str:
    return f"{value:,.3f}".translate(str.maketrans(",.", ".,"))


def read(cells: list[Any]) -> tuple[list[float | None], list[bool]]:
    found = NumberReader().read(pa.array(cells))
    invalid = [False] * len(cells) if found.invalid is None else found.invalid.tolist()
    return found.values.to_pylist(), invalid


@given(NUMBERS, st.sampled_from([repr, "{:.3f}".format, "{:,.3f}".format, brazilian]))
def test_numbers_survive_any_way_of_writing_them(values: list[float], write: Any) -> None:
    found, invalid = read([f" {write(value)} " for value in values])
    assert found == pytest.approx(values, rel=1e-15)
    assert not any(invalid)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=20))
def test_any_text_is_a_number_a_null_or_invalid(texts: list[str]) -> None:
    found, invalid = read(texts)
    for text, value, wrong in zip(texts, found, invalid, strict=True):
        assert value is None or np.isfinite(value)
        assert not (wrong and value is not None)
        assert wrong or value is not None or text.strip() in {"", "NULL", "null", "NaN", "nan"}


def test_zero_may_have_an_exponent_and_nulls_many_names() -> None:
    assert read(["0E-8", "", " ", None, "NaN", "null", "1e3", "-"])[0] == [
        0.0, None, None, None, None, None, 1000.0, None,
    ]  # fmt: skip


def test_beside_decimal_commas_a_lone_dot_is_a_thousand() -> None:
    reader = NumberReader()
    assert reader.read(pa.array(["1", "-"])).values.to_pylist() == [1.0, None]
    assert reader.read(pa.array(["1.234,5", "1.234"])).values.to_pylist() == [1234.5, 1234.0]
    assert reader.read(pa.array(["2.000", "0,5"])).values.to_pylist() == [2000.0, 0.5]


def test_where_a_column_contradicts_itself_a_lone_dot_is_nothing() -> None:
    reader = NumberReader()
    assert reader.read(pa.array(["1.234"])).values.to_pylist() == [1.234]
    found = reader.read(pa.array(["1.234,5", "1.234", "12,5"]))
    assert found.values.to_pylist() == [1234.5, None, 12.5]
    assert found.invalid is not None
    assert found.invalid.tolist() == [False, True, False]


def test_in_a_column_of_both_kinds_a_lone_dot_is_nothing() -> None:
    cells = ["1.149", "23,845", "7,25", "1,5", "3.7", "2.0"]
    assert NumberReader().read(pa.array(cells)).values.to_pylist() == [
        None, 23.845, 7.25, 1.5, 3.7, 2.0,
    ]  # fmt: skip


def test_a_control_character_is_no_blank() -> None:
    assert read(["\x1d77.6", "\u00a077.6 "]) == ([None, 77.6], [True, False])


def test_one_stray_comma_does_not_make_thousands_of_fractions() -> None:
    cells = ["12.5", "110.234", "7,25", "1,234", "99.1"]
    found = NumberReader().read(pa.array(cells))
    assert found.values.to_pylist() == [12.5, 110.234, 7.25, None, 99.1]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_are_those_python_reads(values: list[float]) -> None:
    for write in (repr, "{:.8f}".format, "{:.17e}".format):
        texts = [write(value) for value in values]
        found = NumberReader().read(pa.array(texts)).values.to_pylist()
        assert [repr(value) for value in found] == [repr(float(text)) for text in texts]


@given(st.lists(st.decimals(-(10**12), 10**12, places=8), min_size=1, max_size=20))
def test_decimals_are_those_python_reads(values: list[Decimal]) -> None:
    found = NumberReader().read(pa.array(values, pa.decimal128(30, 8))).values.to_pylist()
    assert found == [float(value) for value in values]


def test_typed_cells_pass_and_what_is_not_finite_does_not() -> None:
    assert read([Decimal("1.5"), None])[0] == [1.5, None]
    assert read([1, 2])[0] == [1.0, 2.0]
    assert read([1.0, float("nan"), float("inf")]) == ([1.0, None, None], [False, False, True])
    assert read([True, None]) == ([None, None], [True, False])
    encoded = NumberReader().read(pa.array(["1", "2"]).dictionary_encode())
    assert encoded.values.to_pylist() == [1.0, 2.0]


FORMS = [
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d/%m/%Y %H:%M:%S",
    "%d-%m-%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y%m%dT%H%M%S", " %Y-%m-%d %H:%M:%S.000 ",
]  # fmt: skip


@given(st.datetimes(datetime(1931, 1, 1), datetime(2099, 1, 1)), st.sampled_from(FORMS))  # noqa: DTZ001
def test_dates_survive_any_way_of_writing_them(moment: datetime, form: str) -> None:
    moment = moment.replace(microsecond=0)
    assert parse_moment(moment.strftime(form)) == np.datetime64(moment, "s")


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader_of_dates(text: str) -> None:
    found = MomentReader().read(pa.array([text]))
    unreadable = found.invalid is not None and bool(found.invalid[0])
    assert np.isnat(found.values[0]) == (unreadable or not text.strip())


@pytest.mark.parametrize(
    "text", ["31/02/2023", "2023-13-01", "1/1/23", "ontem", "2023-01-01 25:00"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_moment(text) is None


def test_instants_with_a_zone_become_civil() -> None:
    assert parse_moment("2023-01-01T03:00:00Z") == np.datetime64("2023-01-01T00:00:00")
    zoned = pa.array([datetime(2023, 1, 1, 3, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
    assert MomentReader().read(zoned).values[0] == np.datetime64("2023-01-01T00:00:00")


def test_typed_dates_pass_and_other_types_are_unreadable() -> None:
    days = MomentReader().read(pa.array([date(2023, 1, 1), None]))
    assert days.values[0] == np.datetime64("2023-01-01")
    assert np.isnat(days.values[1])
    numbers = MomentReader().read(pa.array([1.0, None]))
    assert numbers.invalid is not None
    assert numbers.invalid.tolist() == [True, False]


def test_texts_are_dictionary_encoded_whatever_they_come_as() -> None:
    for cells in (
        pa.array(["a", None]),
        pa.array(["a", None]).dictionary_encode(),
        pa.array(["a", None], pa.large_string()).dictionary_encode(),
    ):
        assert text_of(cells).to_pylist() == ["a", None]
        assert text_of(cells).type == pa.dictionary(pa.int32(), pa.string())
    assert shown(pa.array([None, "x" * 200]), 0) == ""
    assert len(shown(pa.array([None, "x" * 200]), 1)) == 100
