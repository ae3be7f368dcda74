"""A Timestream LiveAnalytics to ask over real HTTP: its protocol, with DuckDB behind the SQL.

It answers as the service does: every scalar as text, pages that end with the lack of `NextToken`
(some of them empty), `QueryStatus` with bytes, errors by name. Faults can be put in its way.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import duckdb
import pyarrow as pa

DATABASE = "ons_energy_data"
METERED = 10_000_000
"""Bytes a query is billed at least."""
_DESCRIBE = re.compile(r'DESCRIBE "([^"]+)"\."([^"]+)"')
_KINDS = {
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "VARCHAR": "varchar",
    "TIMESTAMP_NS": "timestamp",
}
MULTI = {
    "measure_name": "VARCHAR",
    "value": "DOUBLE",
    "unit": "VARCHAR",
    "quality_flag": "VARCHAR",
}
SINGLE = {
    "measure_name": "VARCHAR",
    "measure_value::double": "DOUBLE",
    "measure_value::varchar": "VARCHAR",
}
DIMENSIONS = {"region": "VARCHAR", "energy_source": "VARCHAR", "measurement_type": "VARCHAR"}


@dataclass
class Fault:
    """An error to answer with, instead of the result."""

    code: str
    status: int = 400
    message: str = "told by the test"


@dataclass
class OldTimestream:
    """The tables, and how the service behaves.

    `faults` are answered first, in order; `pages_before_silence` makes it stop answering after so
    many pages, until `go_on` is set. Queries are kept as they came.
    """

    page_rows: int = 1000
    empty_pages: bool = True
    faults: list[Fault] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    pages_before_silence: int | None = None
    silent: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._base = duckdb.connect()
        self._base.execute(f"CREATE SCHEMA {DATABASE}")
        self._columns: dict[str, dict[str, str]] = {}
        self._results: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], int]] = {}
        self._numbers = count(1)

    def create(self, table: str, *forms: Mapping[str, str]) -> None:
        """A table with the columns of these forms of records."""
        columns = {**DIMENSIONS, "time": "TIMESTAMP_NS"}
        for form in forms:
            columns.update(form)
        listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self._base.execute(f'CREATE TABLE {DATABASE}."{table}" ({listed})')
        self._columns[table] = columns

    def add(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Records as they are stored: dimensions, `time` (text) and the measures of their form."""
        columns = self._columns[table]
        listed = [{name: row.get(name) for name in columns} for row in rows]
        given = pa.Table.from_pylist(
            listed,
            schema=pa.schema(
                [
                    (name, pa.float64() if kind == "DOUBLE" else pa.string())
                    for name, kind in columns.items()
                ]
            ),
        )
        with self._lock:
            self._base.register("given", given)
            names = ", ".join(
                f'CAST("{name}" AS {kind})' if name == "time" else f'"{name}"'
                for name, kind in columns.items()
            )
            self._base.execute(f'INSERT INTO {DATABASE}."{table}" SELECT {names} FROM given')
            self._base.unregister("given")

    def execute(self, sql: str) -> None:
        """Change what is stored."""
        with self._lock:
            self._base.execute(sql)

    def close(self) -> None:
        """Give back what is held."""
        self._base.close()

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One page."""
        token = asked.get("NextToken")
        if token is None:
            self.queries.append(asked["QueryString"])
            token = str(next(self._numbers))
            self._results[token] = (*self._run(asked["QueryString"]), -self.empty_pages)
        columns, rows, page = self._results[token]
        size = min(self.page_rows, int(asked.get("MaxRows", self.page_rows)))
        start = max(page, 0) * size
        shown = rows[start : start + size] if page >= 0 else []
        done = page >= 0 and start + size >= len(rows)
        self._results[token] = (columns, rows, page + 1)
        answered: dict[str, Any] = {
            "QueryId": f"Q{token}",
            "Rows": shown,
            "ColumnInfo": columns,
            "QueryStatus": {
                "ProgressPercentage": 100.0 if done else 50.0,
                "CumulativeBytesScanned": 1000 * (page + 2),
                "CumulativeBytesMetered": METERED if page >= 0 else 0,
            },
        }
        return answered if done else {**answered, "NextToken": token}

    def _run(self, sql: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        if found := _DESCRIBE.fullmatch(sql):
            columns = self._columns[found[2]]
            listed = [(name, _KINDS[kind], _role(name)) for name, kind in columns.items()]
            names = ("Column", "Type", "Timestream attribute type")
            return [_info(name, "VARCHAR") for name in names], [
                {"Data": [{"ScalarValue": text} for text in row]} for row in listed
            ]
        with self._lock:
            found_table = self._base.sql(sql).to_arrow_table()
        infos = [_info(item.name, _scalar_type(item.type)) for item in found_table.schema]
        texts = [_texts(column) for column in found_table.columns]
        return infos, [{"Data": list(row)} for row in zip(*texts, strict=True)]


def _role(name: str) -> str:
    if name in DIMENSIONS:
        return "DIMENSION"
    return {"time": "TIMESTAMP", "measure_name": "MEASURE_NAME"}.get(name, "MULTI")


def _info(name: str, kind: str) -> dict[str, Any]:
    return {"Name": name, "Type": {"ScalarType": kind}}


def _scalar_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "TIMESTAMP"
    if pa.types.is_floating(kind):
        return "DOUBLE"
    return "BIGINT" if pa.types.is_integer(kind) else "VARCHAR"


def _texts(column: pa.ChunkedArray) -> list[dict[str, Any]]:
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        values = column.cast(pa.timestamp("ns")).cast(pa.int64()).to_pylist()
        texts = [None if value is None else _instant(value) for value in values]
    else:
        texts = [None if value is None else _text(value) for value in column.to_pylist()]
    return [{"NullValue": True} if text is None else {"ScalarValue": text} for text in texts]


def _text(value: Any) -> str:
    """Java's spelling of what has no digits."""
    if isinstance(value, float):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))
    return str(value)


