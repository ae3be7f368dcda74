"""`ons doctor`: is this machine fit, is the platform well, is anything waiting for people."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ons_local.client import DEFAULT_DATA_DIR, Client, NotRunning, find_target
from ons_local.reports import platform_state
from ons_platform.errors import OnsError

_FREE_BYTES = 1024**3


@dataclass(frozen=True)
class Check:
    """One thing looked at; `detail` says what was found, and what to do when it is not `ok`."""

    name: str
    ok: bool
    detail: str


def examine(data_dir: Path | None) -> list[Check]:
    """Every check, in order of dependence. A platform that is not running is not a fault."""
    folder = data_dir or Path(os.environ.get("ONS_DATA_DIR", str(DEFAULT_DATA_DIR)))
    checks = [_python(), _disk(folder), _key(folder)]
    try:
        target = find_target(data_dir)
    except NotRunning as error:
        return [*checks, Check("platform", True, error.message)]
    except OnsError as error:
        return [*checks, Check("platform", False, error.message)]
    client = Client(target)
    try:
        return [*checks, *_running(client)]
    except OnsError as error:
        return [*checks, Check("platform", False, error.message)]
    finally:
        client.close()


def _python() -> Check:
    return Check("python", sys.version_info >= (3, 11), platform.python_version())


def _disk(folder: Path) -> Check:
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return Check("disk", free > _FREE_BYTES, f"{free / 1024**3:.1f} GB free at {place}")


def _key(folder: Path) -> Check:
    path = folder / "api-key"
    if not path.exists():
        return Check("api key", True, f"{path} is made at the first start")
    mode = stat.S_IMODE(path.stat().st_mode)
    private = mode & 0o077 == 0
    advice = "" if private else f": others can read it, run `chmod 600 {path}`"
    return Check("api key", private, f"{path} has mode {mode:04o}{advice}")


def _running(client: Client) -> Iterator[Check]:
    health = client.get("/health")
    yield Check("platform", True, f"version {health['version']} at {client.target.url}")
    for name, component in health["components"].items():
        state = component["status"]
        yield Check(name.replace("_", " "), state != "unhealthy", state.replace("_", " "))
    failed = client.get("/objects", status="failed", limit=1000)["objects"]
    hint = ": see `ons status`, mend the cause, then `ons replay --failed`" if failed else ""
    yield Check("failed objects", not failed, f"{len(failed)}{hint}")
    state = platform_state(client)
    if state is not None:
        processes = 1 + state["jobs"] + sum(state["functions"].values())
        used = f"{state['memory_bytes'] / 1024**2:.0f} MB in {processes} processes"
        yield Check("memory", True, f"{used}; idle ones end by themselves")
        waiting = ", ".join(f"{name}: {count}" for name, count in state["channels"].items())
        yield Check("messages", True, waiting or "no queue or topic holds any")
