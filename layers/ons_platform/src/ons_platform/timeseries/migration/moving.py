"""The steps of a migration over many chunks: run, verify, keep up, roll back (TSD-20 to TSD-28)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.migration.chunks import Chunk, Size, instant_of, plan
from ons_platform.timeseries.migration.copying import OutOfTime, Parts, begin, copy, exported
from ons_platform.timeseries.migration.journal import Entry, State
from ons_platform.timeseries.migration.tally import Tally
from ons_platform.timeseries.migration.transform import LeftOut
from ons_platform.timeseries.migration.verifying import verify

OVERLAP = timedelta(hours=24)
"""How late a row may come into the old store: what its memory store takes (TSD-19)."""
SAMPLE_LINES = 3


@dataclass
class Outcome:
    """What a call did, and the chunks its time did not reach."""

    done: list[Entry] = field(default_factory=list)
    remaining: list[Chunk] = field(default_factory=list)


def chunks(
    parts: Parts, tables: Iterable[str], start: datetime | None, end: datetime | None, size: Size
) -> list[Chunk]:
    """The chunks of a range; by default from the first row of each table to today's midnight UTC.

    A table without rows has none.
    """
    known = [entry.chunk for entry in parts.journal.all()]
    midnight = parts.now().replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[Chunk] = []
    for table in tables:
        first = start or _first(parts, table)
        if first is not None and (start or first < (end or midnight)):
            found += plan([table], first, end or midnight, size, known)
    return found


def begun(
    parts: Parts, tables: Sequence[str], start: datetime | None, end: datetime | None
) -> list[Chunk]:
    """The chunks ever begun of which any part is in the range."""
    early, late = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    known = [entry.chunk for entry in parts.journal.all() if entry.chunk.table in tables]
    return [chunk for chunk in known if chunk.overlaps(start or early, end or late)]


def run(parts: Parts, wanted: Sequence[Chunk], *, again: bool = False) -> Outcome:
    """Write every chunk that is not written yet, or all of them again."""
    return _each(parts, wanted, lambda chunk: _written(parts, chunk, again))


def verify_all(parts: Parts, wanted: Sequence[Chunk]) -> Outcome:
    """Verify every chunk that was written."""
    written = [chunk for chunk in wanted if parts.journal.get(chunk).written]
    return _each(parts, written, lambda chunk: verify(parts, chunk))


def sync(parts: Parts, tables: Sequence[str], overlap: timedelta = OVERLAP) -> Outcome:
    """One round of keeping up: what may have changed is moved again, what is new as whole days.

    A chunk is settled when it was read later than `overlap` after its end. A sync goes on from
    where a run ended; a table of which nothing was moved is moved from its first row on. Raises
    `InvalidRequest` for one that was rolled back whole.
    """
    wanted = [chunk for table in tables for chunk in _open(parts, table, overlap)]
    return _each(parts, wanted, lambda chunk: copy(parts, chunk))


def rollback(parts: Parts, wanted: Sequence[Chunk]) -> Outcome:
    """Delete what was written of the chunks; no other point is touched."""
    begun = [c for c in wanted if parts.journal.get(c).state is not State.PLANNED]
    return _each(parts, begun, lambda chunk: _rolled_back(parts, chunk))


def preview(parts: Parts, wanted: Sequence[Chunk]) -> Iterator[dict[str, Any]]:
    """What a run would do with each chunk, with a few of its lines; nothing is written."""
    parts.watch.planned(len(wanted))
    for chunk in wanted:
        tally, lines, refused = Tally(chunk.name), list[str](), list[dict[str, Any]]()
        parts.watch.began(chunk)
        for item in exported(parts, chunk, begin(parts, chunk)):
            if isinstance(item, LeftOut):
                tally.leave_out(item)
                if len(refused) < SAMPLE_LINES:
                    refused.append({"reason": item.reason, "detail": item.detail})
            else:
                tally.written(item)
                if len(lines) < SAMPLE_LINES:
                    lines.append(item.line)
        entry = replace(Entry(chunk), **tally.as_fields())
        parts.watch.ended(entry)
        yield {**entry.as_dict(), "lines": lines, "refusals": refused}


def is_settled(entry: Entry, overlap: timedelta = OVERLAP) -> bool:
    """Whether it was read so late that no more rows of it were to come."""
    return entry.written and datetime.fromisoformat(entry.read_at) >= entry.chunk.end + overlap


def _each(parts: Parts, wanted: Sequence[Chunk], step: Callable[[Chunk], Entry]) -> Outcome:
    """One after the other, until the time is over."""
    outcome = Outcome(remaining=list(wanted))
    parts.watch.planned(len(wanted))
    try:
        while outcome.remaining and not parts.late():
            outcome.done.append(step(outcome.remaining[0]))
            outcome.remaining.pop(0)
    except OutOfTime:
        pass  # that chunk is the first of what remains
    return outcome


def _written(parts: Parts, chunk: Chunk, again: bool) -> Entry:
    entry = parts.journal.get(chunk)
    if entry.state is State.DIFFERENT or again or not entry.written:
        return copy(parts, chunk)
    return entry


def _open(parts: Parts, table: str, overlap: timedelta) -> list[Chunk]:
    midnight = parts.now().replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = midnight + timedelta(days=1)
    known = [item for item in parts.journal.all() if item.chunk.table == table]
    if not known:
        return chunks(parts, [table], None, tomorrow, Size.DAY)
    entries = [item for item in known if item.state is not State.ROLLED_BACK]
    if not entries:
        raise InvalidRequest(f"everything of {table} is rolled back: run it first")
    again = [item.chunk for item in entries if not is_settled(item, overlap)]
    last = max(item.chunk.end for item in entries)
    return again + (plan([table], last, tomorrow, Size.DAY, []) if last < tomorrow else [])


def _rolled_back(parts: Parts, chunk: Chunk) -> Entry:
    parts.watch.began(chunk)
    parts.new.delete(chunk.table, chunk.start, chunk.end)
    before = parts.journal.get(chunk)
    entry = Entry(chunk, State.ROLLED_BACK, attempts=before.attempts, cost=before.cost)
    parts.journal.put(entry)
    parts.watch.ended(entry)
    return entry


def _first(parts: Parts, table: str) -> datetime | None:
    """The first of a table's rows that the new store can hold."""
    first = parts.old.extent(table).first
    if first is None:
        return None
    start = instant_of(first).replace(minute=0, second=0, microsecond=0)
    floor = parts.new.floor(table, parts.now())
    return start if floor is None else max(start, floor)