def _instant(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest:09d}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timestream: OldTimestream

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        store = self.timestream
        if self.headers["X-Amz-Target"] == "Timestream_20181101.DescribeEndpoints":
            place = {"Address": store.url, "CachePeriodInMinutes": 1440}
            self._send(200, {"Endpoints": [place]})
            return
        if store.faults:
            fault = store.faults.pop(0)
            self._send(fault.status, {"__type": fault.code, "message": fault.message})
            return
        if store.pages_before_silence is not None:
            store.pages_before_silence -= 1
            if store.pages_before_silence < 0:
                store.silent.set()
                store.go_on.wait()
        try:
            self._send(200, store.answer(asked))
        except duckdb.Error as error:
            self._send(400, {"__type": "ValidationException", "message": str(error)})
        except BrokenPipeError:
            pass  # the one who asked was killed

    def _send(self, status: int, body: Mapping[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def served(store: OldTimestream) -> Iterator[OldTimestream]:
    """The store behind a URL of the loopback."""
    handler = type("Handler", (_Handler,), {"timestream": store})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    yield store
    store.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()
    store.close()


def multi(
    at: str, kind: str, region: str | None, value: float | None, **more: Any
) -> dict[str, Any]:
    """A multi-measure record."""
    return {
        "time": at,
        "measurement_type": kind,
        "region": region,
        "value": value,
        "measure_name": "measurement",
        "unit": "MWmed",
        "quality_flag": "ok",
        **more,
    }


def single(at: str, kind: str, region: str | None, value: float | None, **more: Any) -> list[Any]:
    """The single-measure records that make one row."""
    names = {"time": at, "measurement_type": kind, "region": region}
    names |= {name: more[name] for name in ("energy_source",) if name in more}
    texts = {"unit": more.get("unit", "MWmed"), "quality_flag": more.get("quality_flag", "ok")}
    found: list[Any] = [
        {**names, "measure_name": name, "measure_value::varchar": text}
        for name, text in texts.items()
        if text is not None
    ]
    if value is not None:
        found.append({**names, "measure_name": "value", "measure_value::double": value})
    return found
