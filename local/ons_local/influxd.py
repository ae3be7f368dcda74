"""InfluxDB 2.7 on this machine: a child process with its data, tokens and log in one folder."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from subprocess import Popen

import urllib3

from ons_local import child
from ons_local.private import write_private
from ons_platform.errors import StoreUnavailable
from ons_platform.timeseries.bootstrap import bootstrap, set_up
from ons_platform.timeseries.points import RETENTION_SECONDS

ORG = "ons-energy"
"""The organisation of development, as in the template."""
HOST = "127.0.0.1"
ADVICE = "run `make influxd`, put an influxd 2.7 on PATH, or name a server with INFLUXDB_URL"
_BUILT = Path(__file__).parents[2] / ".influxd/influxd"
_USER = "ons"
_TOKENS = "tokens.json"
_START_SECONDS = 60.0
"""A folder of many shards, or one that was killed, takes a while."""
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.02
_LOG_BYTES = 20 * 1024 * 1024
_MIB = 1024**2
_QUERIES = {
    "query-concurrency": "16",
    "query-queue-size": "256",
    "query-initial-memory-bytes": str(16 * _MIB),
    "query-memory-bytes": str(512 * _MIB),
    "query-max-memory-bytes": str(2048 * _MIB),
}
"""What queries may take: without limits one that groups by value takes the machine's memory."""
_LISTENING = re.compile(rb"msg=Listening .*\bport=(\d+)")


def find() -> Path | None:
    """The influxd to run: that of ONS_INFLUXD, the one `make influxd` built, or that on PATH."""
    named = os.environ.get("ONS_INFLUXD")
    if named is not None:
        return _program(Path(named)) if named else None
    return _program(_BUILT) or _program(Path(shutil.which("influxd") or ""))


def _program(path: Path) -> Path | None:
    return path.absolute() if path.is_file() and os.access(path, os.X_OK) else None


@dataclass(frozen=True)
class Credentials:
    """What opens the server: of the operator, and what the platform uses; kept in a file.

    `write` and `read` are empty until the server was set up.
    """

    username: str = _USER
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    operator: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    write: str = field(default="", repr=False)
    read: str = field(default="", repr=False)


