"""`ons up`: the platform behind uvicorn, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import logging
import logging.handlers
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from ons_local.instance import DataDirLock
from ons_local.platform import Options, Platform
from ons_platform.errors import InvalidRequest

_log = logging.getLogger(__name__)
_LOG_BYTES = 5 * 1024 * 1024
Ready = Callable[[str, int, str], None]


def serve(
    data_dir: Path,
    host: str,
    port: int,
    ready: Ready,
    *,
    influxdb: bool = True,
) -> bool:
    """Run until asked to stop; `ready` gets the URL, how many objects were taken up again and a
    word on the time-series store.

    Returns whether nothing was cut short. Raises `AlreadyRunning` when the data directory has an
    owner and `InvalidRequest` when the address cannot be bound.
    """
    lock = DataDirLock(data_dir)
    try:
        _log_to(data_dir / "platform.log")
        listener = _bind(host, port)
        url = f"http://{_shown(host)}:{listener.getsockname()[1]}"
        platform = Platform(Options.from_env(data_dir, influxdb=influxdb), url)
        server = _Server(platform, lambda: _announce(lock, platform, url, ready))
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            _log.info("interrupted")
        finally:
            finished = platform.close()
        return finished
    finally:
        lock.release()


def _announce(lock: DataDirLock, platform: Platform, url: str, ready: Ready) -> None:
    resumed = platform.start()
    lock.announce(url)
    _log.info("answering at %s; %d unfinished objects taken up again", url, resumed)
    ready(url, resumed, platform.store.outlook)


class _Server(uvicorn.Server):
    """Calls `listening` once connections are accepted."""

    def __init__(self, platform: Platform, listening: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                platform.gateway(),
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=3,
            )
        )
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off (40 ms an answer) only where the protocol is explicit.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InvalidRequest(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port"
        ) from error
    return listener


def _shown(host: str) -> str:
    """The address a client on this machine uses."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _log_to(path: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=2)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for noisy in ("botocore", "boto3", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
