"""Makes again from the raw zone what a verification found wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from ons_platform.errors import OnsError
from ons_platform.ingest.process import process
from ons_platform.ingest.proof.verification import (
    LAKE_KINDS,
    RAW_KINDS,
    VERSION_KINDS,
    Problem,
    Verification,
)
from ons_platform.ingest.proof.verify import Watch, lost_version, typed, verify
from ons_platform.ingest.proof.zones import Zones
from ons_platform.ingest.route import route
from ons_platform.lake.knowledge import refresh
from ons_platform.lake.layout import Partition, lake_partition
from ons_platform.lake.ledger import ObjectVersion, Status
from ons_platform.lake.merge import rebuild

_ENDS = frozenset({Status.COMPLETED, Status.LOADED})


def verify_and_mend(
    zones: Zones, target: str | None = None, watch: Watch | None = None
) -> Verification:
    """Verify, mend what the raw zone allows, and verify again where something was wrong.

    Safe to stop at any moment and to repeat: every step is one the ordinary processing takes.
    """
    first = verify(zones, target, watch)
    if first.ok:
        return first
    mend(zones, first.problems)
    second = verify(zones, target, watch)
    left = {problem.place for problem in second.problems}
    second.mended = [problem for problem in first.problems if problem.place not in left]
    return second


def mend(zones: Zones, problems: Sequence[Problem]) -> None:
    """Process damaged versions again, build damaged lake files again, refresh what is known.

    A version whose raw object is damaged is left as it is: its slices may be all there is.
    """
    lost = {problem.key for problem in problems if problem.kind in RAW_KINDS}
    for key, version_id in _versions(problems):
        if key not in lost:
            _process_again(zones, key, version_id)
    for partition in _partitions(zones, problems):
        _build_again(zones, partition)
    for slug in sorted({problem.dataset for problem in problems if problem.dataset}):
        refresh(zones.catalog[slug], zones.ledger, zones.processed)


def _versions(problems: Iterable[Problem]) -> list[tuple[str, str]]:
    return sorted(
        {
            (problem.key, problem.version_id)
            for problem in problems
            if problem.kind in VERSION_KINDS and problem.key and problem.version_id
        }
    )


def _process_again(zones: Zones, key: str, version_id: str) -> None:
    """As a replay does, at once; an end it had reached is set again."""
    version = _identity(zones, key, version_id)
    entry = zones.ledger.receive(version)
    zones.ledger.update(version, status=Status.RECEIVED, reason=None)
    outcome = process(
        version,
        {"format": route(version, zones.settings, zones.raw).format},
        catalog=zones.catalog,
        ledger=zones.ledger,
        raw=zones.raw,
        processed=zones.processed,
        settings=zones.settings,
    )
    reached = entry.status if entry.status in _ENDS else Status.COMPLETED
    if outcome.status == Status.PROCESSED:
        zones.ledger.update(version, status=reached)


def _identity(zones: Zones, key: str, version_id: str) -> ObjectVersion:
    entry = zones.ledger.get(key, version_id)
    if entry is not None:
        return entry.version
    recorded = next(item for item in zones.ledger.recorded(key) if item.version_id == version_id)
    return lost_version(recorded, zones.raw)


def _partitions(zones: Zones, problems: Iterable[Problem]) -> list[Partition]:
    """Of the catalogue's datasets, by path."""
    found = set()
    for problem in problems:
        place = lake_partition(problem.path or "") if problem.kind in LAKE_KINDS else None
        if place and place.dataset in zones.catalog:
            found.add(typed(place, zones.catalog))
    return sorted(found, key=lambda item: item.path)


def _build_again(zones: Zones, partition: Partition) -> None:
    """From its slices; what cannot be built is left for the second look to tell."""
    dataset = zones.catalog[partition.dataset]
    zones.ledger.drop_partition(partition)
    try:
        rebuild(partition, dataset, zones.ledger, zones.processed)
    except (OnsError, pa.ArrowException, OSError):
        return