class InfluxServer:
    """An influxd that ends with this process, however that ends, and keeps its data in `folder`.

    With `port` 0 the first start takes a free port and later ones of this object the same. It
    listens on the loopback address only. One object at a time may use a folder. A start may take
    `patience` seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        retention_seconds: int = RETENTION_SECONDS,
        program: Path | None = None,
        patience: float = _START_SECONDS,
    ) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / "influxd.log"
        self.org = ORG
        self.port = port
        self._retention_seconds = retention_seconds
        self._program = program
        self._patience = patience
        self._spawner: child.Spawner | None = None
        self._process: Popen[bytes] | None = None
        self.credentials = _read(self.folder) or Credentials()

    def start(self) -> None:
        """Start it, wait until it answers and see to its organisation, buckets and tokens.

        Nothing happens when it runs. Raises `StoreUnavailable`, with influxd's own words, when
        there is no influxd, it ends, or it does not answer in time; none is left running then.
        """
        if self.alive:
            return
        program = self._program or find()
        if program is None:
            raise StoreUnavailable(f"there is no influxd here: {ADVICE}")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _turn(self.log)
        begin = self.log.stat().st_size if self.log.exists() else 0
        if self._spawner is None:
            self._spawner = child.Spawner(self.log)
        self._process = self._spawner.run(self._command(program), self._environment())
        try:
            self._wait(begin)
            self._set_up()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End it in its own time, then by force; the data stay."""
        self.resume()
        self._end(_STOP_SECONDS)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash of it would; what it acknowledged stays."""
        self._end(0.0)

    def restart(self) -> None:
        """Stop and start it, on the same port."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): it accepts connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    @property
    def alive(self) -> bool:
        """Whether its process runs; a frozen one does."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._process.pid if self._process is not None and self.alive else None

    @property
    def url(self) -> str:
        """Where it answers; port 0 until it was started, if none was chosen."""
        return f"http://{HOST}:{self.port}"

    @property
    def operator_token(self) -> str:
        """May do everything on this server."""
        return self.credentials.operator

    @property
    def write_token(self) -> str:
        """Reads and writes the four buckets; empty until the first start has set up."""
        return self.credentials.write

    @property
    def read_token(self) -> str:
        """Reads the four buckets; empty until the first start has set up."""
        return self.credentials.read

    def _command(self, program: Path) -> list[str]:
        options = {
            "http-bind-address": f"{HOST}:{self.port}",
            "bolt-path": str(self.folder / "influxd.bolt"),
            "sqlite-path": str(self.folder / "influxd.sqlite"),
            "engine-path": str(self.folder / "engine"),
            **_QUERIES,
        }
        switches = ("reporting-disabled", "hardening-enabled", "template-file-urls-disabled")
        given = [f"--{name}={value}" for name, value in options.items()]
        return [str(program), "run", *given, *(f"--{name}" for name in switches)]

    def _environment(self) -> dict[str, str]:
        """Without settings of another influxd, which are read from variables and a file too."""
        return {**child.inherited(), "INFLUXD_CONFIG_PATH": str(self.folder), "TZ": "UTC"}

    def _wait(self, begin: int) -> None:
        """Until it listens and calls itself healthy; `begin` is where its words in the log do."""
        deadline = time.monotonic() + self._patience
        pool = urllib3.PoolManager(retries=False, timeout=1.0)
        while time.monotonic() < deadline:
            if not self.alive:
                raise StoreUnavailable(f"influxd ended while starting{self._last_words(begin)}")
            found = _LISTENING.search(_from(self.log, begin))
            if found:
                self.port = int(found[1])
                try:
                    if pool.request("GET", f"{self.url}/health").status == 200:
                        return
                except urllib3.exceptions.HTTPError:
                    pass
            time.sleep(_LOOK_SECONDS)
        raise StoreUnavailable(
            f"influxd did not answer within {self._patience:g} s{self._last_words(begin)}"
        )

    def _last_words(self, begin: int) -> str:
        lines = _from(self.log, begin).decode("utf-8", "replace").strip().splitlines()
        wrong = [line for line in lines if "lvl=error" in line] or lines[-1:]
        return f": {wrong[-1]} (see {self.log})" if wrong else f" (see {self.log})"

    def _set_up(self) -> None:
        """The operator's token is on disk before the server knows it, so none is ever lost."""
        known = self.credentials
        path = self.folder / _TOKENS
        kept, fresh = _read(self.folder) == known, not path.exists()
        if fresh:
            write_private(path, json.dumps(asdict(known)))
        new = set_up(
            self.url,
            self.org,
            username=known.username,
            password=known.password,
            operator_token=known.operator,
        )
        if not new and not kept:
            if fresh:
                path.unlink()
            raise StoreUnavailable(
                f"{path} was lost, and with it the tokens of the data beside it: put it back, or "
                f"delete {self.folder}, which is filled from the lake again"
            )
        tokens = bootstrap(
            self.url,
            self.org,
            operator_token=known.operator,
            retention_seconds=self._retention_seconds,
        )
        self.credentials = replace(known, **asdict(tokens))
        if self.credentials != known:
            write_private(path, json.dumps(asdict(self.credentials)))

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.alive:
            self._process.send_signal(number)

    def _end(self, grace: float) -> None:
        if self._process is not None:
            child.stop(self._process, grace)
            self._process = None
        if self._spawner is not None:
            self._spawner.close()
            self._spawner = None


def _read(folder: Path) -> Credentials | None:
    """Those of a former start; None without any, or for a file that is damaged."""
    try:
        return Credentials(**json.loads((folder / _TOKENS).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _from(log: Path, begin: int) -> bytes:
    with log.open("rb") as file:
        file.seek(begin)
        return file.read()


def _turn(log: Path) -> None:
    """A log that grew large makes room for a new one."""
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
