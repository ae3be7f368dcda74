"""One object of a backfill: already in the lake, or the event that brings it there.

A listing of the bucket knows no versions and no sequencers, so the ledger's own entry is preferred.
For an object nobody ever announced, the sequencer is made of its time of writing the way S3's own
begin: `00` and the seconds since 1970 in eight hexadecimal digits (observed, not documented). It
thereby sorts among the versions S3 announces later. A store that keeps its versions to itself (a
folder) leaves the newest entry of the key to go by.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from ons_platform.lake.ledger import Ledger, ObjectVersion, Status
from ons_platform.storage import ObjectInfo, Storage

_IN_THE_LAKE = (Status.COMPLETED, Status.SUPERSEDED)


def next_step(key: str, run: str, *, bucket: str, ledger: Ledger, raw: Storage) -> dict[str, Any]:
    """`{"action": "skip", "reason"}`, or `"start"` with an execution's `name` and its `event`.

    The name is the same whenever the same attempt of the same run is asked for again, so that a
    step repeated by Step Functions starts nothing twice. Raises what storage and ledger raise.
    """
    info = None if key.endswith("/") else raw.head(key)
    if info is None:
        return {"action": "skip", "reason": "folder" if key.endswith("/") else "gone"}
    entry = ledger.get(key, info.version_id) if info.version_id else ledger.latest(key)
    if entry is not None and entry.status in _IN_THE_LAKE:
        return {"action": "skip", "reason": entry.status.value}
    version = entry.version if entry is not None else _announced(bucket, key, info)
    attempts = entry.attempts if entry is not None else 0
    return {
        "action": "start",
        "name": execution_name(run, version, attempts),
        "event": version.to_event("Backfill"),
    }


def execution_name(run: str, version: ObjectVersion, attempts: int) -> str:
    """At most 80 characters of those Step Functions takes in a name."""
    text = "\n".join([run, version.key, version.version_id])
    return f"backfill-{hashlib.sha256(text.encode()).hexdigest()[:40]}-{attempts}"


def _announced(bucket: str, key: str, info: ObjectInfo) -> ObjectVersion:
    written = int(info.modified or 0)
    return ObjectVersion(
        bucket=bucket,
        key=key,
        version_id=info.version_id or "null",
        sequencer=f"00{written:08X}00000000",
        size=info.size,
        etag=info.etag.strip('"'),
        event_time=datetime.fromtimestamp(written, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
