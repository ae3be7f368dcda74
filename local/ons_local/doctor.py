"""`ons doctor`: is this machine fit, is the platform well, is anything waiting for people."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ons_local.client import Client, NotRunning, data_folder, find_target
from ons_local.influxd import ADVICE, find
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
    folder = data_folder(data_dir)
    checks = [_python(), _disk(folder), _key(folder), _influxd()]
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


def _influxd() -> Check:
    """What the next start would use. Without one everything is answered from the lake."""
    if url := os.environ.get("INFLUXDB_URL"):
        return Check("influxd", True, f"not needed: INFLUXDB_URL names {url}")
    program = find()
    return Check("influxd", True, f"{program}" if program else f"none, time series off: {ADVICE}")


def _store(state: Mapping[str, Any]) -> Check:
    """How the platform's time-series store is; one that is starting is not at fault."""
    status, detail = state["status"], state.get("detail", "")
    told = [f"{status}{': ' if detail else ''}{detail}"]
    if "version" in state:
        told.append(f"InfluxDB {state['version']}")
    if "url" in state:
        told.append(f"at {state['url']}")
    if state.get("pid"):
        told.append(f"process {state['pid']}")
    if "disk_bytes" in state:
        told.append(f"{state['disk_bytes'] / 1024**2:.1f} MB on disk")
    return Check("influxdb server", status != "down", ", ".join(told))


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
        yield _store(state["influxdb"])
        own = bool(state["influxdb"].get("pid"))
        processes = 1 + own + state["jobs"] + sum(state["functions"].values())
        used = f"{state['memory_bytes'] / 1024**2:.0f} MB in {processes} processes"
        yield Check("memory", True, f"{used}; idle ones end by themselves")
        waiting = ", ".join(f"{name}: {count}" for name, count in state["channels"].items())
        yield Check("messages", True, waiting or "no queue or topic holds any")
