"""The ledger: what happened to every object version, and which slices make up the lake.

The lake is a pure function of the ledger and of immutable slices: the current version of a raw key
is the recorded version of the highest rank, and the lake holds, for each row key, the row of the
highest-ranked current version that has it. Every method is safe to repeat; a crash between any two
is repaired by delivering the object version again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from ons_platform.errors import InvalidRequest
from ons_platform.lake.layout import Partition


@dataclass(frozen=True)
class ObjectVersion:
    """Identity of one version of a raw object.

    `sequencer` is S3's own order of the versions of a key (hexadecimal, compared after padding on
    the right); `event_time` is the ISO 8601 UTC instant of its creation; `size` is in bytes.
    """

    bucket: str
    key: str
    version_id: str
    sequencer: str
    size: int
    etag: str
    event_time: str

    @property
    def rank(self) -> str:
        """Total order of "newer": never the order of arrival."""
        return self.sequencer.ljust(32, "0") + "|" + self.key

    def as_dict(self) -> dict[str, Any]:
        """JSON form, as it travels through the state machine."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ObjectVersion:
        """From `as_dict`; a missing or ill-typed field is an `InvalidRequest`."""
        try:
            known = {item.name: value[item.name] for item in fields(cls)}
            return cls(**{**known, "size": int(known["size"])})
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidRequest(f"not an object version: {error!r}") from error

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> ObjectVersion:
        """From an EventBridge `Object Created` event of `aws.s3`.

        A bucket without versioning gives no version id: its objects have the version `null`.
        """
        try:
            detail = event["detail"]
            item = detail["object"]
            return cls(
                bucket=detail["bucket"]["name"],
                key=item["key"],
                version_id=item.get("version-id") or "null",
                sequencer=item["sequencer"],
                size=int(item.get("size", 0)),
                etag=item.get("etag", ""),
                event_time=event["time"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidRequest(f"not an S3 Object Created event: {error!r}") from error

    def to_event(self, reason: str) -> dict[str, Any]:
        """The event `from_event` reads back: S3's fields that the state machine needs."""
        return {
            "version": "0",
            "source": "aws.s3",
            "detail-type": "Object Created",
            "time": self.event_time,
            "detail": {
                "bucket": {"name": self.bucket},
                "object": {
                    "key": self.key,
                    "size": self.size,
                    "etag": self.etag,
                    "version-id": self.version_id,
                    "sequencer": self.sequencer,
                },
                "reason": reason,
            },
        }


class Status(StrEnum):
    """Where an object version stands. The last four are ends of an execution."""

    RECEIVED = "received"
    PROCESSING = "processing"
    PROCESSED = "processed"
    LOADED = "loaded"
    COMPLETED = "completed"
    SUPERSEDED = "superseded"
    FAILED = "failed"


@dataclass(frozen=True)
class Entry:
    """What is known of one object version. Instants are ISO 8601 UTC texts.

    `revision` says in short what differs from the version of the key before (`lake.revision`).
    """

    version: ObjectVersion
    status: Status = Status.RECEIVED
    execution_id: str | None = None
    dataset: str | None = None
    rows_read: int = 0
    rows_written: int = 0
    rows_flagged: int = 0
    rows_skipped: int = 0
    partitions: tuple[str, ...] = ()
    received_at: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    reason: dict[str, Any] | None = None
    attempts: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)
    revision: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {**asdict(self), "status": self.status.value, "partitions": list(self.partitions)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Entry:
        """From `as_dict`."""
        known = {item.name: value[item.name] for item in fields(cls) if item.name in value}
        known["version"] = ObjectVersion.from_dict(value["version"])
        known["status"] = Status(value["status"])
        known["partitions"] = tuple(value.get("partitions", ()))
        return cls(**known)

    def changed(self, changes: Mapping[str, Any]) -> Entry:
        """A copy with these fields changed; an unknown field is a `TypeError`."""
        if "version" in changes:
            raise TypeError("the identity of an entry does not change")
        entry = replace(self, **changes)
        return replace(entry, status=Status(entry.status), partitions=tuple(entry.partitions))


@dataclass(frozen=True)
class Slice:
    """The rows one object version has for one partition, in an immutable Parquet object."""

    key: str
    version_id: str
    rank: str
    partition: Partition
    path: str
    rows: int
    etag: str

    @property
    def identity(self) -> str:
        """Changes whenever the content may have changed."""
        return f"{self.path}@{self.etag}"

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {**vars(self), "partition": vars(self.partition)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Slice:
        """From `as_dict`."""
        return cls(**{**value, "partition": Partition(**value["partition"])})


@dataclass(frozen=True)
class Recorded:
    """A version of a key whose slices were recorded, and which they are."""

    key: str
    version_id: str
    rank: str
    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class Entity:
    """A plant, reservoir or other thing rows are about."""

    id: str | None
    name: str | None
    region: str | None = None
    state: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Summary:
    """What the rows of one file hold: `first` and `last` bound their start instants (ISO UTC).

    `columns` is a fingerprint of names and types: files that share it can be read as one.
    """

    rows: int = 0
    columns: str = ""
    first: str | None = None
    last: str | None = None
    measurement_types: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    energy_sources: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    flagged: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {**vars(self), "entities": [vars(entity) for entity in self.entities]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Summary:
        """From `as_dict`, also after a passage through JSON."""
        texts = ("measurement_types", "regions", "energy_sources", "states")
        return cls(
            **{
                **value,
                **{name: tuple(value[name]) for name in texts},
                "entities": tuple(Entity(**item) for item in value["entities"]),
            }
        )


@dataclass(frozen=True)
class PartitionInfo:
    """The lake file of one partition as last written.

    `slices` are the identities it was merged from, `sources` their raw keys; with `etag` they tell
    whether it still is the merge of the current slices.
    """

    partition: Partition
    etag: str
    size: int
    slices: tuple[str, ...]
    sources: tuple[str, ...]
    summary: Summary

    @property
    def rows(self) -> int:
        """Rows in the file."""
        return self.summary.rows

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        fields_of = vars(self)
        return {**fields_of, "partition": vars(self.partition), "summary": self.summary.as_dict()}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> PartitionInfo:
        """From `as_dict`, also after a passage through JSON."""
        return cls(
            partition=Partition(**value["partition"]),
            etag=value["etag"],
            size=value["size"],
            slices=tuple(value["slices"]),
            sources=tuple(value["sources"]),
            summary=Summary.from_dict(value["summary"]),
        )


class Ledger(Protocol):
    """The port both adapters fill; one contract-test suite checks them.

    Any method may raise `ServiceUnavailable` (transient) when the database does not answer.
    """

    def receive(self, version: ObjectVersion) -> Entry:
        """Make the entry of a version known, once: an existing one is returned unchanged."""
        ...

    def get(self, key: str, version_id: str) -> Entry | None:
        """The entry of a version."""
        ...

    def latest(self, key: str) -> Entry | None:
        """The entry of the key's newest version by rank, whatever its status."""
        ...

    def entries(
        self, *, status: Status | None = None, prefix: str = "", limit: int = 100
    ) -> list[Entry]:
        """Entries whose key starts with the prefix, last received first."""
        ...

    def update(self, version: ObjectVersion, **changes: Any) -> Entry:
        """Change fields of an entry (received first if it is not known) and return it."""
        ...

    def record_slices(self, version: ObjectVersion, slices: Sequence[Slice]) -> None:
        """Make these the slices of the version, all at once, in place of any earlier ones.

        From here on the version is recorded: it is current if its rank is the key's highest.
        """
        ...

    def current_slices(self, partition: Partition) -> list[Slice]:
        """Slices for the partition of the current version of each key, highest rank first."""
        ...

    def touched_partitions(self, version: ObjectVersion) -> set[Partition]:
        """Partitions any recorded version of the key ever had slices for."""
        ...

    def recorded(self, key: str, limit: int = 100) -> list[Recorded]:
        """The recorded versions of a key, newest rank first: the first one is current."""
        ...

    def forget(self, key: str, version_id: str) -> None:
        """Forget that a version was recorded, and its slices; for versions that are not current."""
        ...

    def record_partitions(self, infos: Sequence[PartitionInfo]) -> None:
        """Remember how the partitions' files were last written."""
        ...

    def drop_partition(self, partition: Partition) -> None:
        """Forget a partition; an unknown one is no error."""
        ...

    def partition(self, partition: Partition) -> PartitionInfo | None:
        """How the partition's file was last written."""
        ...

    def partitions(self, dataset: str) -> list[PartitionInfo]:
        """All partitions of a dataset in order of time."""
        ...

    def lease(self, name: str, *, owner: str, seconds: int) -> AbstractContextManager[None]:
        """Hold the name inside the `with`; `LeaseHeld` when another does.

        A lease whose holder died is free after its seconds; a holder that outlives its lease loses
        it silently, so what it protects must also be conditional (`Storage.swap`).
        """
        ...

    def count(self, name: str, by: int = 1) -> None:
        """Add to a usage counter."""
        ...

    def counters(self) -> dict[str, int]:
        """All usage counters."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


def utc_now() -> str:
    """This instant as the ledger writes it: ISO 8601, UTC, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
