"""What differs between any two versions the raw zone keeps, or between two objects (`ons diff`)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from ons_platform.errors import InvalidRequest, NotFound
from ons_platform.ingest.process import DONE
from ons_platform.ingest.proof.remake import Remade, remade
from ons_platform.ingest.proof.zones import Zones
from ons_platform.ingest.revisions import described, recorded_side
from ons_platform.lake.ledger import Entry
from ons_platform.lake.revision import KEPT, Revision, Side, compare


def difference(
    zones: Zones,
    key: str,
    other: str | None = None,
    *,
    first: str | None = None,
    second: str | None = None,
    limit: int = KEPT,
) -> dict[str, Any]:
    """Compare two versions of an object, or the newest of one object with that of another.

    `first` and `second` are version ids (or their beginnings): the newest version and the one
    before it unless they say otherwise. Slices that are gone are made again from the raw zone.
    Raises `NotFound` for what is not there, also where there is nothing to compare with, and
    `InvalidRequest` for objects of different datasets.
    """
    versions = _versions(zones, other or key)
    new = _chosen(versions, second)
    if other or first:
        old = _chosen(_versions(zones, key) if other else versions, first)
    else:
        old = _before(versions, new)
    if old.dataset != new.dataset:
        raise InvalidRequest(
            f"{old.version.key!r} is of {old.dataset} and {new.version.key!r} of {new.dataset}:"
            " only objects of one dataset can be compared"
        )
    found = _compared(zones, old, new, limit)
    names = [
        {"key": entry.version.key, "version_id": entry.version.version_id} for entry in (old, new)
    ]
    return described(names[0], names[1], zones.catalog[str(new.dataset)], found)


def _compared(zones: Zones, old: Entry, new: Entry, limit: int) -> Revision:
    dataset = zones.catalog[str(new.dataset)]
    before, after = (_recorded(zones, entry) for entry in (old, new))
    if before and after:
        try:
            return compare(before, after, dataset, limit)
        except (NotFound, FileNotFoundError):  # swept meanwhile, or lost
            before = after = None
    with ExitStack() as stack:
        before = before or stack.enter_context(_remade(zones, old)).side
        after = after or stack.enter_context(_remade(zones, new)).side
        return compare(before, after, dataset, limit)


def _remade(zones: Zones, entry: Entry) -> AbstractContextManager[Remade]:
    return remade(entry.version, catalog=zones.catalog, raw=zones.raw, settings=zones.settings)


def _recorded(zones: Zones, entry: Entry) -> Side | None:
    history = zones.ledger.recorded(entry.version.key)
    own = next((item for item in history if item.version_id == entry.version.version_id), None)
    return recorded_side(own, zones.processed) if own else None


def _versions(zones: Zones, key: str) -> list[Entry]:
    """The versions of the key (or of the only key that ends so) in the lake, newest first."""
    entries = [entry for entry in zones.ledger.entries(limit=2**31) if _in_lake(entry)]
    keys = {entry.version.key for entry in entries}
    near = [key] if key in keys else sorted(item for item in keys if item.endswith(f"/{key}"))
    if len(near) != 1:
        hint = f"; it is the end of {', '.join(near[:5])}" if near else ""
        raise NotFound(f"nothing in the lake comes from an object {key!r}{hint}")
    own = [entry for entry in entries if entry.version.key == near[0]]
    return sorted(own, key=lambda entry: entry.version.rank, reverse=True)


def _in_lake(entry: Entry) -> bool:
    return entry.status in DONE and entry.dataset is not None


def _chosen(versions: Sequence[Entry], wanted: str | None) -> Entry:
    if wanted is None:
        return versions[0]
    fits = [entry for entry in versions if entry.version.version_id.startswith(wanted)]
    exact = [entry for entry in fits if entry.version.version_id == wanted]
    if len(exact or fits) != 1:
        known = ", ".join(entry.version.version_id for entry in versions[:10])
        raise NotFound(
            f"{versions[0].version.key!r} has no one version {wanted!r} in the lake; it has {known}"
        )
    return (exact or fits)[0]


def _before(versions: Sequence[Entry], new: Entry) -> Entry:
    older = [entry for entry in versions if entry.version.rank < new.version.rank]
    if not older:
        raise NotFound(
            f"version {new.version.version_id} of {new.version.key!r} is the first one in the lake:"
            " there is nothing to compare it with"
        )
    return older[0]
