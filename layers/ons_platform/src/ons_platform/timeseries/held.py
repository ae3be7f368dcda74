"""What the time-series store holds of each dataset, partition by partition (LAK-9, TSD-15).

A question goes to the store only where it holds every partition of the period, whole, and of the
very lake file readers see now. The loads still to be made are the difference between this and the
lake: there is no queue that could lose one.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any

from ons_platform.errors import NotFound, StorageUnavailable
from ons_platform.lake.knowledge import Knowledge
from ons_platform.storage import Storage
from ons_platform.timeseries.loading.span import span_of

_PREFIX = "_timeseries/"
_ATTEMPTS = 20


class State(StrEnum):
    """How a partition stands in the store."""

    LOADING = "loading"
    """Under way, or cut short: what is there is unknown until the next load."""
    HELD = "held"
    """All rows since `since`, read back and found right."""
    PARTIAL = "partial"
    """As held, without some rows of which no point could be made."""
    OUTSIDE = "outside"
    """All of it is older than the bucket keeps."""
    NOTHING = "nothing"
    """No point, since the load failed or was taken back."""


@dataclass(frozen=True)
class HeldPartition:
    """One partition's points: of the lake file with that etag, of which `file` is a copy.

    `points` were written in `series`; `rejected` rows (of them `duplicates`) were not, `older` ones
    lie before `since`, where the bucket's retention began at that time. `refused_etag` is the lake
    file that is not loaded again by itself: its load failed, for `error`, or was taken back.
    `previous` is what was held before, to go back to. Instants are ISO 8601 UTC.
    """

    etag: str
    state: State
    load_id: str
    at: str
    rows: int = 0
    points: int = 0
    series: int = 0
    rejected: int = 0
    duplicates: int = 0
    older: int = 0
    since: str | None = None
    refused_etag: str | None = None
    error: dict[str, Any] | None = None
    previous: HeldPartition | None = None

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> HeldPartition:
        """From its JSON form."""
        before = value.get("previous")
        known = {**value, "state": State(value["state"])}
        return cls(**{**known, "previous": cls.from_dict(before) if before else None})

    @property
    def holds(self) -> bool:
        """Whether the store has what this says it has."""
        return self.state in (State.HELD, State.PARTIAL)


@dataclass(frozen=True)
class Held:
    """What the store holds of one dataset: partitions by name, in one bucket of one server.

    A server that was replaced has a bucket with another id: then nothing is held.
    """

    dataset: str
    bucket: str = ""
    bucket_id: str = ""
    retention_seconds: int = 0
    partitions: dict[str, HeldPartition] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Held:
        """From its JSON form."""
        items = value["partitions"].items()
        known = {name: HeldPartition.from_dict(item) for name, item in items}
        return cls(**{**value, "partitions": known})

    def covers(
        self,
        knowledge: Knowledge,
        windows: Iterable[tuple[datetime, datetime]],
        now: datetime,
        retention_seconds: int,
    ) -> bool:
        """Whether the store answers for these half-open periods as the lake does.

        Every partition that overlaps them is held whole, of the file `knowledge` has now, and they
        begin after what was left out for its age then and what the bucket keeps now (0 seconds:
        for ever).
        """
        kept = now - timedelta(seconds=retention_seconds) if retention_seconds else None
        current = {part["name"]: str(part["etag"]) for part in knowledge.partitions}
        return all(
            (kept is None or start >= kept) and self._covers(current, start, end)
            for start, end in windows
        )

    def _covers(self, current: Mapping[str, str], start: datetime, end: datetime) -> bool:
        for name in {*current, *self.partitions}:
            span = span_of(name)
            if span is None:
                return False
            if not span.overlaps(start, end):
                continue
            held = self.partitions.get(name)
            if held is None or held.state is not State.HELD or held.etag != current.get(name):
                return False
            if held.since and datetime.fromisoformat(held.since) > start:
                return False
        return True


class HeldStore:
    """Reads and changes what is held; cached by etag, so that nothing outdated is believed."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = Lock()
        self._cache: dict[str, tuple[str, Held]] = {}

    def get(self, dataset: str) -> Held:
        """What is held of a dataset; of one never loaded nothing is."""
        return self._current(dataset)[1]

    def snapshot(self) -> dict[str, Held]:
        """What is held of every dataset ever loaded, by slug: one look at the storage."""
        found = {}
        for info in self._storage.list(_PREFIX):
            slug = info.path.removeprefix(_PREFIX).removesuffix(".json")
            found[slug] = self._read(slug, info.etag)
        return found

    def change(self, dataset: str, step: Callable[[Held], Held]) -> Held:
        """Swap in what the step makes of the present state, again if another was faster.

        `StorageUnavailable` when others change it all the time.
        """
        for _ in range(_ATTEMPTS):
            etag, before = self._current(dataset)
            after = step(before)
            if after == before:
                return before
            with tempfile.TemporaryDirectory(prefix="ons-") as folder:
                file = Path(folder, "held.json")
                file.write_text(json.dumps(asdict(after), ensure_ascii=False), "utf-8")
                if self._storage.swap(_path(dataset), file, etag):
                    return after
        raise StorageUnavailable(f"what is held of {dataset} changes all the time")

    def put(self, dataset: str, partition: str, record: HeldPartition | None) -> Held:
        """Set one partition's record, or remove it."""

        def step(held: Held) -> Held:
            others = {name: item for name, item in held.partitions.items() if name != partition}
            mine = {} if record is None else {partition: record}
            return replace(held, partitions=dict(sorted({**others, **mine}.items())))

        return self.change(dataset, step)

    def _current(self, dataset: str) -> tuple[str | None, Held]:
        info = self._storage.head(_path(dataset))
        return (info.etag, self._read(dataset, info.etag)) if info else (None, Held(dataset))

    def _read(self, dataset: str, etag: str) -> Held:
        with self._lock:
            cached = self._cache.get(dataset)
        if cached and cached[0] == etag:
            return cached[1]
        try:
            held = Held.from_dict(json.loads(self._storage.get_bytes(_path(dataset))))
        except NotFound:
            return Held(dataset)
        with self._lock:
            self._cache[dataset] = (etag, held)
        return held


def _path(dataset: str) -> str:
    return f"{_PREFIX}{dataset}.json"
