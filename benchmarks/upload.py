"""From sending a file to a right answer about it, against a running platform.

The file is a year of hourly load (1.5 MB), its values new each time, so that nothing is taken from
a cache. The first is sent to a platform just started, the others to one that is warm; each is done
when a question about it over HTTP answers its new value.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from ons_local.instance import find_instance

NAME = "CURVA_CARGA_2023.csv"
SAMPLE = Path(__file__).parents[1] / "samples" / NAME
QUESTION = "Qual foi a carga do Sul em 10/05/2023 às 10h?"
ROW = "S;SUL;2023-05-10 10:00:00;"


def upload_to_queryable(workdir: Path, times: int = 6) -> dict[str, Any]:
    """Seconds of the first upload and of the others (best, median, worst)."""
    with Started(workdir / "platform") as platform:
        seconds = [_seconds(platform.http, value) for value in range(20_001, 20_001 + times)]
    warm = sorted(seconds[1:])
    return {
        "bytes": SAMPLE.stat().st_size,
        "first_seconds": round(seconds[0], 2),
        "warm_seconds": [round(warm[place], 2) for place in (0, len(warm) // 2, -1)],
    }


class Started:
    """A platform of its own inside the `with`; `http` is a client with its key."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def __enter__(self) -> Started:
        command = [sys.executable, "-m", "ons_local", "up", "--port", "0", "--data-dir"]
        self._process = subprocess.Popen(
            [*command, str(self.data_dir)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while (instance := find_instance(self.data_dir)) is None:
            time.sleep(0.02)
        key = (self.data_dir / "api-key").read_text().strip()
        self.http = httpx.Client(base_url=instance.url, headers={"x-api-key": key}, timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self._process.terminate()
        self._process.wait()

    def cpu_seconds(self) -> float:
        """User and system time of the platform and of the processes it runs at the moment."""
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/children")
        children = [int(pid) for task in tasks for pid in task.read_text().split()]
        return sum(_cpu_seconds(pid) for pid in [self._process.pid, *children])


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _seconds(http: httpx.Client, value: int) -> float:
    body = _with_value(value)
    started = time.perf_counter()
    grant = http.post("/uploads", json={"filename": NAME, "size": len(body)}).json()
    http.put(grant["url"], content=body).raise_for_status()
    while http.post("/query", json={"question": QUESTION}).json().get("value") != value:
        time.sleep(0.01)
    return time.perf_counter() - started


def _with_value(value: int) -> bytes:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    (place,) = (place for place, line in enumerate(lines) if line.startswith(ROW))
    lines[place] = f"{ROW}{value}\n"
    return "".join(lines).encode()
