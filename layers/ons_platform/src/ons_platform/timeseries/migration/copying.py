"""Moves one chunk: export, transform, write in batches, read back, remove what is no longer there.

Run again, a chunk is written whole again; its points are the same ones. A row that the old store
changed since can stand in another series (its flag is a tag): where more is there than was written,
the chunk's points are deleted and written anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from ons_platform.errors import RejectedPoints, StoreUnavailable
from ons_platform.timeseries.migration import oldsql
from ons_platform.timeseries.migration.chunks import Chunk, nanoseconds_of
from ons_platform.timeseries.migration.journal import Entry, Journal, Quarantine, State
from ons_platform.timeseries.migration.legacy import Meaning
from ons_platform.timeseries.migration.newstore import NewStore
from ons_platform.timeseries.migration.oldstore import OldStore
from ons_platform.timeseries.migration.tally import Tally
from ons_platform.timeseries.migration.transform import DUPLICATE, LeftOut, Point, transform

BATCH = 1000
"""Points in one request (TSD-23)."""
MOST_REJECTED = 1000
"""Points of a chunk that the new store may refuse before something else must be wrong."""
_TRIES = 2


class OutOfTime(Exception):
    """The caller's time ended inside a chunk, which is left as it is to be begun again."""


class Watch(Protocol):
    """Hears how the work goes."""

    def planned(self, chunks: int) -> None:
        """So many chunks are to be done."""
        ...

    def began(self, chunk: Chunk) -> None:
        """A chunk is next."""
        ...

    def wrote(self, points: int) -> None:
        """So many points more are in the new store."""
        ...

    def ended(self, entry: Entry) -> None:
        """A chunk is done; what became of it."""
        ...


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Parts:
    """What a migration works with. `late` says that the time at hand is over."""

    old: OldStore
    new: NewStore
    journal: Journal
    watch: Watch
    now: Callable[[], datetime] = utc_now
    late: Callable[[], bool] = lambda: False


def copy(parts: Parts, chunk: Chunk) -> Entry:
    """Write a chunk and record what became of it.

    Raises `OutOfTime`, `RejectedPoints` when the store refuses too much, `StoreUnavailable` when a
    store does not answer or what was written is not there.
    """
    parts.watch.began(chunk)
    began, cost = time.monotonic(), parts.old.cost.copy()
    before, read_at = parts.journal.get(chunk), parts.now()
    start = begin(parts, chunk)
    entry = replace(before, state=State.WRITING, attempts=before.attempts + 1)
    parts.journal.put(entry)
    tally = _copied(parts, chunk, start)
    spent = parts.old.cost.since(cost).as_dict()
    entry = replace(
        entry,
        **tally.as_fields(),
        state=State.WRITTEN,
        floor=start.isoformat(),
        read_at=read_at.isoformat(),
        written_at=parts.now().isoformat(),
        seconds=round(before.seconds + time.monotonic() - began, 3),
        cost={name: before.cost.get(name, 0) + value for name, value in spent.items()},
    )
    if before.state is State.VERIFIED and _same(before, entry):
        entry = replace(entry, state=State.VERIFIED)
    parts.journal.put(entry)
    parts.watch.ended(entry)
    return entry


def begin(parts: Parts, chunk: Chunk) -> datetime:
    """From when on a chunk's rows can be in the new store: its start or the retention's edge."""
    floor = parts.new.floor(chunk.table, parts.now())
    return chunk.start if floor is None else min(max(chunk.start, floor), chunk.end)


def exported(parts: Parts, chunk: Chunk, start: datetime) -> Iterator[Point | LeftOut]:
    """The chunk's rows from `start` on, as points or with the reason why not."""
    if start >= chunk.end:
        return iter(())
    table = parts.old.table(chunk.table)
    sql = oldsql.export(table, nanoseconds_of(start), nanoseconds_of(chunk.end))
    return transform(parts.old.records(sql), Meaning(chunk.table))


def _same(before: Entry, after: Entry) -> bool:
    names = ("fingerprint", "floor", "rows", "refused", "left_out")
    return all(getattr(before, name) == getattr(after, name) for name in names)


def _copied(parts: Parts, chunk: Chunk, start: datetime) -> Tally:
    for _ in range(_TRIES):
        tally = Tally(chunk.name)
        with parts.journal.quarantine(chunk) as quarantine:
            for batch in _batches(exported(parts, chunk, start)):
                if parts.late():
                    raise OutOfTime
                _keep(parts, chunk, batch, tally, quarantine)
        held = parts.new.counts(chunk.table, start, chunk.end) if start < chunk.end else {}
        if held == dict(tally.counts):
            return tally
        if any(held.get(series, 0) < count for series, count in tally.counts.items()):
            raise StoreUnavailable(f"{chunk.table} {chunk.name}: less is there than was written")
        parts.new.delete(chunk.table, start, chunk.end)
    raise StoreUnavailable(f"{chunk.table} {chunk.name}: somebody else writes its points")


def _batches(items: Iterable[Point | LeftOut]) -> Iterator[list[Point | LeftOut]]:
    """So many items that no more than a batch of points is among them."""
    batch: list[Point | LeftOut] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _keep(
    parts: Parts,
    chunk: Chunk,
    batch: Sequence[Point | LeftOut],
    tally: Tally,
    quarantine: Quarantine,
) -> None:
    """Write the points of a batch, and put what cannot be one into the quarantine."""
    points = [item for item in batch if isinstance(item, Point)]
    out = [item for item in batch if isinstance(item, LeftOut)]
    refused = dict(parts.new.write(chunk.table, [p.line for p in points])) if points else {}
    for place, point in enumerate(points):
        if place in refused:
            out.append(LeftOut(point.row, "rejected", refused[place], point.series))
        else:
            tally.written(point)
    for item in out:
        tally.leave_out(item)
        if item.reason != DUPLICATE:
            quarantine.add(item)
    if tally.refused["rejected"] > MOST_REJECTED:
        raise RejectedPoints(
            f"the store refuses more than {MOST_REJECTED} points of {chunk.table} {chunk.name}",
            points=[{"reason": reason} for reason in sorted(set(refused.values()))],
        )
    parts.watch.wrote(len(points) - len(refused))
