"""Everything the lake has and the store lacks, in order of time.

There is no queue to lose: what is pending is computed from what is, so that after any downtime
this finds exactly what differs, and finding it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ons_platform.errors import (
    LeaseHeld,
    StorageUnavailable,
    StoreDenied,
    StoreUnavailable,
    TerminalError,
)
from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.ledger import Ledger
from ons_platform.timeseries.held import Held, State
from ons_platform.timeseries.loading.load import Loaded, Loader, cutoff_of, differs
from ons_platform.timeseries.loading.span import span_of

Files = Mapping[str, str]
"""Etag of each lake file with rows, by its partition's name."""


@dataclass
class CaughtUp:
    """What was loaded, what waits (`reason` says for what), what failed for good and why."""

    loaded: list[Loaded] = field(default_factory=list)
    queued: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str, TerminalError]] = field(default_factory=list)
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON form; `loaded` tells whether anything was."""
        failed = [
            {"dataset": dataset, "partition": partition, "reason": error.as_dict()}
            for dataset, partition, error in self.failed
        ]
        return {
            "loaded": bool(self.loaded),
            "points": sum(item.record.points for item in self.loaded if item.record),
            "partitions": [item.as_dict() for item in self.loaded],
            "queued": [f"{dataset} {partition}" for dataset, partition in self.queued],
            "failed": failed,
            "reason": self.reason,
        }

    def wait(self, work: Iterable[tuple[str, str]], reason: str) -> None:
        """Leave that work for later."""
        self.queued += work
        self.reason = self.reason or reason


def files_of_ledger(ledger: Ledger, dataset: str) -> Files:
    """A dataset's lake files as they were last written."""
    return {info.partition.name: info.etag for info in ledger.partitions(dataset) if info.rows}


def files_of_knowledge(knowledge: Knowledge) -> Files:
    """A dataset's lake files as the question side knows them."""
    return {str(part["name"]): str(part["etag"]) for part in knowledge.partitions}


def pending(held: Held, files: Files, retention_seconds: int) -> list[str]:
    """Partitions in which the store and the lake differ, in order of time.

    Not those whose load failed for good or was taken back, as long as their file is the same.
    """
    cutoff = cutoff_of(retention_seconds, datetime.now(UTC))
    found = [name for name in held.partitions if name not in files]
    for name, etag in files.items():
        record = held.partitions.get(name)
        if (
            record is None
            or record.state is State.LOADING
            or (record.refused_etag != etag and differs(record, etag, cutoff))
        ):
            found.append(name)
    return sorted((name for name in found if span_of(name)), key=_begin)


def catch_up(
    loader: Loader, files: Mapping[str, Files], *, has_time: Callable[[], bool]
) -> CaughtUp:
    """Load what is pending of these datasets (by slug), the oldest month first.

    Ends early without a store that answers, or without time; one dataset that another worker loads
    is left to it. What fails for good does not keep the rest waiting.
    """
    done = CaughtUp()
    try:
        work = _work(loader, files)
    except StoreUnavailable as error:
        done.wait([], error.message)
        return done
    busy: set[str] = set()
    for number, (dataset, partition) in enumerate(work):
        if dataset in busy:
            done.wait([(dataset, partition)], "another worker loads this dataset")
            continue
        if not has_time():
            done.wait(work[number:], "the time of this run is up")
            break
        try:
            done.loaded.append(loader.load(dataset, partition))
        except (LeaseHeld, StorageUnavailable) as error:
            busy.add(dataset)
            done.wait([(dataset, partition)], error.message)
        except StoreUnavailable as error:
            done.wait(work[number:], error.message)
            break
        except StoreDenied:
            raise
        except TerminalError as error:
            done.failed.append((dataset, partition, error))
    return done


def _work(loader: Loader, files: Mapping[str, Files]) -> list[tuple[str, str]]:
    buckets = loader.buckets()
    found = []
    for dataset, own in files.items():
        place = loader.bucket_name(dataset)
        if place is None:
            continue
        held, bucket = loader.held.get(dataset), buckets.get(place)
        if bucket is None or held.bucket_id != bucket.id:
            held = Held(dataset)
        names = pending(held, own, bucket.retention_seconds if bucket else 0)
        found += [(dataset, name) for name in names]
    return sorted(found, key=lambda item: (_begin(item[1]), item[0]))


def _begin(partition: str) -> str:
    """Orders partitions of all types by their month."""
    return partition.partition("/")[2]
