"""The time of the rows of a series: from what the file writes to UTC starts of intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ons_platform.catalog.model import Dataset
from ons_platform.lake.civil import Clock, Instants, day_start, to_local, to_utc
from ons_platform.lake.quality import QualityFlag

FIRST_YEAR = 1931
"""The oldest ONS series, natural flows, begin in 1931."""
YEARS_AHEAD = 5
"""Plans and forecasts reach a few years ahead."""

FLAGS = tuple(QualityFlag)
"""Quality flags by code; a higher code is graver."""
CODE = {flag: np.uint8(code) for code, flag in enumerate(FLAGS)}

_GRAINS = {
    "PT30M": np.timedelta64(30, "m"),
    "PT1H": np.timedelta64(1, "h"),
    "P1D": np.timedelta64(1, "D"),
    "P1W": np.timedelta64(7, "D"),
}
_CALENDAR = {"P1M": "datetime64[M]", "P1Y": "datetime64[Y]"}
_UNITS = {**_GRAINS, "event": np.timedelta64(1, "s")}

MOST_STEPS = {"PT30M": 50, "PT1H": 25, "P1D": 366}
"""How far a part of the time may count: a day has up to 25 hours, a year 366 days."""

Mask = NDArray[np.bool_]
_Placed = tuple[Instants, Instants, Instants, NDArray[np.int8], Mask]


@dataclass(frozen=True)
class Timeline:
    """Per row: `utc` start of interval, `months` (civil, as year * 100 + month) and `flags`.

    `absent` rows have no instant at all, `outside` ones one outside the accepted years, `never`
    one that daylight saving time skipped; `ambiguous` ones were on the clock twice (`utc` is the
    first time, `later` the second).
    """

    utc: Instants
    later: Instants
    months: NDArray[np.int32]
    flags: NDArray[np.uint8]
    absent: Mask
    outside: Mask
    never: Mask
    ambiguous: Mask

    @property
    def usable(self) -> Mask:
        """Rows that can be placed in time."""
        return ~(self.absent | self.outside | self.never)

    def where(self, rows: Mask) -> Timeline:
        """These rows only."""
        return Timeline(*(getattr(self, item.name)[rows] for item in fields(self)))


def accepted_years(now: datetime) -> tuple[np.datetime64, np.datetime64]:
    """First day accepted and first day no longer accepted."""
    return np.datetime64(f"{FIRST_YEAR}-01-01", "s"), np.datetime64(
        f"{now.year + YEARS_AHEAD + 1}-01-01", "s"
    )


def timeline(dataset: Dataset, readings: Instants, now: datetime) -> Timeline:
    """Place readings (`NaT` where a row has none) by the dataset's time rule.

    They are of the clock in Brasília, or UTC where the rule says `utc_instant`.
    """
    first, last = accepted_years(now)
    absent = np.isnat(readings)
    outside = (readings < first) | (readings >= last)
    utc, later, start, clock, stray = _placing(dataset)(dataset, readings)
    flags = np.zeros(len(readings), np.uint8)
    flags[clock == Clock.AMBIGUOUS] = CODE[QualityFlag.AMBIGUOUS_HOUR]
    flags[stray] = CODE[QualityFlag.STRAY_TIMESTAMP]
    return Timeline(
        utc=utc,
        later=later,
        months=_months(start),
        flags=flags,
        absent=absent,
        outside=outside & ~absent,
        never=clock == Clock.NONEXISTENT,
        ambiguous=clock == Clock.AMBIGUOUS,
    )


def is_daily(dataset: Dataset) -> bool:
    """Whether the file labels whole days, weeks, months or years, not instants."""
    time = dataset.time
    if time is None or time.kind in {"local_instant", "utc_instant"}:
        return False
    return all(part.unit == "P1D" for part in time.parts)


def base_reading(dataset: Dataset, readings: Instants) -> Instants:
    """What parts of the time in other columns are added to: the first of the month, the day."""
    assert dataset.time is not None  # noqa: S101 - the catalogue model demands it of a series
    kinds = {"local_month": "datetime64[M]", "local_date": "datetime64[D]"}
    kind = kinds.get(dataset.time.kind)
    return readings.astype(kind).astype("datetime64[s]") if kind else readings


def part_length(unit: str) -> np.timedelta64:
    """How long one unit of a part of the time is."""
    return np.timedelta64(_GRAINS[unit], "s")


def _placing(dataset: Dataset) -> Callable[[Dataset, Instants], _Placed]:
    if dataset.time is not None and dataset.time.kind == "utc_instant":
        return _utc_instants
    if not is_daily(dataset):
        return _instants
    return _calendar if dataset.grain in _CALENDAR else _days


def _days(dataset: Dataset, civil: Instants) -> _Placed:
    """A date labels a day, or the last day of its interval."""
    days = civil.astype("datetime64[D]")
    stray = days.astype("datetime64[s]") != civil
    if _ends(dataset):
        days = days - (_GRAINS[dataset.grain or "P1D"] - np.timedelta64(1, "D"))
    utc = day_start(days)
    return utc, utc, days, np.zeros(len(civil), np.int8), stray & ~np.isnat(civil)


def _calendar(dataset: Dataset, civil: Instants) -> _Placed:
    """Any date of a month or year labels it."""
    start = civil.astype(_CALENDAR[dataset.grain or "P1M"]).astype("datetime64[D]")
    utc = day_start(start)
    return utc, utc, start, np.zeros(len(civil), np.int8), np.zeros(len(civil), bool)


def _instants(dataset: Dataset, civil: Instants) -> _Placed:
    """An instant labels the start of its interval, or its end.

    The end of the last hour before a change to daylight saving time never was on the clock; its
    start was.
    """
    utc, clock = to_utc(civil)
    later = to_utc(civil, second=True)[0] if clock.any() else utc
    start = civil
    if _ends(dataset):
        grain = _grain(dataset)
        start = civil - grain
        begun = to_utc(start)[0]
        skipped = clock == Clock.NONEXISTENT
        utc = np.where(skipped, begun, utc - grain)
        later = np.where(skipped, begun, later - grain)
        clock = np.where(skipped, np.int8(Clock.EXACT), clock)
    return utc, later, start, clock, _off_grain(dataset, civil)


def _utc_instants(dataset: Dataset, readings: Instants) -> _Placed:
    """UTC says each instant once; the month is still the civil one of the interval's start."""
    utc = readings - _grain(dataset) if _ends(dataset) else readings
    exact = np.zeros(len(readings), np.int8)
    return utc, utc, to_local(utc), exact, _off_grain(dataset, readings)


def _grain(dataset: Dataset) -> np.timedelta64:
    return np.timedelta64(_UNITS[dataset.grain or "PT1H"], "s")


def _off_grain(dataset: Dataset, readings: Instants) -> Mask:
    stray: Mask = readings.astype(np.int64) % _grain(dataset).astype(np.int64) != 0
    return stray & ~np.isnat(readings)


def _ends(dataset: Dataset) -> bool:
    return dataset.time is not None and dataset.time.label == "end"


def _months(start: Instants) -> NDArray[np.int32]:
    if len(start) and not np.isnat(start).any():
        first = start.min().astype("datetime64[M]")
        if first == start.max().astype("datetime64[M]"):
            return np.full(len(start), _month_number(first.astype(np.int64)), np.int32)
    return _month_number(start.astype("datetime64[M]").astype(np.int64)).astype(np.int32)


def _month_number(since_1970: NDArray[np.int64]) -> NDArray[np.int64]:
    return (1970 + since_1970 // 12) * 100 + since_1970 % 12 + 1
