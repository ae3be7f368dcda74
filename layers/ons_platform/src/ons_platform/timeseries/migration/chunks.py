"""Parts of the old store that are moved as one: a table and a half-open range of UTC time.

The chunks of a table never overlap: a plan keeps those that exist and fills the gaps between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.migration.oldsql import TABLES
from ons_platform.timeseries.migration.values import NANOSECONDS

_STAMP = "%Y%m%dT%H%M%SZ"
Interval = tuple[datetime, datetime]


class Size(StrEnum):
    """How long a chunk is at most, by the UTC calendar."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, order=True)
class Chunk:
    """A table's rows of [start, end), UTC, in whole seconds."""

    table: str
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        """Text that sorts by time, such as `20240101T000000Z_20240201T000000Z`."""
        return f"{self.start.strftime(_STAMP)}_{self.end.strftime(_STAMP)}"

    @classmethod
    def named(cls, table: str, name: str) -> Chunk:
        """From `name`."""
        start, end = (
            datetime.strptime(part, _STAMP).replace(tzinfo=UTC) for part in name.split("_")
        )
        return cls(table, start, end)

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether any of it lies in [start, end)."""
        return self.start < end and start < self.end

    def as_dict(self) -> dict[str, str]:
        """JSON form."""
        return {"table": self.table, "from": self.start.isoformat(), "to": self.end.isoformat()}


def nanoseconds_of(instant: datetime) -> int:
    """Since 1970 UTC, as the old store counts; of whole microseconds."""
    micros = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return micros * (NANOSECONDS // 1_000_000)


def instant_of(nanoseconds: int) -> datetime:
    """The other way round; what is below a microsecond is dropped."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)


def plan(
    tables: Iterable[str], start: datetime, end: datetime, size: Size, known: Iterable[Chunk]
) -> list[Chunk]:
    """Chunks that cover the range: the known ones that lie in it, and new ones for the rest.

    A known chunk that reaches beyond the range comes whole. Raises `InvalidRequest` for a table the
    old store has not, and for an empty range.
    """
    if not start < end:
        raise InvalidRequest(f"{start:%Y-%m-%d %H:%M} is not before {end:%Y-%m-%d %H:%M}")
    held, found = list(known), list[Chunk]()
    for table in tables:
        if table not in TABLES:
            raise InvalidRequest(f"{table} is none of {', '.join(TABLES)}")
        kept = [item for item in held if item.table == table and item.overlaps(start, end)]
        taken = [(item.start, item.end) for item in kept]
        for gap in gaps((start, end), taken):
            kept += [Chunk(table, *part) for part in split(gap, size)]
        found += sorted(kept)
    return found


def split(interval: Interval, size: Size) -> Iterator[Interval]:
    """The interval cut at midnights or firsts of the month, UTC."""
    start, end = interval
    while start < end:
        following = min(_following(start, size), end)
        yield start, following
        start = following


def gaps(interval: Interval, taken: Sequence[Interval]) -> Iterator[Interval]:
    """What of the interval none of the others covers."""
    start, end = interval
    for begin, stop in sorted(taken):
        if start < begin:
            yield start, min(begin, end)
        start = max(start, stop)
    if start < end:
        yield start, end


def _following(instant: datetime, size: Size) -> datetime:
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    if size is Size.DAY:
        return midnight + timedelta(days=1)
    return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
