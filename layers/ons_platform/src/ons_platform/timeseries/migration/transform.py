"""Rows of the old store as points, each one checked before it is written (TSD-21, TSD-22)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ons_platform.timeseries.migration.legacy import Meaning, Refusal, Series
from ons_platform.timeseries.migration.oldstore import OldRow
from ons_platform.timeseries.migration.values import nanoseconds

EARLIEST = nanoseconds("1990-01-01 00:00:00.000000000")
"""Before any measurement of the Brazilian system that ONS publishes."""
LATEST = nanoseconds("2100-01-01 00:00:00.000000000")
_MICROSECOND = 1000


class Point(NamedTuple):
    """A row as a point in line protocol; without a value it is one of its series' missing field."""

    series: Series
    line: str
    row: OldRow


class LeftOut(NamedTuple):
    """A row that is not written, and why; `series` is None when its names have none.

    The reason `duplicate` is of a row that says the same as one that is written: nothing is lost.
    """

    row: OldRow
    reason: str
    detail: str
    series: Series | None = None


DUPLICATE = "duplicate"


def transform(rows: Iterable[OldRow], meaning: Meaning) -> Iterator[Point | LeftOut]:
    """Each row as a point or with the reason why not; rows come in the order of time.

    Of two rows that say something of the same thing at the same instant (`SE` and `southeast`) the
    first is written: the order of `oldsql.export` makes that the same one each time.
    """
    instant, held = -1, dict[tuple[str | None, ...], Point]()
    for row in rows:
        if row.at != instant:
            instant, held = row.at, {}
        item = _checked(row, meaning)
        if isinstance(item, Point):
            first = held.setdefault(item.series.thing, item)
            if first is not item:
                item = _second(item, first)
        yield item


def _checked(row: OldRow, meaning: Meaning) -> Point | LeftOut:
    series = meaning.of(row)
    if isinstance(series, Refusal):
        return LeftOut(row, *series)
    if row.value is None:
        series = series.missing
    if not EARLIEST <= row.at < LATEST:
        return LeftOut(row, "impossible_instant", "before 1990 or after 2099", series)
    at, rest = divmod(row.at, _MICROSECOND)
    if rest:
        return LeftOut(row, "below_microsecond", "the store keeps whole microseconds", series)
    if row.value is None:
        return Point(series, f"{series.line} {series.field}=1 {at}", row)
    if not math.isfinite(row.value):
        return LeftOut(row, "not_finite", f"{row.value} is no measurement", series)
    if series.limits and not series.limits[0] <= row.value <= series.limits[1]:
        low, high = series.limits
        return LeftOut(row, "out_of_range", f"{row.value:g} is not in {low:g} to {high:g}", series)
    return Point(series, f"{series.line} {series.field}={row.value!r} {at}", row)


def _second(point: Point, first: Point) -> LeftOut:
    series = point.series
    if point.line == first.line:
        return LeftOut(point.row, DUPLICATE, "says the same as another row", series)
    return LeftOut(point.row, "conflict", f"contradicts {_said(first.row)}", series)


def _said(row: OldRow) -> str:
    return (
        f"the row of {row.region!r} and {row.energy_source!r} with {row.value} {row.quality_flag}"
    )
