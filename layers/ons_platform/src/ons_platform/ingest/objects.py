"""Python values, as spreadsheets and JSON give them, to the Arrow arrays readers hand on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from ons_platform.catalog.model import Column

_HALF_SECOND = timedelta(milliseconds=500)


def to_array(values: Sequence[Any], column: Column) -> pa.Array:
    """One column of a batch: typed where every value is of the column's type, otherwise text."""
    if column.type == "number" and all(_is_number(value) for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if column.type in ("instant", "date") and all(_is_moment(value) for value in values):
        return pa.array([_moment(value) for value in values], pa.timestamp("s"))
    return pa.array([_text(value) for value in values], pa.string())


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


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


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value if isinstance(value, str) else str(value)
