"""Everything the lake has and the store lacks, in order of time.

There is no queue to lose: what is pending is computed from what is, so that after any downtime
this finds exactly what differs, and finding it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ons_platform.errors import (
    LeaseHeld,
    StorageUnavailable,
    StoreDenied,
    StoreUnavailable,
    TerminalError,
)
from ons_platform.timeseries.loading.load import Loaded, Loader
from ons_platform.timeseries.loading.pending import Files, pending_work


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


def catch_up(
    loader: Loader, files: Mapping[str, Files], *, has_time: Callable[[], bool]
) -> CaughtUp:
    """Load what is pending of these datasets (by slug), the oldest month first.

    Ends early without a store that answers, or without time; one dataset that another worker loads
    is left to it. What fails for good does not keep the rest waiting.
    """
    done = CaughtUp()
    try:
        placed = {slug: own for slug, own in files.items() if loader.bucket_name(slug)}
        held = {slug: loader.held.get(slug) for slug in placed}
        work = pending_work(held, placed, loader.buckets())
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
