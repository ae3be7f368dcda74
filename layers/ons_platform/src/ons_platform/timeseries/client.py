"""InfluxDB 2.7 over HTTP: write lines, ask in Flux or InfluxQL, delete, list buckets (TSD-10, 16).

Nothing is fire-and-forget: each call checks what the server says and either gives the whole answer
or raises. `RejectedPoints` and `InvalidRequest` are the caller's doing and final,
`StoreUnavailable` is the server's and may pass, `StoreDenied` is for the operator. No error holds
the token.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from ons_platform.config import Settings
from ons_platform.errors import StoreUnavailable
from ons_platform.timeseries import replies
from ons_platform.timeseries.annotated_csv import FluxError, FluxTable, read_tables
from ons_platform.timeseries.breaker import Breaker
from ons_platform.timeseries.influxql.answers import CHUNK_ROWS, read_influxql_rows
from ons_platform.timeseries.instants import rfc3339
from ons_platform.timeseries.rawrows import RawRows, read_rows
from ons_platform.timeseries.retry import AT_ONCE, PATIENT, Policy
from ons_platform.timeseries.sending import Sender
from ons_platform.timeseries.tokens import FixedToken, TokenSource, token_source
from ons_platform.timeseries.transport import Call, Reply, Transport

Precision = Literal["ns", "us", "ms", "s"]

WRITE_SECONDS = 60.0
QUERY_SECONDS = 20.0
MAX_BYTES = 256 * 1024 * 1024
_BUCKETS_PAGE = 100


@dataclass(frozen=True)
class Bucket:
    """A bucket of the organisation; a retention of 0 seconds is without end."""

    id: str
    retention_seconds: int


@dataclass(frozen=True)
class Sign:
    """That a server lives: seconds to its answer, and its version."""

    seconds: float
    version: str


@dataclass(frozen=True)
class QlSeries:
    """One series of an InfluxQL statement; a `time` in `values` is in microseconds since 1970."""

    name: str
    tags: dict[str, str]
    columns: list[str]
    values: list[list[Any]]


class InfluxClient:
    """One organisation of one server; safe between threads, and cheap to share.

    `timeout` (seconds) bounds each query. A call fails at once when the store is down; one of
    `patient()` tries again first.
    """

    def __init__(
        self,
        url: str,
        token: str | TokenSource,
        org: str,
        *,
        breaker: Breaker | None = None,
        timeout: float = QUERY_SECONDS,
    ) -> None:
        self.org = org
        self.breaker = breaker or Breaker()
        self._timeout = timeout
        source = FixedToken(token) if isinstance(token, str) else token
        self._sender = Sender(Transport(url), source, self.breaker, AT_ONCE)

    def patient(self, policy: Policy = PATIENT) -> InfluxClient:
        """The same client, connections and breaker, that repeats what may pass (TSD-17)."""
        other = copy(self)
        other._sender = replace(self._sender, policy=policy)
        return other

    def close(self) -> None:
        """Close the connections."""
        self._sender.transport.close()

    def write(self, bucket: str, lines: bytes, *, precision: Precision = "us") -> None:
        """Write line protocol; returns when the server has all of it on disk.

        Raises `RejectedPoints` with a reason per line or field, `NotFound` without the bucket,
        `StoreDenied`, `StoreUnavailable`.
        """
        call = Call(
            "POST",
            "/api/v2/write",
            params={"org": self.org, "bucket": bucket, "precision": precision},
            headers={"Content-Type": "text/plain; charset=utf-8"},
            body=lines,
            timeout=WRITE_SECONDS,
        )
        reply = self._sender.send(call)
        if reply.status != 204:
            raise replies.of_write(reply)

    def flux(self, query: str) -> list[FluxTable]:
        """All tables a Flux query gives. Raises `InvalidRequest` with the server's message."""
        reply = self._sender.send(self._flux_call(query, self._timeout, MAX_BYTES))
        if reply.status != 200:
            raise replies.of_query(reply)
        with _readable():
            return read_tables(reply.body.decode())

    def flux_rows(
        self, query: str, *, max_rows: int, max_bytes: int, timeout: float
    ) -> tuple[list[str], list[list[Any]], bool]:
        """Columns, rows and whether there was more, of a query whose answer may be of any size.

        Instants are the server's own text. The server stops working on what is not read. Raises
        as `flux`; `StoreUnavailable` after `timeout` seconds.
        """
        call = self._flux_call(query, timeout, sys.maxsize)

        def read(status: int, headers: Mapping[str, str], pieces: Iterator[bytes]) -> RawRows:
            if status != 200:
                raise replies.of_query(Reply(status, b"".join(pieces), headers))
            with _readable():
                return read_rows(pieces, max_rows=max_rows, max_bytes=max_bytes)

        found = self._sender.run(call, read)
        return found.columns, found.rows, found.truncated

    def influxql(self, query: str, *, database: str) -> list[list[QlSeries]]:
        """The series of each statement. Raises `InvalidRequest` with the server's message."""
        reply = self._sender.send(
            Call(
                "POST",
                "/query",
                params={"org": self.org, "db": database, "epoch": "u"},
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                body=urlencode({"q": query}).encode(),
                timeout=self._timeout,
                max_bytes=MAX_BYTES,
            )
        )
        if reply.status != 200:
            raise replies.of_query(reply)
        with _readable():
            told = json.loads(reply.body)
        for statement in [told, *told.get("results", [])]:
            if "error" in statement and statement["error"] != "not executed":
                raise replies.of_text(str(statement["error"]))
        return [_series_of(statement) for statement in told["results"]]

    def influxql_rows(
        self, query: str, *, database: str, max_rows: int, max_bytes: int, timeout: float
    ) -> tuple[list[str], list[list[Any]], bool]:
        """Columns, rows and whether there was more, as `flux_rows`; of all statements together."""
        call = Call(
            "GET",
            "/query",
            params={
                "org": self.org,
                "db": database,
                "q": query,
                "chunked": "true",
                "chunk_size": str(min(max_rows + 1, CHUNK_ROWS)),
            },
            timeout=timeout,
            max_bytes=sys.maxsize,
        )

        def read(status: int, headers: Mapping[str, str], pieces: Iterator[bytes]) -> RawRows:
            if status != 200:
                raise replies.of_query(Reply(status, b"".join(pieces), headers))
            with _readable():
                return read_influxql_rows(pieces, max_rows=max_rows, max_bytes=max_bytes)

        found = self._sender.run(call, read)
        return found.columns, found.rows, found.truncated

    def delete(self, bucket: str, start: datetime, stop: datetime, predicate: str = "") -> None:
        """Delete the points of [start, stop) that the predicate (`tag="value" AND ...`) names.

        Without a predicate all of them. Raises `InvalidRequest` for one that cannot be read.
        """
        if stop <= start:
            return
        body = {"start": rfc3339(start), "stop": _just_before(stop), "predicate": predicate}
        call = Call(
            "POST",
            "/api/v2/delete",
            params={"org": self.org, "bucket": bucket},
            headers={"Content-Type": "application/json"},
            body=json.dumps(body).encode(),
            timeout=WRITE_SECONDS,
        )
        reply = self._sender.send(call)
        if reply.status != 204:
            raise replies.of_query(reply)

    def buckets(self) -> dict[str, Bucket]:
        """The organisation's buckets that the token may read, by name."""
        known: dict[str, Bucket] = {}
        while True:
            page = self._buckets(limit=_BUCKETS_PAGE, offset=len(known))
            known |= {
                item["name"]: Bucket(item["id"], _retention(item["retentionRules"]))
                for item in page
            }
            if len(page) < _BUCKETS_PAGE:
                return known

    def _buckets(self, *, limit: int, offset: int = 0) -> list[dict[str, Any]]:
        call = Call(
            "GET",
            "/api/v2/buckets",
            params={"org": self.org, "limit": str(limit), "offset": str(offset)},
            timeout=self._timeout,
        )
        reply = self._sender.send(call)
        if reply.status != 200:
            raise replies.of_query(reply)
        found: list[dict[str, Any]] = json.loads(reply.body)["buckets"]
        return found

    def ping(self) -> float:
        """Seconds until the server answers; `StoreUnavailable` within a second if it does not."""
        return self._sender.ping()[0]

    def check(self) -> Sign:
        """A sign of life: how fast it answers, and that it takes our token.

        A store that is down is known within a second. Raises `StoreDenied` and
        `StoreUnavailable`.
        """
        sign = Sign(*self._sender.ping())
        self._buckets(limit=1)
        return sign

    def _flux_call(self, query: str, timeout: float, max_bytes: int) -> Call:
        body = {
            "query": query,
            "type": "flux",
            "dialect": {"header": True, "annotations": ["datatype", "group", "default"]},
        }
        return Call(
            "POST",
            "/api/v2/query",
            params={"org": self.org},
            headers={"Content-Type": "application/json", "Accept": "application/csv"},
            body=json.dumps(body).encode(),
            timeout=timeout,
            max_bytes=max_bytes,
        )


