"""Columns of many small lake files kept decoded in memory (QRY-5).

A question over decades opens hundreds of files of some kilobytes each, which takes longer than the
sum it asks for. From the second time on that the same files are wanted, the columns wanted are
held in a table of the engine's own database: never more than `_BYTES` in all, the longest unused
going first, and never past a change of any file, which changes the dataset's `data_version`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from os.path import commonprefix
from threading import Lock
from typing import NamedTuple

import duckdb

from ons_platform.lake.knowledge import Knowledge
from ons_platform.storage import Storage

LEAST_FILES = 25
_BYTES = 64_000_000
_CELL = 8
_TEXT_CELL = 16
_NUMBERS = frozenset({"timestamp", "value"})
_SEEN = 32


class _Held(NamedTuple):
    table: str
    columns: frozenset[str]
    size: int


_Key = tuple[str, str, tuple[str, ...]]


class HotColumns:
    """Tables of the columns of lake files; safe to share between threads.

    One thread at a time loads or looks up; another meanwhile reads the files themselves.
    """

    def __init__(self, storage: Storage, limit: int = _BYTES) -> None:
        self._storage = storage
        self._limit = limit
        self._lock = Lock()
        self._numbers = count(1)
        self._held: dict[_Key, _Held] = {}
        self._seen: dict[_Key, None] = {}

    def make_view(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        source: str,
        knowledge: Knowledge,
        paths: Sequence[str],
        columns: Sequence[str],
    ) -> bool:
        """Make the temporary view `name` of a held table of those columns; False: read the files.

        `source` is the SQL that reads the files. The connection must be in a transaction, so that
        the table stays for it when it is dropped here. DuckDB's errors pass through.
        """
        if len(paths) < LEAST_FILES or not self._lock.acquire(blocking=False):
            return False
        try:
            key = (knowledge.dataset, knowledge.data_version, tuple(paths))
            held = self._held.pop(key, None)
            if held is None or not held.columns.issuperset(columns):
                held = self._load(connection, source, knowledge, key, held, columns)
            if held is None:
                return False
            self._held[key] = held
            connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM {held.table}")
            return True
        finally:
            self._lock.release()

    def _load(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: str,
        knowledge: Knowledge,
        key: _Key,
        old: _Held | None,
        columns: Sequence[str],
    ) -> _Held | None:
        if old is not None:
            self._drop(connection, old)
        elif not self._again(key):
            return None
        wanted = frozenset(columns) | (old.columns if old else frozenset())
        parts = {part["path"]: part for part in knowledge.partitions if part["path"] in key[2]}
        rows = sum(part["rows"] for part in parts.values())
        size = rows * sum(_CELL if column in _NUMBERS else _TEXT_CELL for column in wanted)
        etags = {path: part.get("etag") for path, part in parts.items()}
        if size > self._limit or self._etags(key[2]) != etags:
            return None
        self._make_room(connection, knowledge, size)
        held = _Held(f"hot_{next(self._numbers)}", wanted, size)
        with connection.cursor() as own:
            names = ", ".join(sorted(wanted))
            own.execute(f"CREATE TABLE {held.table} AS SELECT {names} FROM {source}")  # noqa: S608
        if self._etags(key[2]) == etags:
            return held
        self._drop(connection, held)
        return None

    def _again(self, key: _Key) -> bool:
        """Whether these files were wanted before: what is asked once is not worth holding."""
        again = key in self._seen
        self._seen[key] = self._seen.pop(key, None)
        while len(self._seen) > _SEEN:
            del self._seen[next(iter(self._seen))]
        return again

    def _etags(self, paths: tuple[str, ...]) -> dict[str, str]:
        wanted = frozenset(paths)
        listed = self._storage.list(commonprefix(paths))  # noqa: RUF071 - of object keys
        return {info.path: info.etag for info in listed if info.path in wanted}

    def _make_room(
        self, connection: duckdb.DuckDBPyConnection, knowledge: Knowledge, size: int
    ) -> None:
        """Drop what no question can want any more, then what was wanted longest ago."""
        for key in list(self._held):
            outdated = key[0] == knowledge.dataset and key[1] != knowledge.data_version
            full = size + sum(held.size for held in self._held.values()) > self._limit
            if outdated or full:
                self._drop(connection, self._held.pop(key))

    @staticmethod
    def _drop(connection: duckdb.DuckDBPyConnection, held: _Held) -> None:
        with connection.cursor() as own:
            own.execute(f"DROP TABLE {held.table}")
