"""Brasília civil time, in which ONS files are written, to and from UTC; vectorised.

The rules come from the `tzdata` package, never from the machine, so that every host turns the same
file into the same instants. Arrays hold `datetime64[s]`: civil arrays are what a wall clock in
Brasília shows, UTC arrays are instants. The zone had daylight saving time until 2019-02-17.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ons_platform.lake.zone import brasilia

_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)

Instants = NDArray[np.datetime64]


class Clock(IntEnum):
    """What a civil reading is worth: exact, shown twice (autumn) or never shown (spring)."""

    EXACT = 0
    AMBIGUOUS = 1
    NONEXISTENT = 2


class Transitions(NamedTuple):
    """`offsets[i]` (seconds east of Greenwich) holds from `starts[i]` (UTC, `datetime64[s]`) on."""

    starts: Instants
    offsets: NDArray[np.int64]


@lru_cache(maxsize=1)
def transitions() -> Transitions:
    """Every change of offset from 1900 to 2120, the first entry standing for all time before."""
    zone = brasilia()
    starts, offsets = [_FIRST], [_offset(_FIRST, zone)]
    step = timedelta(days=5)
    moment = _FIRST
    while moment < _LAST:
        if _offset(moment + step, zone) != offsets[-1]:
            change = _change(moment, moment + step, zone)
            starts.append(change)
            offsets.append(_offset(change, zone))
        moment += step
    table = np.array([start.replace(tzinfo=None) for start in starts], "datetime64[s]")
    return Transitions(table, np.array(offsets, np.int64))


def to_utc(local: Instants, *, second: bool = False) -> tuple[Instants, NDArray[np.int8]]:
    """Instants of civil readings, and what each reading is worth (`Clock`).

    An ambiguous reading means its first occurrence (daylight saving time), with `second` the other
    one. A reading that never was lands as far behind the change as it lies behind the gap's start
    (with `second`: as far before the change as it lies before the gap's end), as PEP 495 has it.
    `NaT` stays `NaT` and counts as exact.
    """
    local = local.astype("datetime64[s]")
    offsets = transitions().offsets
    early, late = _readings()
    if len(local):
        least, most = _extremes(local)
        if (first := _index(late, least)) == _index(early, most):
            return local - _seconds(offsets[first]), np.zeros(len(local), np.int8)
    before, after = _index(late, local), _index(early, local)
    shift = np.sign(offsets[after] - offsets[before])
    clock = np.where(shift < 0, Clock.AMBIGUOUS, np.where(shift > 0, Clock.NONEXISTENT, 0))
    clock[np.isnat(local)] = Clock.EXACT
    return local - _seconds(offsets[after if second else before]), clock.astype(np.int8)


def day_start(dates: Instants) -> Instants:
    """Instants at which civil days begin: 00:00, or 01:00 on a day whose midnight was skipped."""
    midnight = dates.astype("datetime64[D]").astype("datetime64[s]")
    utc, clock = to_utc(midnight)
    skipped = clock == Clock.NONEXISTENT
    if skipped.any():
        starts = transitions().starts
        utc[skipped] = starts[np.searchsorted(starts, utc[skipped], side="right") - 1]
    return utc


def to_local(utc: Instants) -> Instants:
    """Civil readings of instants."""
    utc = utc.astype("datetime64[s]")
    starts, offsets = transitions()
    return utc + _seconds(offsets[_index(starts[1:], utc)])


@lru_cache(maxsize=1)
def _readings() -> tuple[Instants, Instants]:
    """Civil readings at which each change begins to show and has wholly passed."""
    starts, offsets = transitions()
    before, after = offsets[:-1], offsets[1:]
    return (
        starts[1:] + _seconds(np.minimum(before, after)),
        starts[1:] + _seconds(np.maximum(before, after)),
    )


def _index(boundaries: Instants, moments: Instants) -> NDArray[np.intp]:
    return np.searchsorted(boundaries, moments, side="right")


def _extremes(moments: Instants) -> tuple[Any, Any]:
    """The first and the last; a `NaT` among them does not count, as it would for `min`."""
    return np.fmin.reduce(moments), np.fmax.reduce(moments)


def _seconds(offsets: NDArray[np.int64]) -> NDArray[np.timedelta64]:
    return offsets.astype("timedelta64[s]")


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return int(offset.total_seconds())


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first second of the offset that holds at `high`; there is one change in between."""
    target = _offset(high, zone)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (low, middle) if _offset(middle, zone) == target else (middle, high)
    return high
