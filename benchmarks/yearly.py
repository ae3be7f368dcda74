"""Yearly files by `ons backfill`, from a started platform to the last row in the lake.

25 generated `curva-carga` files of 35,000 rows. The seconds are those of the whole command, its
start included; CPU seconds are those of the command, the platform and its processes together.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from generate import generate_years
from upload import Started


def backfill(workdir: Path, years: int) -> dict[str, Any]:
    """Run it once, and once more to see that nothing is sent again."""
    folder = workdir / "years"
    files = generate_years(folder, years)
    with Started(workdir / "backfill") as platform:
        began, used = time.perf_counter(), platform.cpu_seconds() + _children()
        first = _command(folder, platform.data_dir)
        seconds = time.perf_counter() - began
        used = platform.cpu_seconds() + _children() - used
        memory = platform.http.get("/_platform").json()["memory_bytes"]
        began = time.perf_counter()
        again = _command(folder, platform.data_dir)
        repeated = time.perf_counter() - began
    assert first["statuses"] == {"completed": years}, first["statuses"]
    assert again["statuses"] == {"unchanged": years}, again["statuses"]
    return {
        "files": years,
        "bytes": sum(path.stat().st_size for path in files),
        "rows": first["rows"],
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used, 2),
        "platform_mib": round(memory / 1024**2),
        "again_seconds": round(repeated, 2),
    }


def _command(folder: Path, data_dir: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ons_local", "backfill", str(folder), "--json"],
        env={**os.environ, "ONS_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=True,
    )
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
