"""Python values, as spreadsheets and JSON give them, to the Arrow arrays readers hand on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from ons_platform.catalog.model import Column

_HALF_SECOND = timedelta(milliseconds=500)
_MAX_FLOAT_BITS = 1000


def to_array(values: Sequence[Any], column: Column) -> pa.Array:
    """One column of a batch: typed where every value is of the column's type, otherwise text.

    Numbers among text are written so that no reader takes their point for one of thousands.
    """
    if column.type == "number":
        if all(_is_number(value) for value in values):
            return pa.array(
                [None if value is None else float(value) for value in values], pa.float64()
            )
        return pa.array([_number_text(value) for value in values], pa.string())
    if column.type in ("instant", "date") and all(_is_moment(value) for value in values):
        return pa.array([_moment(value) for value in values], pa.timestamp("s"))
    return pa.array([_text(value) for value in values], pa.string())


def label(cell: Any) -> str | None:
    """A spreadsheet's cell as text, trimmed: spreadsheets know no whole numbers, people do."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return None if cell is None else str(cell).strip() or None


def _is_number(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return value.bit_length() < _MAX_FLOAT_BITS
    return value is None or isinstance(value, float)


def _is_moment(value: Any) -> bool:
    if isinstance(value, datetime):
        return value.tzinfo is None
    return value is None or isinstance(value, date)


def _moment(value: date | None) -> datetime | None:
    """Spreadsheets keep days as floating point: an hour may be a few microseconds off."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return (value + _HALF_SECOND).replace(microsecond=0)
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001


def _number_text(value: Any) -> str | None:
    if isinstance(value, float) and math.isfinite(value):
        text = repr(value)
        return text if "e" in text else f"{text}e0"
    return _text(value)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value if isinstance(value, str) else str(value)
