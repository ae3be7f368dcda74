"""The time-series store of an embedded platform: its own influxd, a named server, or none.

The platform never waits for it. Functions are told of it by their environment, each with the least
token it needs; what they are told may change while the platform runs, at the latest when a first
start has made the tokens.
"""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from ons_local.influxd import ADVICE, HOST, ORG, InfluxServer, find
from ons_platform.errors import InvalidRequest, OnsError
from ons_platform.timeseries.bootstrap import bootstrap

FOLDER = "influxdb"
"""In the data directory."""
_WRITERS = ("influxdb_loader", "timeseries_migrator")
_READERS = ("platform_api", "timeseries_query_processor")
_FIRST_PORT, _PORTS = 20_000, 10_000
"""Below those the kernel gives to outgoing connections."""
_LOOK_SECONDS = 0.2
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_STEADY_SECONDS = 60.0
_CLOSE_SECONDS = 12.0

_log = logging.getLogger(__name__)
Changed = Callable[[], None]


@dataclass(frozen=True)
class Access:
    """Where the store is and the tokens for it."""

    url: str
    org: str
    write: str = field(repr=False)
    read: str = field(repr=False)

    def environment(self, package: str) -> dict[str, str]:
        """What the function of this package is told: nothing unless it needs the store."""
        token = self.write if package in _WRITERS else self.read if package in _READERS else ""
        if not token:
            return _NOTHING
        told = {"INFLUXDB_URL": self.url, "INFLUXDB_ORG": self.org, "INFLUXDB_TOKEN": token}
        return {**_NOTHING, **told}


_NOTHING = {"INFLUXDB_URL": "", "INFLUXDB_TOKEN": "", "ONS_INFLUXDB_TOKEN_SECRET": ""}


class Store(ABC):
    """What the platform asks of its store. `outlook` says before the start what will be."""

    outlook: str

    def start(self, changed: Changed) -> None:  # noqa: B027 - most need no starting
        """Begin; returns at once. `changed` is called whenever `environment` gives other values."""

    def environment(self, package: str) -> dict[str, str]:
        """The variables the function of this package gets."""
        access = self.access
        return access.environment(package) if access is not None else _NOTHING

    @property
    @abstractmethod
    def access(self) -> Access | None:
        """Where functions find it; None while there is nothing to find."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What `ons status` and `ons doctor` show: `status` and what is known beside it."""

    def close(self) -> None:  # noqa: B027 - most have nothing to end
        """End what `start` began."""


class NoStore(Store):
    """None: everything is answered from the lake."""

    def __init__(self, reason: str) -> None:
        self.outlook = f"none: {reason}"
        self._reason = reason

    @property
    def access(self) -> None:
        """There is nothing to find."""
        return

    def state(self) -> dict[str, Any]:
        """Why there is none."""
        return {"status": "absent", "detail": self._reason}


class NamedStore(Store):
    """A server somebody else runs, used with the token given for it."""

    def __init__(self, access: Access) -> None:
        self.outlook = access.url
        self._access = access

    @property
    def access(self) -> Access:
        """As it was named."""
        return self._access

    def state(self) -> dict[str, Any]:
        """Whether it answers, and in which version."""
        return {"url": self._access.url, **_health(self._access.url)}


class PreparedStore(NamedStore):
    """A server somebody else runs, whose operator token is given: its buckets and tokens are made.

    Until it answers, it is asked again and again.
    """

    def __init__(self, url: str, org: str, operator_token: str) -> None:
        super().__init__(Access(url, org, "", ""))
        self._operator_token = operator_token
        self._closing = threading.Event()

    def start(self, changed: Changed) -> None:
        """Prepare it in a thread of its own."""
        threading.Thread(target=self._prepare, args=(changed,), name="store", daemon=True).start()

    def close(self) -> None:
        """Ask no more."""
        self._closing.set()

    def _prepare(self, changed: Changed) -> None:
        pause = _FIRST_PAUSE_SECONDS
        url, org = self._access.url, self._access.org
        while not self._closing.is_set():
            try:
                tokens = bootstrap(url, org, operator_token=self._operator_token)
            except OnsError as error:
                _log.warning("InfluxDB is not ready: %s", error.message)
            else:
                self._access = Access(url, org, tokens.write, tokens.read)
                changed()
                return
            self._closing.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


