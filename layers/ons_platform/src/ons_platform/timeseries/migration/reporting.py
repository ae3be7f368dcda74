"""How far a migration is, and whether the old store may go (TSD-24, TSD-27, OBS-17)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from ons_platform.timeseries.migration.chunks import gaps, instant_of, nanoseconds_of
from ons_platform.timeseries.migration.copying import Parts
from ons_platform.timeseries.migration.journal import Entry, State
from ons_platform.timeseries.migration.moving import OVERLAP, is_settled

_SUMS = ("rows", "points", "missing", "duplicates", "quarantined", "seconds")


def report(entries: Sequence[Entry], now: datetime) -> dict[str, Any]:
    """The sums of every table and of all, with each chunk that is not as it should be."""
    tables = sorted({entry.chunk.table for entry in entries})
    by_table = {t: _summed([e for e in entries if e.chunk.table == t], now) for t in tables}
    return {
        **_summed(entries, now),
        "ok": bool(entries) and all(entry.state is State.VERIFIED for entry in entries),
        "tables": by_table,
        "attention": [_attention(entry) for entry in entries if _needs_attention(entry)],
    }


def _summed(entries: Sequence[Entry], now: datetime) -> dict[str, Any]:
    sums: dict[str, Any] = {n: sum(getattr(e, n) for e in entries) for n in _SUMS}
    seconds = sums["seconds"]
    refused, cost = Counter[str](), Counter[str]()
    for entry in entries:
        refused.update(entry.refused)
        cost.update(entry.cost)
    read = [entry.read_at for entry in entries if entry.read_at]
    done = [entry for entry in entries if entry.state is State.VERIFIED]
    return {
        "chunks": len(entries),
        "states": dict(Counter(entry.state.value for entry in entries)),
        "verified_percent": round(100 * len(done) / len(entries), 1) if entries else 0.0,
        **sums,
        "seconds": round(seconds, 3),
        "rows_per_second": round(sums["rows"] / seconds) if seconds else 0,
        "refused": dict(refused),
        "cost": dict(cost),
        "first": min((e.first for e in entries if e.first), default=None),
        "last": max((e.last for e in entries if e.last), default=None),
        "lag_seconds": _lag(max(read), now) if read else None,
    }


def _lag(read_at: str, now: datetime) -> float:
    """Seconds since the old store was last read: newer rows can be lacking."""
    return round((now - datetime.fromisoformat(read_at)).total_seconds(), 1)


def _needs_attention(entry: Entry) -> bool:
    return bool(entry.quarantined) or entry.state in (State.DIFFERENT, State.WRITING)


def _attention(entry: Entry) -> dict[str, Any]:
    return {
        **entry.chunk.as_dict(),
        "state": entry.state.value,
        "refused": entry.refused,
        "differences": entry.verification.get("shown", []),
    }


def decommission_check(
    parts: Parts, tables: Sequence[str], *, accept_left_out: int = 0
) -> dict[str, Any]:
    """Whether everything the old store holds is verified in the new one; if not, why.

    `accept_left_out` is the number of rows that may stay behind: those in quarantine and those past
    the new store's retention. Only that very number is accepted, so that nobody agrees to more than
    was looked at.
    """
    entries = parts.journal.all()
    reasons: list[dict[str, Any]] = []
    left = 0
    for table in tables:
        own = [entry for entry in entries if entry.chunk.table == table]
        left += sum(entry.quarantined for entry in own) + _too_old(parts, table)
        reasons += ({"table": table, **reason} for reason in _unproved(parts, table, own))
    if left != accept_left_out:
        told = f"{left} rows stay behind (quarantine, retention) and {accept_left_out} are accepted"
        reasons.append({"reason": "left_out", "detail": told})
    return {
        "ok": not reasons,
        "left_out": left,
        "reasons": reasons,
        "cost": parts.old.cost.as_dict(),
    }


def _unproved(parts: Parts, table: str, own: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """Chunks that are not verified or still open, and time of the old store in no chunk.

    Chunks after its last row, which a sync makes every day, hold nothing to be proved.
    """
    held = parts.old.extent(table)
    if held.first is None or held.last is None:
        return
    own = [entry for entry in own if nanoseconds_of(entry.chunk.start) <= held.last]
    for entry in own:
        if entry.state is not State.VERIFIED:
            yield {"reason": "not_verified", "detail": f"{entry.chunk.name} is {entry.state}"}
        elif not is_settled(entry):
            told = f"{entry.chunk.name} was read less than {OVERLAP} after its end"
            yield {"reason": "not_settled", "detail": told}
    floor = parts.new.floor(table, parts.now())
    start = instant_of(held.first) if floor is None else max(instant_of(held.first), floor)
    end = instant_of(held.last) + timedelta(microseconds=1)
    yield from _changed(parts, [entry for entry in own if entry.chunk.start >= start])
    for begin, stop in gaps((start, end), [(e.chunk.start, e.chunk.end) for e in own]):
        if rows := parts.old.extent(table, nanoseconds_of(begin), nanoseconds_of(stop)).rows:
            told = f"{rows} rows from {begin.isoformat()} to {stop.isoformat()}"
            yield {"reason": "not_moved", "detail": told}


def _changed(parts: Parts, own: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """Chunks that hold another number of rows now than when they were moved."""
    for entry in own:
        start, end = map(nanoseconds_of, (entry.chunk.start, entry.chunk.end))
        rows = parts.old.extent(entry.chunk.table, start, end).rows
        if rows != entry.rows:
            told = f"{entry.chunk.name} has {rows} rows now and had {entry.rows}"
            yield {"reason": "changed", "detail": told}


def _too_old(parts: Parts, table: str) -> int:
    floor = parts.new.floor(table, parts.now())
    return 0 if floor is None else parts.old.extent(table, None, nanoseconds_of(floor)).rows
