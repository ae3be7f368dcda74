"""Rules on days: a day that is so many times its neighbours, days without a value, missing rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ons_platform.catalog.model import Grain
from ons_platform.ingest.rules.cells import Cells, Mask
from ons_platform.lake.civil import Instants, day_start, to_local

_AROUND = 14
"""Days before and after with which a day is compared: two weeks have every kind of day twice."""
_ENOUGH = 4
_SECONDS = {"PT30M": 1800, "PT1H": 3600}
_CALENDAR = {"P1M": "datetime64[M]", "P1Y": "datetime64[Y]"}
_WEEK = 7
_TOO_SPARSE = 4
"""Rows that fill less than a quarter of their days or steps are no series to be compared."""


@dataclass(frozen=True)
class Gap:
    """Steps without a row in one series; `first` and `last` are the UTC starts of steps."""

    series: int
    first: np.datetime64
    last: np.datetime64
    count: int


@dataclass(frozen=True)
class Completeness:
    """How many rows the file should have between its first and its last day, and has.

    `odd_days` are civil days of 23 or 25 hours within. `gaps` is None when the rows lie so far
    apart that they are no series of that grain.
    """

    expected: int
    present: int
    gaps: list[Gap] | None
    odd_days: list[tuple[np.datetime64, int]]


def doubled(cells: Cells, between: tuple[float, float]) -> Mask:
    """Cells on days whose mean is so many times the median of the days around them.

    `cells` are sorted by series and time. The median over two weeks before and after knows
    weekdays, seasons and growth; up to thirteen wrong days in a row do not move it.
    """
    found = np.zeros(len(cells), bool)
    filled = np.flatnonzero(~np.isnan(cells.value))
    if not len(filled):
        return found
    days, day_codes = np.unique(cells.days[filled], return_inverse=True)
    series, series_codes = np.unique(cells.series[filled], return_inverse=True)
    shape = (len(series), len(days))
    if shape[0] * shape[1] > _TOO_SPARSE * len(filled):
        return found
    spot = series_codes * len(days) + day_codes
    counts = np.bincount(spot, minlength=shape[0] * shape[1]).reshape(shape)
    sums = np.bincount(spot, cells.value[filled], minlength=shape[0] * shape[1]).reshape(shape)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    middle = np.vstack([_median_around(line) for line in means])
    with np.errstate(invalid="ignore"):
        odd = (middle > 0) & (means >= between[0] * middle) & (means <= between[1] * middle)
    found[filled] = odd[series_codes, day_codes]
    return found


def empty_days(cells: Cells, measures: NDArray[np.int64]) -> Mask:
    """Cells of days on which a measure has rows and no value, in files where it has values.

    `measures` numbers the measure of each cell.
    """
    if not len(cells):
        return np.zeros(0, bool)
    days, day_codes = np.unique(cells.days, return_inverse=True)
    spot = measures * len(days) + day_codes
    filled = ~np.isnan(cells.value)
    values = np.bincount(spot, filled, minlength=(int(measures.max()) + 1) * len(days))
    ever = np.bincount(measures, filled) > 0
    empty: Mask = (values[spot] == 0) & ever[measures]
    return empty


def completeness(cells: Cells, grain: Grain) -> Completeness:
    """Compare one measure's cells (sorted) with every step from their first to their last day.

    An hour that daylight saving time skipped is no step; the second of an hour that was on the
    clock twice may be absent.
    """
    steps, optional = _steps(cells.utc, grain)
    series = np.unique(cells.series)
    odd = _odd_days(steps, grain)
    expected = len(series) * int((~optional).sum())
    if expected > _TOO_SPARSE * len(cells):
        return Completeness(expected, len(cells), None, odd)
    at = np.searchsorted(steps, cells.utc)
    on_step = (at < len(steps)) & (steps[np.minimum(at, len(steps) - 1)] == cells.utc)
    seen = np.zeros((len(series), len(steps)), bool)
    seen[np.searchsorted(series, cells.series[on_step]), at[on_step]] = True
    present = int(seen[:, ~optional].sum())
    gaps = []
    for number, line in zip(series, seen | optional, strict=True):
        gaps += _gaps(int(number), line, steps)
    return Completeness(expected, present, sorted(gaps, key=lambda gap: gap.first), odd)


def ordinals(utc: Instants, grain: Grain) -> NDArray[np.int64]:
    """Numbers of steps: neighbours in time differ by one."""
    if grain in _SECONDS:
        steps: NDArray[np.int64] = utc.astype(np.int64) // _SECONDS[grain]
        return steps
    unit = _CALENDAR.get(grain, "datetime64[D]")
    steps = to_local(utc).astype(unit).astype(np.int64)
    if grain == "P1W" and len(steps):
        steps = (steps - steps.min()) // _WEEK
    return steps


def _median_around(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per day the median of the nearest four weeks without itself; at the ends, to one side."""
    size = min(2 * _AROUND + 1, len(means))
    lines = np.arange(len(means))
    starts = np.clip(lines - _AROUND, 0, len(means) - size)
    around = starts[:, None] + np.arange(size)
    windows = np.sort(np.where(around == lines[:, None], np.nan, means[around]), axis=1)
    known = (~np.isnan(windows)).sum(axis=1)
    low, high = np.maximum(known - 1, 0) // 2, np.minimum(known // 2, size - 1)
    middle = (windows[lines, low] + windows[lines, high]) / 2
    return np.where(known >= _ENOUGH, middle, np.nan)


def _steps(utc: Instants, grain: Grain) -> tuple[Instants, Mask]:
    """Starts of all steps of the days the cells lie on, and which of them may be absent."""
    local = to_local(np.array([utc.min(), utc.max()]))
    if grain in _CALENDAR:
        first, last = local.astype(_CALENDAR[grain])
        starts = day_start(np.arange(first, last + 1).astype("datetime64[D]"))
        return starts, np.zeros(len(starts), bool)
    first, last = local.astype("datetime64[D]")
    if grain not in _SECONDS:
        starts = day_start(np.arange(first, last + 1, _WEEK if grain == "P1W" else 1))
        return starts, np.zeros(len(starts), bool)
    begin, end = day_start(np.array([first, last + 1]))
    starts = np.arange(begin, end, np.timedelta64(_SECONDS[grain], "s"))
    shown = to_local(starts)
    again = np.zeros(len(starts), bool)
    order = np.argsort(shown, kind="stable")
    again[order[1:]] = shown[order[1:]] == shown[order[:-1]]
    return starts, again


def _odd_days(steps: Instants, grain: Grain) -> list[tuple[np.datetime64, int]]:
    if grain not in _SECONDS:
        return []
    days, counts = np.unique(to_local(steps).astype("datetime64[D]"), return_counts=True)
    hours = counts * _SECONDS[grain] // 3600
    return [(day, int(n)) for day, n in zip(days, hours, strict=True) if n != 24]


def _gaps(series: int, seen: Mask, steps: Instants) -> list[Gap]:
    edges = np.flatnonzero(np.diff(np.r_[True, seen, True]))
    return [
        Gap(series, steps[start], steps[end - 1], int(end - start))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]
