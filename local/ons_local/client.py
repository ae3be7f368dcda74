"""Talking to a platform over HTTP, on this machine or on AWS, with its problems as our errors."""

from __future__ import annotations

import errno
import os
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

import httpx

from ons_local.instance import find_instance
from ons_platform import errors
from ons_platform.errors import (
    InvalidRequest,
    OnsError,
    RateLimited,
    ServiceUnavailable,
    TransientError,
)

DEFAULT_DATA_DIR = Path(".ons")
_ATTEMPTS = 4
_PIECE_BYTES = 256 * 1024
_LONGEST_WAIT = 30


class NotRunning(errors.TerminalError):
    """No platform was found where the command looked."""

    exit_code = 69
    title = "No platform is running"


class Unreachable(ServiceUnavailable):
    """The platform's address does not answer at all: it stopped, or is elsewhere by now."""


@dataclass(frozen=True)
class Target:
    """Where a platform answers, and the key it wants."""

    url: str
    key: str


def data_folder(data_dir: Path | None) -> Path:
    """The data directory named, else that of `ONS_DATA_DIR`, else `.ons`."""
    return data_dir or Path(os.environ.get("ONS_DATA_DIR", str(DEFAULT_DATA_DIR)))


def find_target(data_dir: Path | None) -> Target:
    """`ONS_API_URL` with `ONS_API_KEY`, unless a data directory is named; else that directory's.

    The data directory is `data_dir`, or `ONS_DATA_DIR`, or `.ons`. Raises `NotRunning`.
    """
    url = os.environ.get("ONS_API_URL", "")
    if url and data_dir is None:
        key = os.environ.get("ONS_API_KEY", "")
        if not key:
            raise InvalidRequest("ONS_API_URL is set but ONS_API_KEY is not: set the key as well")
        return Target(url.rstrip("/"), key)
    folder = data_folder(data_dir)
    instance = find_instance(folder)
    if instance is None:
        raise NotRunning(
            f"no platform runs on {folder}: start one with `ons up --data-dir {folder}`,"
            " or set ONS_API_URL and ONS_API_KEY"
        )
    return Target(instance.url, (folder / "api-key").read_text("ascii").strip())


class Client:
    """The platform's HTTP API. Every failure is an `OnsError`; safe to share between threads."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._http = _open(
            target.url,
            base_url=target.url,
            headers={"x-api-key": target.key},
            timeout=httpx.Timeout(60, connect=5),
        )
        self._stores: dict[str, httpx.Client] = {}
        self._opening = Lock()

    def get(self, path: str, **query: Any) -> Any:
        """GET a JSON answer; `None` values are left out of the query."""
        return self.get_for_text(path, **query).json()

    def get_for_text(self, path: str, **query: Any) -> httpx.Response:
        """GET any answer; `None` values are left out of the query."""
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._request("GET", path, params=wanted)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """POST a JSON body for a JSON answer; `None` values are left out of the body."""
        return self.post_for_text(path, body).json()

    def post_for_text(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """POST a JSON body for any answer."""
        wanted = {name: value for name, value in body.items() if value is not None}
        return self._request("POST", path, json=wanted)

    def put_file(
        self, url: str, path: Path, headers: Mapping[str, str], progress: Callable[[int], None]
    ) -> str:
        """PUT a file's bytes to an upload URL; returns the new object version's id.

        `progress` is called with the number of bytes of each piece sent.
        """

        size = path.stat().st_size

        def pieces() -> Iterator[bytes]:
            left = size
            with path.open("rb") as file:
                while left and (piece := file.read(min(left, _PIECE_BYTES))):
                    left -= len(piece)
                    yield piece
                    progress(len(piece))
            if left:
                raise OSError(errno.EIO, "the file was cut short while it was sent")

        length = {"Content-Length": str(size)}
        try:
            response = self._store(url).put(url, content=pieces(), headers={**headers, **length})
        except httpx.TransportError as error:
            raise _unreachable(url, error) from error
        if response.is_error:
            raise _error_of(response)
        return str(response.headers.get("x-amz-version-id", ""))

    def object_path(self, key: str, under: str = "objects") -> str:
        """Path of an object's status, or of what else is told of it under that name.

        `.` and `..` are escaped so that no one resolves them.
        """
        return f"/{under}/" + "/".join(
            part.replace(".", "%2E") if part in (".", "..") else quote(part, safe="=")
            for part in key.split("/")
        )

    def close(self) -> None:
        """Give the connections back."""
        for http in (self._http, *self._stores.values()):
            http.close()

    def _store(self, url: str) -> httpx.Client:
        """What uploads to this URL's host go through: it is not told the key."""
        host = str(httpx.URL(url).copy_with(raw_path=b"/"))
        with self._opening:
            if host not in self._stores:
                self._stores[host] = _open(url, timeout=300)
            return self._stores[host]

    def _request(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Send, waiting out what is told to be temporary; a POST is only repeated when refused."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = self._http.request(method, path, **given)
            except httpx.TransportError as error:
                raise _unreachable(self.target.url, error) from error
            if not response.is_error:
                return response
            problem = _error_of(response)
            pause = _pause(problem, method)
            if pause is None or attempt == _ATTEMPTS:
                raise problem
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")


def _pause(problem: OnsError, method: str) -> int | None:
    """Seconds after which sending again makes sense, if it does."""
    refused = isinstance(problem, RateLimited)
    if not isinstance(problem, TransientError) or not (refused or method == "GET"):
        return None
    return problem.retry_after if problem.retry_after <= _LONGEST_WAIT else None


def _open(url: str, **options: Any) -> httpx.Client:
    """An HTTP client; without TLS it is spared reading all the world's certificates (0.1 s)."""
    plain = httpx.URL(url).scheme == "http"
    verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True
    return httpx.Client(verify=verify, trust_env=not _is_local(url), **options)


def _is_local(url: str) -> bool:
    """Proxies of the environment must not see what stays on this machine."""
    return httpx.URL(url).host in ("127.0.0.1", "localhost", "::1")


def _unreachable(url: str, error: Exception) -> Unreachable:
    return Unreachable(f"{url} does not answer: {error}")


def _error_of(response: httpx.Response) -> OnsError:
    """The problem+json of a response as the error it came from."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    name = str(problem.get("error") or problem.get("type", "")).rsplit(":", 1)[-1]
    kind = getattr(errors, name, None) or _by_status(response.status_code)
    message = str(problem.get("detail") or f"{response.status_code} {response.reason_phrase}")
    details = [
        f"{item['field']}: {item['message']}"
        for item in problem.get("details") or []
        if item["message"] not in message
    ]
    if response.status_code == 500 and problem.get("instance"):
        details.append(f"instance {problem['instance']}")
    text = "; ".join([message, *details])
    if issubclass(kind, TransientError):
        given = response.headers.get("Retry-After", "")
        return kind(text, retry_after=int(given) if given.isdigit() else 5)
    where = {name: problem.get(name) for name in ("position", "candidates", "instance")}
    found: OnsError = kind(text, **where)
    return found


def _by_status(status: int) -> type[OnsError]:
    kinds: dict[int, type[OnsError]] = {
        401: errors.Unauthorized,
        403: errors.Unauthorized,
        404: errors.NotFound,
        405: errors.MethodNotAllowed,
        413: errors.PayloadTooLarge,
        415: errors.UnsupportedMediaType,
        429: errors.RateLimited,
    }
    if status >= 500:
        return ServiceUnavailable if status in (502, 503, 504) else OnsError
    return kinds.get(status, InvalidRequest)
