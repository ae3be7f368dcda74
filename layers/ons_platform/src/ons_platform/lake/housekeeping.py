"""What nobody refers to any more is removed: slices of old versions, and those never recorded.

The newest two versions of a key keep their slices, so that the next one can be compared with them;
older ones can be made again from the raw zone, which keeps every version. A merge only ever reads
slices of current versions; one that was listed as current and is gone when it is read is simply
listed again (`merge.rebuild`).
"""

from __future__ import annotations

import time

from ons_platform.catalog.registry import Catalog
from ons_platform.lake.layout import SLICES, slice_partition
from ons_platform.lake.ledger import Ledger
from ons_platform.storage import Storage

_ALL = 2**31
KEPT_VERSIONS = 2
GRACE_SECONDS = 24 * 3600
"""Slices younger than this may belong to a version that is being processed."""


def sweep_key(key: str, ledger: Ledger, storage: Storage) -> int:
    """Remove the slices of a key's versions behind its newest two; returns how many.

    The objects go first and the ledger forgets afterwards: what a crash leaves is swept next time.
    """
    count = 0
    for old in ledger.recorded(key)[KEPT_VERSIONS:]:
        for item in old.slices:
            storage.delete(item.path)
        ledger.forget(key, old.version_id)
        count += len(old.slices)
    return count


def orphans(
    ledger: Ledger, storage: Storage, catalog: Catalog, grace: float = GRACE_SECONDS
) -> list[str]:
    """Paths of slices that are neither recorded nor of a version that may still be recorded.

    Left by workers that died for good, or by crashes while an old version was swept. Slices of a
    dataset the catalogue does not know are nobody's business here.
    """
    keys = {entry.version.key for entry in ledger.entries(limit=_ALL)}
    known = {
        item.path for key in keys for version in ledger.recorded(key) for item in version.slices
    }
    old = time.time() - grace
    found = [
        info.path
        for info in storage.list(SLICES)
        if info.path not in known and info.modified is not None and info.modified < old
    ]
    return [path for path in found if not _is_current(path, ledger, catalog)]


def sweep(ledger: Ledger, storage: Storage, catalog: Catalog, grace: float = GRACE_SECONDS) -> int:
    """Sweep every key and remove the orphans; returns how many objects went."""
    keys = {entry.version.key for entry in ledger.entries(limit=_ALL)}
    count = sum(sweep_key(key, ledger, storage) for key in sorted(keys))
    left = orphans(ledger, storage, catalog, grace)
    for path in left:
        storage.delete(path)
    return count + len(left)


def _is_current(path: str, ledger: Ledger, catalog: Catalog) -> bool:
    """Asked of the partition: the slice may be current although its object's entry was lost."""
    slug = path.split("/")[1]
    if slug not in catalog:
        return True
    partition = slice_partition(path, catalog[slug].dataset_type)
    return any(item.path == path for item in ledger.current_slices(partition))
