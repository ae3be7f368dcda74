"""SQL over the lake with DuckDB, in this process (LAK-9, QRY-5).

Instants in the lake are UTC and the session's TimeZone is UTC. Civil time in Brasília needs no
table of offsets: the ICU extension is built into the duckdb wheel (checked offline), so
`timezone('America/Sao_Paulo', timestamp)` gives the naive civil timestamp, from which
`date_trunc('day', ...)`, `hour(...)`, `month(...)`, `year(...)` follow; `civil_sql` writes it.
Compare instants with `TIMESTAMPTZ` literals or aware datetimes as parameters, never with naive
ones.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import PurePosixPath
from threading import Timer
from typing import Any

import duckdb

from ons_platform.errors import InvalidRequest, NotFound, ServiceUnavailable, StorageUnavailable
from ons_platform.lake.hotcolumns import HotColumns
from ons_platform.lake.knowledge import Knowledge, KnowledgeBase
from ons_platform.storage import Storage

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_FILES = 4096
"""File names remembered: working out some hundreds takes longer than opening a few files."""
_READ_ERRORS = (duckdb.IOException, duckdb.HTTPException)


class LakeEngine:
    """Runs read-only SQL; safe to share between threads (each call has its own connection).

    `memory_mb` and `threads` bound all calls together, `timeout` (seconds) and `max_rows` each one.
    The database can open nothing but the lake's own files, installs and loads no extension, keeps
    no outside state, and its configuration is locked.
    """

    def __init__(
        self,
        storage: Storage,
        knowledge_base: KnowledgeBase,
        *,
        memory_mb: int = 512,
        threads: int = 2,
        timeout: float = 30.0,
        max_rows: int = 200_000,
    ) -> None:
        self._file = lru_cache(maxsize=_FILES)(lambda path: _quoted(storage.uri(path)))
        self._knowledge = knowledge_base
        self._hot = HotColumns(storage)
        self._timeout = timeout
        self._max_rows = max_rows
        self._spill = tempfile.mkdtemp(prefix="ons-duckdb-")
        self._database = _open(storage, memory_mb, threads, self._spill)
        self._closer = weakref.finalize(self, _close, self._database, self._spill)

    def close(self) -> None:
        """Give memory and the spill folder back."""
        self._closer()

    def rows(
        self,
        sql: str,
        parameters: Sequence[Any],
        tables: Mapping[str, Sequence[str]],
        columns: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """Run one SELECT and return its rows by column name.

        `tables` maps each table name the SQL uses to the lake paths it stands for; a column some
        of the files lack is null there. Instants come back as aware UTC datetimes. With `columns`,
        the only ones the SQL names, those of many files may be read from memory (`HotColumns`).

        Raises `InvalidRequest` for SQL that is not one valid SELECT or gives over `max_rows` rows,
        `ServiceUnavailable` past the timeout or the memory, `StorageUnavailable` when files cannot
        be read.
        """
        names, rows = self._run(sql, parameters, tables, columns)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def columns(self, dataset: str) -> list[str]:
        """Names of the columns of a dataset's lake files; `NotFound` when nothing is loaded."""
        known = self._knowledge.get(dataset)
        tables = sql_tables(known) if known else {}
        if not tables:
            raise NotFound(f"nothing of {dataset} is loaded", dataset=dataset)
        (table,) = tables
        names, _ = self._run(f"SELECT * FROM {table} LIMIT 0", [], tables)  # noqa: S608 - a slug
        return names

    def _run(
        self,
        sql: str,
        parameters: Sequence[Any],
        tables: Mapping[str, Sequence[str]],
        columns: Sequence[str] = (),
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        with _translated(), self._database.cursor() as connection:
            _check(connection, sql)
            with _watched(connection, self._timeout):
                for attempt in (1, 2):
                    try:
                        connection.begin()
                        self._make_views(connection, tables, columns)
                        return self._fetch(connection, sql, parameters)
                    except _READ_ERRORS:  # a file was swapped between opening and reading it
                        connection.rollback()
                        if attempt == 2:
                            raise
        raise AssertionError("unreachable")

    def _fetch(
        self, connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        result = connection.execute(sql, list(parameters))
        names = [column[0] for column in result.description or ()]
        rows = result.fetchmany(self._max_rows + 1)
        if len(rows) > self._max_rows:
            raise InvalidRequest(
                f"the query gives over {self._max_rows:,} rows; narrow or aggregate it",
                limit=self._max_rows,
            )
        return names, rows

    def _make_views(
        self,
        connection: duckdb.DuckDBPyConnection,
        tables: Mapping[str, Sequence[str]],
        columns: Sequence[str],
    ) -> None:
        for name, paths in tables.items():
            if not _NAME.fullmatch(name) or not paths:
                raise InvalidRequest(f"table {name!r} needs a plain name and at least one file")
            files = ", ".join(self._file(path) for path in paths)
            known = self._described(paths)
            union = "false" if known else "true"
            options = f"union_by_name = {union}, hive_partitioning = false"
            source = f"read_parquet([{files}], {options})"
            hot = False
            if known and columns and len(tables) == 1:
                hot = self._hot.make_view(connection, name, source, known, paths, columns)
            if not hot:
                connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM {source}")

    def _described(self, paths: Sequence[str]) -> Knowledge | None:
        """What is known of files with the same columns: then one footer tells them all."""
        slugs = {PurePosixPath(path).stem for path in paths}
        known = self._knowledge.get(slugs.pop()) if len(slugs) == 1 else None
        if known is None:
            return None
        columns = {part["path"]: part["columns"] for part in known.partitions}
        alike = len({columns.get(path) for path in paths} | {None}) == 2
        return known if alike and all(path in columns for path in paths) else None


def sql_tables(knowledge: Knowledge) -> dict[str, list[str]]:
    """Table name (the slug with underscores) to the paths of its files, as `rows` takes them."""
    paths = [str(part["path"]) for part in knowledge.partitions]
    return {knowledge.dataset.replace("-", "_"): paths} if paths else {}


def civil_sql(column: str = "timestamp") -> str:
    """SQL for the Brasília civil timestamp (naive) of a UTC instant column."""
    return f"timezone('America/Sao_Paulo', {column})"


def _open(storage: Storage, memory_mb: int, threads: int, spill: str) -> duckdb.DuckDBPyConnection:
    """A database that can read the lake and nothing else, with its configuration locked.

    DuckDB's own caches of file content are off: they trust modification times, gain nothing here
    (measured), and an answer must never come from a replaced file.
    """
    database = duckdb.connect(config={"memory_limit": f"{memory_mb}MB", "threads": threads})
    if storage.url.startswith("s3://"):
        from obstore.fsspec import FsspecStore

        from ons_platform.storage.s3 import client_options

        database.register_filesystem(FsspecStore("s3", client_options=client_options()))
    root = storage.uri("x").removesuffix("x")
    for setting in (
        "GLOBAL TimeZone = 'UTC'",
        "enable_external_file_cache = false",
        "python_enable_replacements = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        f"temp_directory = {_quoted(spill)}",
        "max_temp_directory_size = '2GB'",
        f"allowed_directories = [{_quoted(root)}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        database.execute(f"SET {setting}")
    return database


def _close(database: duckdb.DuckDBPyConnection, spill: str) -> None:
    database.close()
    shutil.rmtree(spill, ignore_errors=True)


def _check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Only one SELECT: nothing else is run, whoever wrote it."""
    statements = connection.extract_statements(sql)
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        raise InvalidRequest("the lake engine runs exactly one SELECT statement")


@contextmanager
def _watched(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt what runs on the connection after so many seconds."""

    def interrupt() -> None:
        with suppress(duckdb.Error):  # it ended in this very moment
            connection.interrupt()

    watch = Timer(seconds, interrupt)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


@contextmanager
def _translated() -> Iterator[None]:
    """DuckDB's errors in the platform's tree."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise ServiceUnavailable("the query took too long; narrow its period") from error
    except duckdb.OutOfMemoryException as error:
        raise ServiceUnavailable("the query needs too much memory; narrow its period") from error
    except _READ_ERRORS as error:
        raise StorageUnavailable("a file of the lake could not be read") from error
    except duckdb.Error as error:
        raise InvalidRequest(str(error)) from error


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
