"""Brings one lake partition into the time-series store: exactly, or not at all.

Under a lease of the dataset:

    keep a copy of the lake file  ->  survey it  ->  mark `loading`  ->  delete what was there
    ->  write  ->  read back and compare  ->  mark `held`

The record is swapped in conditionally, the copy never changes, and every step can be repeated: a
load cut short anywhere is done again whole by the next one. What fails for good is taken back to
the state before, and the record says why.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ons_platform.errors import InvalidRequest, NotFound, StorageUnavailable
from ons_platform.timeseries.client import Bucket
from ons_platform.timeseries.held import Held, HeldPartition, HeldStore, State
from ons_platform.timeseries.loading.bring import Bringer
from ons_platform.timeseries.loading.lease import LoadLease
from ons_platform.timeseries.loading.parts import Parts
from ons_platform.timeseries.loading.pending import cutoff_of, differs
from ons_platform.timeseries.loading.place import Place, place_of


@dataclass(frozen=True)
class Loaded:
    """What became of one partition; `changed` tells whether anything was written or deleted."""

    dataset: str
    partition: str
    changed: bool
    record: HeldPartition | None

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        told = {"dataset": self.dataset, "partition": self.partition, "changed": self.changed}
        record = self.record
        if record is None:
            return {**told, "state": State.NOTHING.value}
        names = ("load_id", "rows", "points", "series", "rejected", "duplicates", "older")
        return {
            **told,
            "state": record.state.value,
            **{name: getattr(record, name) for name in names},
        }


class Loader:
    """Loads, takes back and compares partitions, one at a time.

    Raises `StoreUnavailable`, `StorageUnavailable` and `LeaseHeld` (transient: what was begun is
    taken up by the next load) or a terminal error, after which the store has what it had before.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.held = HeldStore(parts.processed)

    def buckets(self) -> dict[str, Bucket]:
        """The store's buckets by name."""
        return self._parts.client.buckets()

    def bucket_name(self, dataset: str) -> str | None:
        """The bucket of a dataset; None for one that has no place in the store."""
        found = self._parts.catalog[dataset].influxdb
        return found.bucket if found else None

    def load(self, dataset: str, partition: str) -> Loaded:
        """Bring the partition's lake file into the store; what is there already is left alone."""
        place = self._place(dataset, partition)
        with LoadLease(self._parts.ledger, dataset) as lease:
            bucket = self._bucket(place)
            record = self._here(place, bucket).partitions.get(partition)
            info = self._parts.processed.head(place.path)
            bringer = self._bringer(place, lease, bucket)
            if info is None:
                bringer.remove(record)
                return self._loaded(place, None, changed=record is not None)
            if record and record.state is State.LOADING and record.refused_etag == info.etag:
                return self._loaded(place, bringer.go_back(record), changed=True)
            if record and not differs(record, info.etag, bringer.cutoff):
                return self._loaded(place, record, changed=False)
            load_id = self._keep(place, info.etag)
            return self._loaded(place, bringer.replace(record, info.etag, load_id), changed=True)

    def roll_back(self, dataset: str, target: str) -> Loaded:
        """Restore what the store held of a partition before its last load (TSD-15).

        `target` is the partition's name or the load's id. Questions use the lake from then on, and
        the file of that load is not loaded again by itself.
        """
        partition = self._named(dataset, target)
        place = self._place(dataset, partition)
        with LoadLease(self._parts.ledger, dataset) as lease:
            bucket = self._bucket(place)
            record = self._here(place, bucket).partitions.get(partition)
            if record is None or not record.holds:
                raise InvalidRequest(f"{dataset} {partition}: no load is held that could be undone")
            return self._loaded(
                place, self._bringer(place, lease, bucket).go_back(record), changed=True
            )

    def compare(self, dataset: str, partition: str) -> list[dict[str, Any]]:
        """What differs between the points of a held partition and the file they are of."""
        place = self._place(dataset, partition)
        with LoadLease(self._parts.ledger, dataset) as lease:
            bucket = self._bucket(place)
            record = self._here(place, bucket).partitions.get(partition)
            if record is None or not record.holds:
                return []
            return self._bringer(place, lease, bucket).compare(record)

    def _bringer(self, place: Place, lease: LoadLease, bucket: Bucket) -> Bringer:
        cutoff = cutoff_of(bucket.retention_seconds, datetime.now(UTC))
        return Bringer(self._parts, self.held, place, lease, cutoff)

    def _named(self, dataset: str, target: str) -> str:
        known = self.held.get(dataset).partitions
        for name, record in known.items():
            if target in (name, record.load_id):
                return name
        raise NotFound(f"nothing of {dataset} was loaded as {target}; see ons store status")

    def _place(self, dataset: str, partition: str) -> Place:
        return place_of(self._parts.catalog, dataset, partition)

    def _bucket(self, place: Place) -> Bucket:
        found = self.buckets().get(place.model.bucket)
        if found is None:
            raise NotFound(f"the time-series store has no bucket {place.model.bucket}")
        return found

    def _here(self, place: Place, bucket: Bucket) -> Held:
        """What this very bucket holds: of a server that was replaced nothing is known."""

        def step(held: Held) -> Held:
            same = held.bucket_id == bucket.id
            return replace(
                held,
                bucket=place.model.bucket,
                bucket_id=bucket.id,
                retention_seconds=bucket.retention_seconds,
                partitions=held.partitions if same else {},
            )

        return self.held.change(place.dataset.dataset, step)

    def _keep(self, place: Place, etag: str) -> str:
        """Copy the lake file of that etag aside; returns the id of the load it is for."""
        load_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
        storage = self._parts.processed
        storage.copy(place.path, place.kept(load_id))
        after = storage.head(place.path)
        if after is None or after.etag != etag:
            storage.delete(place.kept(load_id))
            raise StorageUnavailable(f"{place.path} was replaced while it was copied")
        return load_id

    @staticmethod
    def _loaded(place: Place, record: HeldPartition | None, *, changed: bool) -> Loaded:
        return Loaded(place.dataset.dataset, place.partition, changed, record)
