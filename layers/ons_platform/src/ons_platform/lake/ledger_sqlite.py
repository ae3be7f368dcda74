"""The ledger in SQLite: one file, many threads and processes of one machine."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import getpid
from pathlib import Path
from threading import Lock
from typing import Any

from ons_platform.errors import LeaseHeld, ServiceUnavailable
from ons_platform.lake.layout import Partition
from ons_platform.lake.ledger import (
    Entry,
    ObjectVersion,
    PartitionInfo,
    Recorded,
    Slice,
    Status,
    utc_now,
)

_BUSY_SECONDS = 30
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT NOT NULL, version_id TEXT NOT NULL, rank TEXT NOT NULL, status TEXT NOT NULL,
    received_at TEXT NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (key, version_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_received ON entries (received_at);
CREATE TABLE IF NOT EXISTS recorded (
    key TEXT NOT NULL, version_id TEXT NOT NULL, rank TEXT NOT NULL, PRIMARY KEY (key, version_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS slices (
    dataset TEXT NOT NULL, partition TEXT NOT NULL, key TEXT NOT NULL, version_id TEXT NOT NULL,
    slice TEXT NOT NULL, PRIMARY KEY (dataset, partition, key, version_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS slices_key ON slices (key, version_id);
CREATE TABLE IF NOT EXISTS touched (
    key TEXT NOT NULL, partition TEXT NOT NULL, PRIMARY KEY (key, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS partitions (
    dataset TEXT NOT NULL, partition TEXT NOT NULL, info TEXT NOT NULL,
    PRIMARY KEY (dataset, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY, token TEXT NOT NULL, owner TEXT NOT NULL, expires REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class SqliteLedger:
    """WAL with synchronous=FULL: what a method acknowledged survives a power cut.

    Leases and counters are NORMAL: they survive the process, and a power cut ends leases anyway.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._idle: list[sqlite3.Connection] = []
        self._inherited: list[sqlite3.Connection] = []
        self._lock = Lock()
        self._pid = getpid()
        weakref.finalize(self, _close_all, self._idle)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the idle connections; the ledger stays usable."""
        with self._lock:
            _close_all(self._idle)

    def receive(self, version: ObjectVersion) -> Entry:
        """See `Ledger.receive`."""
        with self._transaction() as connection:
            return _receive(connection, version)

    def get(self, key: str, version_id: str) -> Entry | None:
        """See `Ledger.get`."""
        with self._connection() as connection:
            return _get(connection, key, version_id)

    def latest(self, key: str) -> Entry | None:
        """See `Ledger.latest`."""
        sql = "SELECT entry FROM entries WHERE key = ? ORDER BY rank DESC LIMIT 1"
        found = self._rows(sql, key)
        return _entry(found[0][0]) if found else None

    def entries(
        self, *, status: Status | None = None, prefix: str = "", limit: int = 100
    ) -> list[Entry]:
        """See `Ledger.entries`."""
        sql = (
            "SELECT entry FROM entries WHERE (?1 IS NULL OR status = ?1)"
            " AND substr(key, 1, length(?2)) = ?2"
            " ORDER BY received_at DESC, rank DESC LIMIT ?3"
        )
        return [_entry(text) for (text,) in self._rows(sql, status, prefix, limit)]

    def update(self, version: ObjectVersion, **changes: Any) -> Entry:
        """See `Ledger.update`."""
        with self._transaction() as connection:
            entry = _receive(connection, version).changed(changes)
            _put(connection, entry)
            return entry

    def record_slices(self, version: ObjectVersion, slices: Sequence[Slice]) -> None:
        """See `Ledger.record_slices`: one transaction."""
        identity = (version.key, version.version_id)
        rows = [
            (s.partition.dataset, s.partition.name, *identity, json.dumps(s.as_dict()))
            for s in slices
        ]
        touched = [(version.key, _partition_text(s.partition)) for s in slices]
        with self._transaction() as connection:
            connection.execute("DELETE FROM slices WHERE key = ? AND version_id = ?", identity)
            connection.executemany("INSERT INTO slices VALUES (?, ?, ?, ?, ?)", rows)
            connection.executemany("INSERT OR IGNORE INTO touched VALUES (?, ?)", touched)
            connection.execute(
                "INSERT OR REPLACE INTO recorded VALUES (?, ?, ?)", (*identity, version.rank)
            )

    def current_slices(self, partition: Partition) -> list[Slice]:
        """See `Ledger.current_slices`."""
        sql = (
            "SELECT slice FROM slices s WHERE dataset = ? AND partition = ? AND version_id ="
            " (SELECT version_id FROM recorded r WHERE r.key = s.key ORDER BY rank DESC LIMIT 1)"
        )
        texts = self._rows(sql, partition.dataset, partition.name)
        found = [Slice.from_dict(json.loads(text)) for (text,) in texts]
        return sorted(found, key=lambda item: item.rank, reverse=True)

    def touched_partitions(self, version: ObjectVersion) -> set[Partition]:
        """See `Ledger.touched_partitions`."""
        texts = self._rows("SELECT partition FROM touched WHERE key = ?", version.key)
        return {Partition(**json.loads(text)) for (text,) in texts}

    def recorded(self, key: str, limit: int = 100) -> list[Recorded]:
        """See `Ledger.recorded`."""
        sql = "SELECT version_id, rank FROM recorded WHERE key = ? ORDER BY rank DESC LIMIT ?"
        found = self._rows(sql, key, limit)
        return [
            Recorded(key, version_id, rank, self._slices(key, version_id))
            for version_id, rank in found
        ]

    def _slices(self, key: str, version_id: str) -> tuple[Slice, ...]:
        sql = "SELECT slice FROM slices WHERE key = ? AND version_id = ? ORDER BY partition"
        texts = self._rows(sql, key, version_id)
        return tuple(Slice.from_dict(json.loads(text)) for (text,) in texts)

    def forget(self, key: str, version_id: str) -> None:
        """See `Ledger.forget`: one transaction."""
        with self._transaction() as connection:
            for table in ("slices", "recorded"):
                sql = f"DELETE FROM {table} WHERE key = ? AND version_id = ?"  # noqa: S608 - ours
                connection.execute(sql, (key, version_id))

    def record_partitions(self, infos: Sequence[PartitionInfo]) -> None:
        """See `Ledger.record_partitions`: one transaction."""
        rows = [
            (info.partition.dataset, info.partition.name, json.dumps(info.as_dict()))
            for info in infos
        ]
        if not rows:
            return
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO partitions VALUES (?, ?, ?)", rows)

    def drop_partition(self, partition: Partition) -> None:
        """See `Ledger.drop_partition`."""
        sql = "DELETE FROM partitions WHERE dataset = ? AND partition = ?"
        self._write(sql, partition.dataset, partition.name)

    def partition(self, partition: Partition) -> PartitionInfo | None:
        """See `Ledger.partition`."""
        sql = "SELECT info FROM partitions WHERE dataset = ? AND partition = ?"
        found = self._rows(sql, partition.dataset, partition.name)
        return PartitionInfo.from_dict(json.loads(found[0][0])) if found else None

    def partitions(self, dataset: str) -> list[PartitionInfo]:
        """See `Ledger.partitions`."""
        sql = "SELECT info FROM partitions WHERE dataset = ? ORDER BY partition"
        return [PartitionInfo.from_dict(json.loads(text)) for (text,) in self._rows(sql, dataset)]

    @contextmanager
    def lease(self, name: str, *, owner: str, seconds: int) -> Iterator[None]:
        """See `Ledger.lease`."""
        token = uuid.uuid4().hex
        self._acquire(name, token, owner, seconds)
        try:
            yield
        finally:
            with self._transaction("NORMAL") as connection:
                connection.execute("DELETE FROM leases WHERE name = ? AND token = ?", (name, token))

    def break_leases(self) -> None:
        """Free every lease: for whoever owns the file alone and knows that no holder lives."""
        self._write("DELETE FROM leases")

    def count(self, name: str, by: int = 1) -> None:
        """See `Ledger.count`."""
        sql = (
            "INSERT INTO counters VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
        )
        with self._transaction("NORMAL") as connection:
            connection.execute(sql, (name, by))

    def counters(self) -> dict[str, int]:
        """See `Ledger.counters`."""
        return dict(self._rows("SELECT name, value FROM counters ORDER BY name"))

    def _acquire(self, name: str, token: str, owner: str, seconds: int) -> None:
        now = time.time()
        sql = "SELECT owner, expires FROM leases WHERE name = ? AND expires > ?"
        with self._transaction("NORMAL") as connection:
            held = connection.execute(sql, (name, now)).fetchone()
            if held:
                left = max(1, round(held[1] - now))
                raise LeaseHeld(f"{held[0]} holds {name}", retry_after=left)
            connection.execute(
                "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)",
                (name, token, owner, now + seconds),
            )

    def _rows(self, sql: str, *parameters: Any) -> list[Any]:
        with self._connection() as connection:
            return connection.execute(sql, parameters).fetchall()

    def _write(self, sql: str, *parameters: Any) -> None:
        with self._transaction() as connection:
            connection.execute(sql, parameters)

    @contextmanager
    def _transaction(self, synchronous: str = "FULL") -> Iterator[sqlite3.Connection]:
        """All or nothing; `NORMAL` spares the wait for the disk where a power cut may undo it."""
        with self._connection() as connection:
            connection.execute(f"PRAGMA synchronous={synchronous}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """An idle connection of this process, or a new one; never shared across a fork."""
        connection: sqlite3.Connection | None = None
        try:
            connection = self._borrow()
            yield connection
        except sqlite3.OperationalError as error:
            raise ServiceUnavailable(f"the ledger {self.path.name} failed: {error}") from error
        finally:
            if connection is not None:
                with self._lock:
                    self._idle.append(connection)

    def _borrow(self) -> sqlite3.Connection:
        with self._lock:
            if self._pid != getpid():
                # Closing a parent's connection in a child would disturb the parent: keep them open.
                self._inherited, self._idle, self._pid = self._idle, [], getpid()
            if self._idle:
                return self._idle.pop()
        return sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )


def _close_all(idle: list[sqlite3.Connection]) -> None:
    while idle:
        idle.pop().close()


def _receive(connection: sqlite3.Connection, version: ObjectVersion) -> Entry:
    existing = _get(connection, version.key, version.version_id)
    if existing:
        return existing
    entry = Entry(version=version, received_at=utc_now())
    _put(connection, entry)
    return entry


def _get(connection: sqlite3.Connection, key: str, version_id: str) -> Entry | None:
    sql = "SELECT entry FROM entries WHERE key = ? AND version_id = ?"
    found = connection.execute(sql, (key, version_id)).fetchone()
    return _entry(found[0]) if found else None


def _put(connection: sqlite3.Connection, entry: Entry) -> None:
    version = entry.version
    connection.execute(
        "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)",
        (
            version.key,
            version.version_id,
            version.rank,
            entry.status.value,
            entry.received_at,
            json.dumps(entry.as_dict()),
        ),
    )


def _entry(text: str) -> Entry:
    return Entry.from_dict(json.loads(text))


def _partition_text(partition: Partition) -> str:
    return json.dumps(
        {
            "dataset": partition.dataset,
            "dataset_type": partition.dataset_type,
            "year": partition.year,
            "month": partition.month,
        }
    )
