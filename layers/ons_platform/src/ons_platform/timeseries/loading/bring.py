"""The steps of one load, under the lease that `load` holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ons_platform.errors import LeaseHeld, NotFound, RejectedPoints
from ons_platform.observability import log_event
from ons_platform.timeseries.held import Held, HeldPartition, HeldStore, State
from ons_platform.timeseries.loading.cardinality import TooManySeries, check_cardinality
from ons_platform.timeseries.loading.encode import LineEncoder
from ons_platform.timeseries.loading.lease import LoadLease
from ons_platform.timeseries.loading.parts import Parts
from ons_platform.timeseries.loading.place import Place
from ons_platform.timeseries.loading.quarantine import quarantine, quarantine_path, quarantined
from ons_platform.timeseries.loading.readback import VerificationFailed, differences, read_back
from ons_platform.timeseries.loading.source import LakeRows
from ons_platform.timeseries.loading.span import Span
from ons_platform.timeseries.loading.survey import Survey, survey
from ons_platform.timeseries.loading.write import BatchWriter
from ons_platform.timeseries.points import DATASET_TAG

FINAL = (RejectedPoints, TooManySeries, VerificationFailed)
"""Errors of the data: the load is taken back and not tried again by itself."""


@dataclass(frozen=True)
class _Aim:
    """What is to be held: the file of that etag, kept for that load, and the record's rest.

    `before` is what a load cut short would go back to, `previous` what a finished one can be.
    """

    etag: str
    load_id: str
    before: HeldPartition | None = None
    previous: HeldPartition | None = None
    refused_etag: str | None = None
    error: dict[str, Any] | None = None

    def record(self, state: State, **counts: Any) -> HeldPartition:
        return HeldPartition(
            etag=self.etag,
            state=state,
            load_id=self.load_id,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            previous=self.before if state is State.LOADING else self.previous,
            refused_etag=self.refused_etag,
            error=self.error,
            **counts,
        )


class Bringer:
    """Brings one partition to one file's points; points before `cutoff` are not for the bucket."""

    def __init__(
        self,
        parts: Parts,
        held: HeldStore,
        place: Place,
        lease: LoadLease,
        cutoff: datetime | None,
    ) -> None:
        self._parts = parts
        self._client = parts.client.patient()
        self._held = held
        self._place = place
        self._lease = lease
        self.cutoff = cutoff
        self._slug = place.dataset.dataset
        self._marked = False

    def replace(self, record: HeldPartition | None, etag: str, load_id: str) -> HeldPartition:
        """Put that file's points in place of the record's; a final error restores those."""
        before = _whole(record)
        aim = _Aim(etag, load_id, before=before, previous=before)
        try:
            return self._bring(aim, unsure=record is not None)
        except FINAL as error:
            self._restore(before, aim, error.as_dict())
            raise

    def go_back(self, record: HeldPartition) -> HeldPartition:
        """Put what was held before in place of the record's; or go on where that was cut short."""
        if record.state is State.LOADING:
            before, refused, error = record.previous, record.refused_etag, record.error
        else:
            before, refused, error = record.previous, record.etag, None
        return self._go_back(before, refused, error, load_id=record.load_id)

    def remove(self, record: HeldPartition | None) -> None:
        """Delete the points of a partition the lake has no more."""
        if record is not None:
            self._clear(unsure=True)
            self._held.put(self._slug, self._place.partition, None)
            self._sweep(None)

    def compare(self, record: HeldPartition) -> list[dict[str, Any]]:
        """What differs between the store and the file the record is of."""
        kept = self._place.kept(record.load_id)
        with (
            self._parts.processed.as_file(kept) as path,
            LakeRows(path, self._place.dataset, self._place.model) as source,
        ):
            found = self._survey(source)
            if record.rejected:
                told = quarantine_path(self._slug, self._place.partition, record.load_id)
                found.refused |= quarantined(self._parts.failed, told)
                found.recount(source, self._place.model.fields)
            return self._differences(found)

    def _bring(self, aim: _Aim, *, unsure: bool) -> HeldPartition:
        """Make the aim's file what is held."""
        place = self._place
        if self.cutoff is not None and place.span.end <= self.cutoff:
            self._mark(aim)
            self._clear(unsure=unsure)
            return self._finish(aim.record(State.OUTSIDE, since=self.cutoff.isoformat()))
        with (
            self._parts.processed.as_file(place.kept(aim.load_id)) as path,
            LakeRows(path, place.dataset, place.model) as source,
        ):
            found = self._survey(source)
            limit = self._parts.settings.influxdb_max_series
            series = check_cardinality(self._client, place.model, found.index.heads, limit)
            self._mark(aim)
            self._clear(unsure=unsure)
            self._send(source, found, aim)
            wrong = self._differences(found)
            if wrong:
                raise VerificationFailed(
                    f"{self._slug} {place.partition}: the store does not have what was written",
                    differences=wrong,
                )
            self._tell(source, found, aim)
        log_event("store.loaded", dataset=self._slug, partition=place.partition, series=series)
        return self._finish(aim.record(_state(found), **_counts(found, self.cutoff)))

    def _survey(self, source: LakeRows) -> Survey:
        return survey(source, self._place.model, self._place.span, self.cutoff)

    def _mark(self, aim: _Aim) -> None:
        self._held.put(self._slug, self._place.partition, aim.record(State.LOADING))
        self._marked = True

    def _clear(self, *, unsure: bool) -> None:
        """Delete what is there of the dataset and month."""
        place = self._place
        if unsure or read_back(self._client, place.model, place.span):
            predicate = f'{DATASET_TAG}="{self._slug}"'
            self._client.delete(place.model.bucket, place.span.start, place.span.end, predicate)

    def _send(self, source: LakeRows, found: Survey, aim: _Aim) -> None:
        encoder = LineEncoder(found.index.heads)
        bucket, size = self._place.model.bucket, self._parts.settings.influxdb_batch_points
        with BatchWriter(self._client, bucket, size, lambda: self._renew(aim)) as writer:
            for part in found.parts(source):
                writer.write(encoder.lines(part.table, part.numbers), part)
        if writer.rejected:
            found.refused |= writer.rejected
            found.recount(source, self._place.model.fields)

    def _renew(self, aim: _Aim) -> None:
        if self._lease.renew():
            self._own(self._held.get(self._slug), aim.load_id)

    def _own(self, held: Held, load_id: str) -> None:
        record = held.partitions.get(self._place.partition)
        if record is None or (record.load_id, record.state) != (load_id, State.LOADING):
            raise LeaseHeld(f"another load of {self._slug} {self._place.partition} took over")

    def _differences(self, found: Survey) -> list[dict[str, Any]]:
        """Between what was surveyed and what the store has, where it keeps points."""
        span = self._place.span
        start = max(span.start, self.cutoff) if self.cutoff else span.start
        told = read_back(self._client, self._place.model, Span(start, span.end))
        return differences(found.fields, told)

    def _tell(self, source: LakeRows, found: Survey, aim: _Aim) -> None:
        if found.refused:
            path = quarantine_path(self._slug, self._place.partition, aim.load_id)
            quarantine(found.refused, source, self._place.model, self._parts.failed, path)

    def _finish(self, record: HeldPartition) -> HeldPartition:
        """Make the record known, if this load still is the one under way."""

        def step(held: Held) -> Held:
            self._own(held, record.load_id)
            return replace(held, partitions={**held.partitions, self._place.partition: record})

        self._held.change(self._slug, step)
        self._sweep(record)
        return record

    def _sweep(self, record: HeldPartition | None) -> None:
        """Remove copies that nobody can go back to any more."""
        known = [record, record.previous] if record else []
        wanted = {self._place.kept(item.load_id) for item in known if item}
        for info in list(self._parts.processed.list(self._place.copies)):
            if info.path not in wanted:
                self._parts.processed.delete(info.path)

    def _restore(self, before: HeldPartition | None, aim: _Aim, error: dict[str, Any]) -> None:
        """After a final error: the state before, and why."""
        if self._marked:
            self._go_back(before, aim.etag, error, load_id=aim.load_id)
            return
        record = before or aim.record(State.NOTHING)
        failed = replace(record, refused_etag=aim.etag, error=error)
        self._held.put(self._slug, self._place.partition, failed)
        self._sweep(failed)

    def _go_back(
        self,
        before: HeldPartition | None,
        refused: str | None,
        error: dict[str, Any] | None,
        *,
        load_id: str,
    ) -> HeldPartition:
        if before is not None:
            aim = _Aim(before.etag, before.load_id, before, None, refused, error)
            try:
                return self._bring(aim, unsure=True)
            except (*FINAL, NotFound) as problem:
                error = error or problem.as_dict()
        aim = _Aim("", load_id, refused_etag=refused, error=error)
        self._mark(aim)
        self._clear(unsure=True)
        return self._finish(aim.record(State.NOTHING))


def _whole(record: HeldPartition | None) -> HeldPartition | None:
    """What can be gone back to from a record: itself, or what was before it; one step only."""
    if record is None:
        return None
    found = record if record.holds else record.previous
    return replace(found, previous=None) if found else None


def _state(found: Survey) -> State:
    if found.refused:
        return State.PARTIAL
    return State.OUTSIDE if found.older and not found.points else State.HELD


def _counts(found: Survey, cutoff: datetime | None) -> dict[str, Any]:
    return {
        "rows": found.rows,
        "points": found.points,
        "series": found.series,
        "rejected": len(found.refused),
        "duplicates": found.duplicates,
        "older": found.older,
        "since": cutoff.isoformat() if cutoff and found.older else None,
    }
