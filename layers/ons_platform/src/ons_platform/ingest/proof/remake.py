"""The slices of a version made again from its raw object, in a scratch folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ons_platform.catalog.registry import Catalog
from ons_platform.config import Settings
from ons_platform.ingest.process import Written, normalise
from ons_platform.ingest.route import route
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.lake.revision import Side
from ons_platform.storage import Storage


@dataclass(frozen=True)
class Remade:
    """What the raw object says today; the paths of its slices are in `storage`."""

    written: Written
    storage: Storage

    @property
    def side(self) -> Side:
        """For a comparison."""
        return Side(self.storage, {item.partition: item.path for item in self.written.slices})


@contextmanager
def remade(
    version: ObjectVersion, *, catalog: Catalog, raw: Storage, settings: Settings
) -> Iterator[Remade]:
    """Read and normalise the raw object anew; the rows are there inside the `with`.

    Nothing else is written. Raises `StorageUnavailable` when the raw zone has no such version, or
    the `RejectedFile` the object is today.
    """
    kind = route(version, settings, raw).format
    with tempfile.TemporaryDirectory(prefix="ons-remake-") as folder:
        scratch = Storage(Path(folder).as_uri())
        written = normalise(version, {"format": kind}, catalog, raw, scratch, settings)
        yield Remade(written, scratch)
