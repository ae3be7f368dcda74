"""What became of each chunk: one object per chunk in the processed zone, and its quarantine.

    _migration/<database>/<table>/<chunk>.json
    _migration/<database>/<table>/<chunk>.quarantine.jsonl

Each object is written whole. A chunk that was being written when its writer died says `writing`
and is written again from its start: points are the same ones, so none is lost or doubled.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from ons_platform.errors import NotFound
from ons_platform.storage import Storage
from ons_platform.timeseries.migration.chunks import Chunk
from ons_platform.timeseries.migration.transform import LeftOut
from ons_platform.timeseries.migration.values import instant_text

ROOT = "_migration/"
_ENTRY, _QUARANTINE = ".json", ".quarantine.jsonl"


class State(StrEnum):
    """Where a chunk stands; `different` is what a verification found not to be the same."""

    PLANNED = "planned"
    WRITING = "writing"
    WRITTEN = "written"
    VERIFIED = "verified"
    DIFFERENT = "different"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True)
class Entry:
    """What is known of a chunk. Instants are ISO 8601 UTC texts.

    `floor` is from when on its rows were read (older ones are past the new store's retention).
    `rows` of the old store = `points` + `duplicates` + the sum of `refused`, by reason. `missing`
    of the points have no value. `left_out` has, for each series, how many rows of known names were
    not written and the sum of their values. `samples` are some instants (nanoseconds) for the
    verification, `fingerprint` is of the lines in their order. `cost` counts all attempts.
    """

    chunk: Chunk
    state: State = State.PLANNED
    floor: str = ""
    rows: int = 0
    points: int = 0
    missing: int = 0
    duplicates: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, dict[str, float]] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    first: str | None = None
    last: str | None = None
    samples: tuple[int, ...] = ()
    fingerprint: str = ""
    read_at: str = ""
    written_at: str = ""
    verified_at: str = ""
    attempts: int = 0
    seconds: float = 0.0
    cost: dict[str, int] = field(default_factory=dict)
    verification: dict[str, Any] = field(default_factory=dict)

    @property
    def quarantined(self) -> int:
        """Rows that could not become points; they are in the quarantine file."""
        return sum(self.refused.values())

    @property
    def written(self) -> bool:
        """Whether all of its points are in the new store, verified or not."""
        return self.state in (State.WRITTEN, State.VERIFIED, State.DIFFERENT)

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {**asdict(self), "chunk": self.chunk.as_dict(), "state": self.state.value}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Entry:
        """From `as_dict`, also after a passage through JSON."""
        place = value["chunk"]
        chunk = Chunk(
            place["table"],
            datetime.fromisoformat(place["from"]),
            datetime.fromisoformat(place["to"]),
        )
        known = {**value, "chunk": chunk, "state": State(value["state"])}
        return cls(**{**known, "samples": tuple(value["samples"])})


class Journal:
    """The entries of one old database."""

    def __init__(self, storage: Storage, database: str) -> None:
        self._storage = storage
        self._prefix = f"{ROOT}{database}/"

    def get(self, chunk: Chunk) -> Entry:
        """What is known of a chunk; one never begun is planned."""
        try:
            text = self._storage.get_bytes(self._path(chunk, _ENTRY))
        except NotFound:
            return Entry(chunk)
        return Entry.from_dict(json.loads(text))

    def put(self, entry: Entry) -> None:
        """Replace what is known of its chunk."""
        text = json.dumps(entry.as_dict(), ensure_ascii=False, indent=1)
        self._storage.put_bytes(self._path(entry.chunk, _ENTRY), text.encode())

    def all(self) -> list[Entry]:
        """Every chunk ever begun, by table and time."""
        paths = [info.path for info in self._storage.list(self._prefix)]
        found = [
            Entry.from_dict(json.loads(self._storage.get_bytes(path)))
            for path in paths
            if path.endswith(_ENTRY)
        ]
        return sorted(found, key=lambda entry: entry.chunk)

    @contextmanager
    def quarantine(self, chunk: Chunk) -> Iterator[Quarantine]:
        """A new quarantine of the chunk; it replaces the one before when the `with` ends well."""
        path = self._path(chunk, _QUARANTINE)
        with tempfile.TemporaryDirectory(prefix="ons-") as folder:
            file = Path(folder, "rows.jsonl")
            with file.open("w", encoding="utf-8") as lines:
                kept = Quarantine(lines)
                yield kept
            if kept.count:
                self._storage.put_file(path, file)
            else:
                self._storage.delete(path)

    def quarantined(self, chunk: Chunk) -> list[dict[str, Any]]:
        """The rows in a chunk's quarantine, each with its reason."""
        try:
            text = self._storage.get_bytes(self._path(chunk, _QUARANTINE)).decode()
        except NotFound:
            return []
        return [json.loads(line) for line in text.splitlines()]

    def quarantine_uri(self, chunk: Chunk) -> str:
        """Where its quarantine is."""
        return self._storage.uri(self._path(chunk, _QUARANTINE))

    def _path(self, chunk: Chunk, ending: str) -> str:
        return f"{self._prefix}{chunk.table}/{chunk.name}{ending}"


class Quarantine:
    """Rows with the reason why they are no points, one JSON object a line."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.count = 0

    def add(self, item: LeftOut) -> None:
        """Keep a row."""
        row = {**item.row._asdict(), "at": instant_text(item.row.at)}
        if item.row.value is not None:
            row["value"] = repr(item.row.value)  # JSON has no NaN
        told = {"reason": item.reason, "detail": item.detail, "row": row}
        self._file.write(json.dumps(told, ensure_ascii=False) + "\n")
        self.count += 1
