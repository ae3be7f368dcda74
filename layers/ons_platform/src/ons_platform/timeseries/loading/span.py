"""The stretch of time a lake partition covers: a civil month in Brasília, as UTC instants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from ons_platform.lake.zone import brasilia

_MONTH = re.compile(r"dataset=\w+/year=(?P<year>\d{4})/month=(?P<month>\d{2})")


@dataclass(frozen=True)
class Span:
    """Half-open: `start` is in it, `end` is not."""

    start: datetime
    end: datetime

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether the two have an instant in common."""
        return self.start < end and start < self.end


@lru_cache(maxsize=8192)
def span_of(partition: str) -> Span | None:
    """Of a partition's name, `dataset=generation/year=2023/month=01`; None for reference data.

    A month whose midnight was skipped begins when the clock was put forward.
    """
    found = _MONTH.fullmatch(partition)
    if found is None:
        return None
    year, month = int(found["year"]), int(found["month"])
    following = (year + month // 12, month % 12 + 1)
    return Span(_midnight(year, month), _midnight(*following))


def _midnight(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=brasilia()).astimezone(UTC)
