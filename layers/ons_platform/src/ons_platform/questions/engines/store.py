"""Plans run by InfluxDB, where it holds all of what they read and is the faster way (LAK-9, C5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from threading import Lock
from typing import Protocol

from ons_platform.catalog.model import Dataset
from ons_platform.lake.knowledge import Knowledge
from ons_platform.questions.engines.choice import Ran
from ons_platform.questions.engines.flux import FluxQuery, render_flux
from ons_platform.questions.engines.flux_whole import render_whole
from ons_platform.questions.engines.notrenderable import NotRenderable
from ons_platform.questions.plan import QueryPlan
from ons_platform.timeseries.annotated_csv import FluxTable
from ons_platform.timeseries.client import Bucket
from ons_platform.timeseries.held import Held, HeldStore
from ons_platform.timeseries.points import point_model

MAX_ROWS = 60_000
"""Of rows that a plan adds up at each instant: more come through HTTP slower than from the lake."""
MAX_SUMMED = 300_000
"""Of rows that the store itself adds up at each instant, which takes it a microsecond or two."""
_BUCKETS_SECONDS = 60.0


class Client(Protocol):
    """What `InfluxClient` offers."""

    def flux(self, query: str) -> list[FluxTable]:
        """All tables of a query."""
        ...

    def buckets(self) -> dict[str, Bucket]:
        """Buckets by name."""
        ...


class InfluxPlans:
    """Runs plans in Flux; safe between threads. `now` is the clock (aware) of the retention."""

    def __init__(self, client: Client, held: HeldStore, now: Callable[[], datetime]) -> None:
        self._client = client
        self._held = held
        self._now = now
        self._lock = Lock()
        self._buckets: tuple[float, Mapping[str, Bucket]] | None = None

    def run(self, plan: QueryPlan, known: Sequence[Knowledge]) -> Ran | None:
        """The plan's rows; None where the lake is to run it.

        A load that began meanwhile may have shown itself half: then the lake runs it too. Raises
        `StoreUnavailable` when the store does not answer.
        """
        before = [self._held.get(item.dataset) for item in known]
        datasets = (plan.dataset, *plan.also)
        covered = map(self._covers, repeat(plan), datasets, before, known)
        if not all(covered):
            return None
        try:
            query = render_flux(plan)
        except NotRenderable:
            return None
        ran = self._whole(plan, known) if _brings_rows(query) else None
        if ran is None:
            if _brings_rows(query) and sum(_rows(plan, item) for item in known) > MAX_ROWS:
                return None
            rows = query.rows(self._client.flux(query.text))
            ran = Ran(rows, query.text, "flux", "influxdb")
        if [self._held.get(item.dataset) for item in known] != before:
            return None
        return ran

    def _whole(self, plan: QueryPlan, known: Sequence[Knowledge]) -> Ran | None:
        """The plan in aggregates, where the store itself can prove that nothing is missing."""
        query = render_whole(plan)
        if query is None:
            return None
        if query.sums_instants and sum(_rows(plan, item) for item in known) > MAX_SUMMED:
            return None
        rows = query.rows(self._client.flux(query.text))
        return Ran(rows, query.text, "flux", "influxdb") if rows is not None else None

    def _covers(self, plan: QueryPlan, dataset: Dataset, held: Held, known: Knowledge) -> bool:
        model = point_model(dataset)
        if model is None or not held.partitions:
            return False
        bucket = self._bucket(model.bucket)
        if bucket is None or bucket.id != held.bucket_id:
            return False
        windows = [(item.start, item.end) for item in plan.windows]
        return held.covers(known, windows, self._now(), bucket.retention_seconds)

    def _bucket(self, name: str) -> Bucket | None:
        """The bucket as it was at most a minute ago: a server is replaced less often than asked."""
        with self._lock:
            now = time.monotonic()
            if self._buckets is None or now - self._buckets[0] > _BUCKETS_SECONDS:
                self._buckets = (now, self._client.buckets())
            return self._buckets[1].get(name)


def _brings_rows(query: FluxQuery) -> bool:
    """Whether single values leave the store, to be put together here."""
    return any(read.way == "rows" for read in query.reads)


def _rows(plan: QueryPlan, known: Knowledge) -> float:
    """About how many rows the plan reads: of each file the part that its windows cover."""
    total = 0.0
    for part in known.partitions:
        if not (part["first"] and part["last"]):
            continue
        first, last = datetime.fromisoformat(part["first"]), datetime.fromisoformat(part["last"])
        length = (last - first).total_seconds()
        shared = sum(
            max((min(last, item.end) - max(first, item.start)).total_seconds(), 0.0)
            for item in plan.windows
        )
        total += part["rows"] * min(shared / length, 1.0) if length else 0.0
    return total
