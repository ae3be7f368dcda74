"""HTTP to InfluxDB: pooled connections, and a deadline that tells a slow answer from no answer.

A long query may well be silent for seconds; a frozen server is silent for ever. So while a request
waits for its first byte, the server's `/ping` is tried beside it: without an answer to that the
request is given up within a second, whatever its own deadline.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
)
from urllib3.exceptions import (
    TimeoutError as NoAnswer,
)
from urllib3.util.wait import wait_for_read

from ons_platform.errors import InvalidRequest

PATIENCE_SECONDS = 0.3
"""Silence after which the server is asked whether it is there."""
PING_SECONDS = 0.6
"""How long it has to say so, and to take a connection; a machine under load is no dead one."""
SEND_SECONDS = 10.0
"""For a body to be taken by the server: its socket is full when it is frozen."""
_CHUNK = 64 * 1024


class Unreachable(Exception):
    """No connection, or one that broke: an answer that says so at once."""


class Silent(Exception):
    """Neither the request nor a ping beside it was answered."""


class Slow(Exception):
    """The server is there, but this request is past its deadline."""


class TooLarge(Exception):
    """The answer has more bytes than the caller takes."""


class NotNow(Exception):
    """An answer that another attempt may change; `reply` is it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"answered {reply.status}")
        self.reply = reply


class Busy(NotNow):
    """The server says that the same request may succeed later."""


class Refused(NotNow):
    """The token is not taken: it may have been rotated."""


@dataclass(frozen=True)
class Reply:
    """A whole answer; `body` is unzipped."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One request: what to send, how long it may take (seconds) and how much it may answer.

    While it waits, pings may stay without an answer for `silence` seconds.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout: float = 30.0
    silence: float = 0.0
    max_bytes: int = 64 * 1024 * 1024


class Transport:
    """A pool of keep-alive connections to one server; safe between threads.

    `connections` are kept open, more are made when needed.
    """

    def __init__(self, url: str, *, connections: int = 16) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidRequest("INFLUXDB_URL is http://HOST:PORT or https://HOST:PORT")
        self._prefix = parts.path.rstrip("/")
        self._waiting = threading.local()
        self._zips = not _loopback(parts.hostname)
        host, port = parts.hostname, parts.port
        self._pool: HTTPConnectionPool
        self._pings: HTTPConnectionPool
        if parts.scheme == "http":
            self._pool = _Pool(host, port, maxsize=connections, retries=False, alive=self._alive)
            self._pings = HTTPConnectionPool(host, port, maxsize=connections, retries=False)
        else:
            self._pool = _TlsPool(host, port, maxsize=connections, retries=False, alive=self._alive)
            self._pings = HTTPSConnectionPool(host, port, maxsize=connections, retries=False)

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.close()
        self._pings.close()

    def send(self, call: Call) -> Reply:
        """Send and read the whole answer. Raises `Unreachable`, `Silent`, `Slow`, `TooLarge`."""
        with self.stream(call) as (response, chunks):
            body = b"".join(chunks)
        return Reply(response.status, body, response.headers)

    @contextmanager
    def stream(self, call: Call) -> Iterator[tuple[BaseHTTPResponse, Iterator[bytes]]]:
        """Send and give the answer in pieces; the connection is dropped if not read to its end."""
        ends = time.monotonic() + call.timeout
        with _translated():
            response = self._open(call)
            try:
                yield response, _pieces(response, call, ends)
            finally:
                if not response.closed:  # not read to its end: the connection is of no more use
                    response.close()
                response.release_conn()

    def ping(self) -> tuple[float, str]:
        """Seconds to an answer and the server's version. Raises `Unreachable`, `Silent`."""
        started = time.perf_counter()
        call = Call("GET", "/ping", timeout=PING_SECONDS)
        try:
            with _translated():
                response = self._request(self._pings, call)
                response.drain_conn()
        except Slow as error:
            raise Silent("a ping was not answered") from error
        return time.perf_counter() - started, response.headers.get("X-Influxdb-Version", "")

    def _open(self, call: Call) -> BaseHTTPResponse:
        self._waiting.silence = call.silence
        try:
            return self._request(self._pool, call)
        except ProtocolError:  # a kept connection the server had closed in this very moment
            return self._request(self._pool, call)

    def _request(self, pool: HTTPConnectionPool, call: Call) -> BaseHTTPResponse:
        headers = {"Accept-Encoding": "gzip" if self._zips else "identity", **call.headers}
        body = call.body
        if body is not None and self._zips:
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        query = f"?{urlencode(call.params)}" if call.params else ""
        return pool.urlopen(
            call.method,
            f"{self._prefix}{call.path}{query}",
            body=body,
            headers=headers,
            redirect=False,
            preload_content=False,
            timeout=Timeout(connect=PING_SECONDS, read=call.timeout),
        )

    def _alive(self) -> bool:
        """Whether the server says something, within the silence this thread's request allows."""
        ends = time.monotonic() + self._waiting.silence
        while True:
            try:
                self.ping()
            except Silent:
                if time.monotonic() >= ends:
                    return False
            except Unreachable:
                return False
            else:
                return True


class _Watched:
    """A connection that waits for an answer only as long as the server is alive."""

    sock: Any
    timeout: Any

    def __init__(self, *args: Any, alive: Callable[[], bool], **kw: Any) -> None:
        self._alive = alive
        super().__init__(*args, **kw)

    def send(self, data: Any) -> None:
        """With a limit of its own, the one set being that of connecting; none taken is silence."""
        if self.sock is not None:
            self.sock.settimeout(SEND_SECONDS)
        try:
            super().send(data)  # type: ignore[misc]
        except TimeoutError as error:
            raise Silent("the request was not taken") from error

    def getresponse(self) -> HTTPResponse:
        """Wait in steps, the server's life being checked after each; then read the answer."""
        ends = time.monotonic() + float(self.timeout)
        while not wait_for_read(self.sock, min(PATIENCE_SECONDS, float(self.timeout))):
            if not self._alive():
                raise Silent("neither an answer nor one to a ping")
            if time.monotonic() >= ends:
                raise Slow("no answer in time")
        answer: HTTPResponse = super().getresponse()  # type: ignore[misc]
        return answer


class _Connection(_Watched, HTTPConnection):  # type: ignore[misc]
    pass


class _TlsConnection(_Watched, HTTPSConnection):  # type: ignore[misc]
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _pieces(response: BaseHTTPResponse, call: Call, ends: float) -> Iterator[bytes]:
    size = 0
    for piece in response.stream(_CHUNK, decode_content=True):
        size += len(piece)
        if size > call.max_bytes:
            raise TooLarge
        if time.monotonic() > ends:
            raise Slow
        yield piece


@contextmanager
def _translated() -> Iterator[None]:
    """What urllib3 raises, as one of ours."""
    try:
        yield
    except NewConnectionError as error:
        raise Unreachable("no connection") from error
    except ConnectTimeoutError as error:
        raise Silent("no connection in time") from error
    except NoAnswer as error:
        raise Slow("no answer in time") from error
    except (HTTPError, OSError) as error:
        raise Unreachable("the connection broke") from error


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