class OwnStore(Store):
    """An influxd that this platform starts, watches and starts again when it ends."""

    def __init__(self, folder: Path) -> None:
        self._server = InfluxServer(folder, port=_free_port(folder))
        self.outlook = f"starting at {self._server.url}, data in {self._server.folder}"
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._ready = False
        self._trouble = ""

    @property
    def access(self) -> Access | None:
        """Known before it answers, unless it was never set up."""
        server = self._server
        if not server.write_token:
            return None
        return Access(server.url, server.org, server.write_token, server.read_token)

    def start(self, changed: Changed) -> None:
        """Run it in a thread of its own."""
        self._thread = threading.Thread(
            target=self._keep, args=(changed,), name="influxd", daemon=True
        )
        self._thread.start()

    def state(self) -> dict[str, Any]:
        """Version, process and size on disk in bytes; the trouble, when it does not run."""
        server = self._server
        known = {"url": server.url, "pid": server.pid, "disk_bytes": _size(server.folder)}
        if self._ready:
            return {**known, **_health(server.url)}
        trouble = self._trouble or "it is starting"
        return {**known, "status": "down" if self._trouble else "starting", "detail": trouble}

    def close(self) -> None:
        """End it, after everything that uses it has ended."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)
            self._server.kill()

    def _keep(self, changed: Changed) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._closing.is_set():
            began = time.monotonic()
            self._run(changed)
            if time.monotonic() - began > _STEADY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            self._closing.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _run(self, changed: Changed) -> None:
        """One life of it, from its start to its end or ours."""
        before = self.access
        self._server.port = _free_port(self._server.folder)
        try:
            self._server.start()
        except OnsError as error:
            self._trouble = error.message
            _log.warning("%s", error.message)
            return
        self._ready, self._trouble = True, ""
        _log.info("InfluxDB answers at %s", self._server.url)
        if self.access != before:
            changed()
        while self._server.alive and not self._closing.wait(_LOOK_SECONDS):
            pass
        self._ready = False
        if self._closing.is_set():
            self._server.stop()
        else:
            self._trouble = f"influxd ended; it is started again (see {self._server.log})"
            _log.warning("%s", self._trouble)


def choose(data_dir: Path, environ: Mapping[str, str], *, wanted: bool) -> Store:
    """The store of a platform: that of the environment's INFLUXDB_URL, its own, or none.

    Raises `InvalidRequest` for a URL without a token.
    """
    if not wanted:
        return NoStore("not wanted (--no-influxdb)")
    url, org = environ.get("INFLUXDB_URL", ""), environ.get("INFLUXDB_ORG", ORG)
    if url:
        if operator := environ.get("INFLUXDB_OPERATOR_TOKEN"):
            return PreparedStore(url, org, operator)
        if token := environ.get("INFLUXDB_TOKEN"):
            return NamedStore(Access(url, org, token, token))
        raise InvalidRequest(
            "INFLUXDB_URL is set, and neither INFLUXDB_TOKEN nor INFLUXDB_OPERATOR_TOKEN is: give "
            "one, unset the URL, or start with --no-influxdb"
        )
    if find() is None:
        return NoStore(f"no influxd here: {ADVICE}")
    return OwnStore(data_dir / FOLDER)


def _health(url: str) -> dict[str, str]:
    """What the server says of itself, asked for a moment only."""
    try:
        answer = urllib3.request("GET", f"{url}/health", timeout=1.0, retries=False)
        said = dict(answer.json())
    except (urllib3.exceptions.HTTPError, ValueError):
        return {"status": "down", "detail": "it does not answer"}
    running = said.get("status") == "pass"
    version = str(said.get("version", "")).removeprefix("v")
    return {"status": "running" if running else "down", "version": version}


def _size(folder: Path) -> int:
    """Bytes of the files in a folder, some of which may just be going."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def _free_port(folder: Path) -> int:
    """The same one for a folder at every start, if nobody else has it."""
    chance = random.Random(zlib.crc32(str(folder.absolute()).encode()))  # noqa: S311 - no secret
    while True:
        port = _FIRST_PORT + chance.randrange(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port
