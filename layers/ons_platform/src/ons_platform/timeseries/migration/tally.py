"""What a chunk's rows came to, counted while they pass."""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from typing import Any

from ons_platform.timeseries.migration.chunks import instant_of
from ons_platform.timeseries.migration.legacy import Series
from ons_platform.timeseries.migration.oldstore import OldRow
from ons_platform.timeseries.migration.transform import DUPLICATE, LeftOut, Point
from ons_platform.timeseries.points import MISSING_SUFFIX

SAMPLES = 5
"""How many instants of a chunk are compared row by row."""


class Tally:
    """Counts points and rows left out; `seed` makes the choice of samples repeatable."""

    def __init__(self, seed: str) -> None:
        self.counts = Counter[Series]()
        self.duplicates = 0
        self.refused = Counter[str]()
        self.left_out: dict[Series, dict[str, float]] = {}
        self._sums: dict[str, float] = {}
        self._first: int | None = None
        self._last: int | None = None
        self._instants = 0
        self._samples: list[int] = []
        self._random = random.Random(seed)  # noqa: S311 - a sample, no secret
        self._hash = hashlib.sha256()

    @property
    def rows(self) -> int:
        """How many rows of the old store were seen."""
        return self.counts.total() + self.duplicates + self.refused.total()

    def written(self, point: Point) -> None:
        """Count a point that the new store took."""
        series, row = point.series, point.row
        self.counts[series] += 1
        if row.value is not None:
            kind = series.measurement_type
            self._sums[kind] = self._sums.get(kind, 0.0) + row.value
        self._hash.update(point.line.encode())
        self._see(row)

    def leave_out(self, item: LeftOut) -> None:
        """Count a row that is not written."""
        if item.reason == DUPLICATE:
            self.duplicates += 1
        else:
            self.refused[item.reason] += 1
        if item.series is not None:
            kept = self.left_out.setdefault(item.series, {"rows": 0, "total": 0.0})
            kept["rows"] += 1
            if item.row.value is not None and math.isfinite(item.row.value):
                kept["total"] += item.row.value

    def as_fields(self) -> dict[str, Any]:
        """The fields of a journal entry that follow from it."""
        missing = sum(n for s, n in self.counts.items() if s.field.endswith(MISSING_SUFFIX))
        return {
            "rows": self.rows,
            "points": self.counts.total(),
            "missing": missing,
            "duplicates": self.duplicates,
            "refused": dict(self.refused),
            "left_out": {series.name: kept for series, kept in self.left_out.items()},
            "sums": self._sums,
            "first": _text(self._first),
            "last": _text(self._last),
            "samples": tuple(sorted(self._samples)),
            "fingerprint": self._hash.hexdigest(),
        }

    def _see(self, row: OldRow) -> None:
        """Rows come in the order of time; each instant has the same chance to be a sample."""
        if row.at == self._last:
            return
        self._first = row.at if self._first is None else self._first
        self._last = row.at
        self._instants += 1
        if len(self._samples) < SAMPLES:
            self._samples.append(row.at)
        elif (place := self._random.randrange(self._instants)) < SAMPLES:
            self._samples[place] = row.at


def _text(at: int | None) -> str | None:
    return None if at is None else instant_of(at).isoformat()
