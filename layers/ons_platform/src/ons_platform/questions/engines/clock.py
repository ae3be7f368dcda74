"""Stretches of time in which clocks in Brasília keep one distance from UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ons_platform.lake.zone import brasilia
from ons_platform.questions.engines.stretches import Stretch

_STEP = timedelta(days=7)
"""Shorter than any summer or winter time."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Clock:
    """A stretch whose civil time is UTC plus `offset`."""

    stretch: Stretch
    offset: timedelta


def clocks(parts: Iterable[Stretch]) -> Iterator[Clock]:
    """The parts, cut where clocks are put forward or back."""
    for part in parts:
        start = part.start
        while start < part.end:
            offset, end = _offset(start), start
            while end < part.end and _offset(end) == offset:
                end = min(end + _STEP, part.end)
            if end < part.end or _offset(end - _SECOND) != offset:
                end = _change(max(start, end - _STEP), end, offset)
            yield Clock(Stretch(start, end, part.window), offset)
            start = end


def _change(before: datetime, after: datetime, offset: timedelta) -> datetime:
    """The second at which the offset becomes another, between the two."""
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        before, after = (middle, after) if _offset(middle) == offset else (before, middle)
    return after.replace(microsecond=0)


def _offset(moment: datetime) -> timedelta:
    return moment.astimezone(UTC).astimezone(brasilia()).utcoffset() or timedelta()
