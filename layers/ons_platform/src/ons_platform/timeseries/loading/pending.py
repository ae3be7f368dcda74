"""Which loads are still to be made: the difference between the lake and what the store holds.

Needs no Arrow: whoever only wants to know whether there is work can afford to ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.ledger import Ledger
from ons_platform.timeseries.client import Bucket
from ons_platform.timeseries.held import Held, HeldPartition, State
from ons_platform.timeseries.loading.span import span_of

SLACK = timedelta(hours=1)
"""Points that leave the retention within that time are not sent any more."""

Files = Mapping[str, str]
"""Etag of each lake file with rows, by its partition's name."""


def files_of_ledger(ledger: Ledger, dataset: str) -> Files:
    """A dataset's lake files as they were last written."""
    return {info.partition.name: info.etag for info in ledger.partitions(dataset) if info.rows}


def files_of_knowledge(knowledge: Knowledge) -> Files:
    """A dataset's lake files as the question side knows them."""
    return {str(part["name"]): str(part["etag"]) for part in knowledge.partitions}


def pending_work(
    held: Mapping[str, Held], files: Mapping[str, Files], buckets: Mapping[str, Bucket]
) -> list[tuple[str, str]]:
    """Dataset and partition of each load to be made, the oldest month first.

    Of a bucket other than the recorded one (the server was replaced) nothing is held.
    """
    found = []
    for dataset, own in files.items():
        record = held.get(dataset, Held(dataset))
        bucket = buckets.get(record.bucket)
        if bucket is None or bucket.id != record.bucket_id:
            record = Held(dataset)
        names = pending(record, own, bucket.retention_seconds if bucket else 0)
        found += [(dataset, name) for name in names]
    return sorted(found, key=lambda item: (_begin(item[1]), item[0]))


def pending(held: Held, files: Files, retention_seconds: int) -> list[str]:
    """Partitions in which the store and the lake differ, in order of time.

    Not those whose load failed for good or was taken back, as long as their file is the same.
    """
    cutoff = cutoff_of(retention_seconds, datetime.now(UTC))
    found = [name for name in held.partitions if name not in files]
    for name, etag in files.items():
        record = held.partitions.get(name)
        if record is None or _is_pending(record, etag, cutoff):
            found.append(name)
    return sorted((name for name in found if span_of(name)), key=_begin)


def differs(record: HeldPartition, etag: str, cutoff: datetime | None) -> bool:
    """Whether the lake file with that etag is not what is held.

    Also where rows were left out that a longer retention now has room for.
    """
    if record.state in (State.LOADING, State.NOTHING) or record.etag != etag:
        return True
    since = datetime.fromisoformat(record.since) if record.since else None
    return since is not None and (cutoff is None or cutoff < since)


def cutoff_of(retention_seconds: int, now: datetime) -> datetime | None:
    """The first instant of which a point is sent; None where points are kept for ever."""
    return now - timedelta(seconds=retention_seconds) + SLACK if retention_seconds else None


def _is_pending(record: HeldPartition, etag: str, cutoff: datetime | None) -> bool:
    if record.state is State.LOADING:
        return True
    return record.refused_etag != etag and differs(record, etag, cutoff)


def _begin(partition: str) -> str:
    """Orders partitions of all types by their month."""
    return partition.partition("/")[2]
