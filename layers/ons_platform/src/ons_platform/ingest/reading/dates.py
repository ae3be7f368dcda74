"""Dates and instants as files write them in text.

ISO 8601 with or without a zone, `2023/01/31`, `31/01/2023`, `31-01-2023`, `31.01.2023`, `31-01-23`,
`20230131`, each with or without hours, minutes, seconds; months as `202301`, `2023-01`, `01/2023`.
The day always stands before the month, as in Brazil: `01/31/2023` is no date.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from ons_platform.lake.civil import Instants, to_local

Clock = Literal["civil", "utc"]
"""Whose clock readings are given in: Brasília's, or UTC."""
Manner = Literal["plain", "zoned", "short", "month"]
"""What a column keeps to: a date and perhaps a time, one with a UTC offset, one with two digits of
the year, or a month."""

_DAY_FIRST = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(.*)", re.DOTALL)
_YEAR_FIRST = re.compile(r"(\d{4})([/.-])(\d{1,2})\2(\d{1,2})(.*)", re.DOTALL)
_SHORT = re.compile(r"(\d{2})([/.-])(\d{2})\2(\d{2})((?:[ T].*)?)", re.DOTALL)
_YEAR_MONTH = re.compile(r"((?:19|20)\d\d)[/-]?(\d\d)")
_MONTH_YEAR = re.compile(r"(\d{1,2})[/-]((?:19|20)\d\d)")
_TIME = re.compile(r"[ T]*(?:(\d{1,2})(?::(\d{2}))?(?::(\d{2})(?:[.,]\d+)?)?)?")
_CENTURY = 70


@dataclass(frozen=True)
class Written:
    """What a text says and in which manner."""

    manner: Manner
    moment: datetime

    def reading(self, clock: Clock) -> np.datetime64:
        """The reading of the clock; without a zone the text is one already."""
        if self.moment.tzinfo is None:
            return np.datetime64(self.moment, "s")
        utc = np.array([np.datetime64(int(self.moment.timestamp()), "s")])
        reading: np.datetime64 = on_clock(utc, clock)[0]
        return reading


def written(text: str) -> Written | None:
    """The date, instant or month a text says; None for anything else."""
    text = text.strip()
    if found := _month(text):
        return found
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _numeric(text)
    return Written("plain" if moment.tzinfo is None else "zoned", moment)


def parse_moment(text: str, clock: Clock = "civil") -> np.datetime64 | None:
    """The reading a text says by itself, or None."""
    found = written(text)
    return None if found is None else found.reading(clock)


def usual_manner(found: Iterable[Written]) -> Manner | None:
    """The manner of most texts; None of none."""
    counts = Counter(item.manner for item in found)
    return counts.most_common(1)[0][0] if counts else None


def on_clock(utc: Instants, clock: Clock) -> Instants:
    """Readings of the clock at instants of UTC."""
    return to_local(utc) if clock == "civil" else utc


def _month(text: str) -> Written | None:
    if match := _YEAR_MONTH.fullmatch(text):
        year, month = match.groups()
    elif match := _MONTH_YEAR.fullmatch(text):
        month, year = match.groups()
    else:
        return None
    return _made("month", year, month, "1", "")


def _numeric(text: str) -> Written | None:
    if match := _DAY_FIRST.fullmatch(text):
        day, _, month, year, rest = match.groups()
    elif match := _YEAR_FIRST.fullmatch(text):
        year, _, month, day, rest = match.groups()
    elif match := _SHORT.fullmatch(text):
        day, _, month, short, rest = match.groups()
        century = "19" if int(short) >= _CENTURY else "20"
        return _made("short", century + short, month, day, rest)
    else:
        return None
    return _made("plain", year, month, day, rest)


def _made(manner: Manner, year: str, month: str, day: str, rest: str) -> Written | None:
    time = _TIME.fullmatch(rest)
    if time is None:
        return None
    hour, minute, second = (int(part or 0) for part in time.groups())
    try:
        moment = datetime(int(year), int(month), int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
    return Written(manner, moment)
