"""The time column of a series: from what the file writes to UTC starts of intervals."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ons_platform.catalog.model import Dataset
from ons_platform.lake.civil import Clock, Instants, day_start, to_utc
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

Mask = NDArray[np.bool_]


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


def timeline(dataset: Dataset, civil: Instants, now: datetime) -> Timeline:
    """Place civil readings (`NaT` where a row has none) by the dataset's time rule."""
    first, last = accepted_years(now)
    absent = np.isnat(civil)
    outside = (civil < first) | (civil >= last)
    placed = _days(dataset, civil) if is_daily(dataset) else _instants(dataset, civil)
    utc, later, start, clock, stray = placed
    flags = np.zeros(len(civil), np.uint8)
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


_Placed = tuple[Instants, Instants, Instants, NDArray[np.int8], Mask]


def is_daily(dataset: Dataset) -> bool:
    """Whether the file labels whole days, not instants."""
    return dataset.time is not None and dataset.time.kind == "local_date"


def _days(dataset: Dataset, civil: Instants) -> _Placed:
    """A date labels a day, or the last day of its interval."""
    days = civil.astype("datetime64[D]")
    stray = days.astype("datetime64[s]") != civil
    if _ends(dataset):
        days = days - (_GRAINS[dataset.grain or "P1D"] - np.timedelta64(1, "D"))
    utc = day_start(days)
    return utc, utc, days, np.zeros(len(civil), np.int8), stray & ~np.isnat(civil)


def _instants(dataset: Dataset, civil: Instants) -> _Placed:
    """An instant labels the start of its interval, or its end."""
    grain = _GRAINS[dataset.grain or "PT1H"].astype("timedelta64[s]")
    stray = civil.astype(np.int64) % grain.astype(np.int64) != 0
    utc, clock = to_utc(civil)
    later = to_utc(civil, second=True)[0] if clock.any() else utc
    start = civil
    if _ends(dataset):
        utc, later, start = utc - grain, later - grain, civil - grain
    return utc, later, start, clock, stray & ~np.isnat(civil)


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