@contextmanager
def _readable() -> Iterator[None]:
    """What the server says inside its answer, and what is no answer, as the platform's errors."""
    try:
        yield
    except FluxError as error:
        raise replies.of_text(str(error)) from error
    except ValueError as error:
        raise StoreUnavailable(f"an answer that cannot be read: {error}") from error


def _series_of(statement: dict[str, Any]) -> list[QlSeries]:
    return [
        QlSeries(
            series.get("name", ""), series.get("tags", {}), series["columns"], series["values"]
        )
        for series in statement.get("series", [])
    ]


def _retention(rules: list[dict[str, Any]]) -> int:
    return next((int(rule["everySeconds"]) for rule in rules if rule["type"] == "expire"), 0)


def _just_before(stop: datetime) -> str:
    """The last nanosecond before it: the server deletes the points at its own `stop` too."""
    last = stop.astimezone(UTC) - timedelta(microseconds=1)
    return last.isoformat(timespec="microseconds").replace("+00:00", "999Z")


def open_client(settings: Settings) -> InfluxClient | None:
    """The client of the store the settings name; None when they name none."""
    if not settings.influxdb_url:
        return None
    breaker = Breaker(
        failures=settings.influxdb_breaker_failures, seconds=settings.influxdb_breaker_seconds
    )
    return InfluxClient(
        settings.influxdb_url,
        token_source(settings),
        settings.influxdb_org,
        breaker=breaker,
        timeout=settings.influxdb_query_seconds,
    )
