"""Flagged rows, counted by series and day while a file streams, and joined to stretches after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ons_platform.catalog.model import Grain
from ons_platform.ingest.rules.cells import civil_days
from ons_platform.lake.civil import Instants

MAX_ENTRIES = 300_000
ALL_SERIES = -1
_APART = {"P1W": 7, "P1M": 31, "P1Y": 366}
_DAY, _SERIES_AND_DAY = 20, 52
"""Bits of a day and of a series with a day: 2,800 years, four billion series."""
_EPOCH = 1 << 19
_COLUMNS = ("mark", "series", "day", "count", "first", "last")


@dataclass(frozen=True)
class Stretch:
    """Rows with one mark in one series on days that follow each other; `first`, `last` are UTC."""

    mark: str
    series: int
    first: np.datetime64
    last: np.datetime64
    count: int


class Marks:
    """Counts marked rows by mark, series and civil day; memory is bounded.

    Beyond 300,000 different ones the series are no longer told apart.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._parts: list[dict[str, NDArray[np.int64]]] = []
        self._entries = 0
        self.coarse = False

    def add(self, mark: str, series: NDArray[np.int32], utc: Instants) -> None:
        """Mark rows by their series and instants."""
        if not len(series):
            return
        if mark not in self._names:
            self._names.append(mark)
        seconds = utc.astype(np.int64)
        part = _summed(
            {
                "mark": np.full(len(series), self._names.index(mark), np.int64),
                "series": series.astype(np.int64) if not self.coarse else _all(series),
                "day": civil_days(utc),
                "count": np.ones(len(series), np.int64),
                "first": seconds,
                "last": seconds,
            }
        )
        self._parts.append(part)
        self._entries += len(part["day"])
        if self._entries > MAX_ENTRIES:
            self._consolidate()

    def stretches(self, grain: Grain | None) -> list[Stretch]:
        """Runs of days that follow each other (of weeks, months, years in coarser data)."""
        if not self._parts:
            return []
        self._consolidate()
        (part,) = self._parts
        gap = _APART.get(grain or "", 1)
        mark, series, day = part["mark"], part["series"], part["day"]
        new = np.ones(len(day), bool)
        new[1:] = (np.diff(mark) != 0) | (np.diff(series) != 0) | (np.diff(day) > gap)
        starts = np.flatnonzero(new)
        counts = np.add.reduceat(part["count"], starts)
        firsts = np.minimum.reduceat(part["first"], starts).astype("datetime64[s]")
        lasts = np.maximum.reduceat(part["last"], starts).astype("datetime64[s]")
        return [
            Stretch(self._names[mark[at]], int(series[at]), firsts[n], lasts[n], int(counts[n]))
            for n, at in enumerate(starts)
        ]

    def _consolidate(self) -> None:
        joined = {name: np.concatenate([part[name] for part in self._parts]) for name in _COLUMNS}
        part = _summed(joined)
        if len(part["day"]) > MAX_ENTRIES:
            self.coarse = True
            part = _summed({**part, "series": _all(part["series"])})
        self._parts = [part]
        self._entries = len(part["day"])


def _all(series: NDArray[np.integer]) -> NDArray[np.int64]:
    return np.full(len(series), ALL_SERIES, np.int64)


def _summed(part: dict[str, NDArray[np.int64]]) -> dict[str, NDArray[np.int64]]:
    """One entry per mark, series and day, in that order."""
    key = (
        (part["mark"] << _SERIES_AND_DAY) | ((part["series"] + 1) << _DAY) | (part["day"] + _EPOCH)
    )
    order = np.argsort(key, kind="stable")
    part = {name: column[order] for name, column in part.items()}
    new = np.ones(len(order), bool)
    new[1:] = np.diff(key[order]) != 0
    starts = np.flatnonzero(new)
    return {
        **{name: part[name][starts] for name in _COLUMNS[:3]},
        "count": np.add.reduceat(part["count"], starts),
        "first": np.minimum.reduceat(part["first"], starts),
        "last": np.maximum.reduceat(part["last"], starts),
    }
