"""Starting, stopping, and what a machine can do to a process in between (DESIGN 11)."""

from __future__ import annotations

import random
import signal
import stat
import threading
import time
from pathlib import Path

import duckdb
import httpx
import pytest

SAMPLES = Path(__file__).parents[2] / "samples"
SMALL = {
    "CARGA_ENERGIA_2023.csv": "carga-energia",
    "CMO_SEMANAL_2024.csv": "cmo-semanal",
    "CURVA_CARGA_2023.csv": "curva-carga",
}
ENDS = {"completed", "superseded"}
UNMEASURED = {"COVERAGE_PROCESS_CONFIG": None}
"""A process killed while it writes its coverage leaves half a file of it."""


def test_starts_quickly_privately_and_small(fresh):
    began = time.monotonic()
    platform = fresh(ONS_LOCAL_IDLE_SECONDS="1").start()
    assert time.monotonic() - began < 5
    assert platform.url.startswith("http://127.0.0.1:")
    assert stat.S_IMODE((platform.data_dir / "api-key").stat().st_mode) == 0o600
    platform.upload(SAMPLES / "CMO_SEMANAL_2024.csv")
    with platform.http() as http:
        wait_until(lambda: sum(http.get("/_platform").json()["functions"].values()) <= 1)
        state = http.get("/_platform").json()
    assert state["functions"]["TimeseriesQueryProcessorFunction"] == 1
    assert state["memory_bytes"] < 400 * 1024**2
    logs = "".join(log.read_text() for log in platform.data_dir.glob("*.log"))
    assert platform.key not in logs


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly_and_all_its_children(fresh, number):
    platform = fresh().start()
    platform.upload(SAMPLES / "CMO_SEMANAL_2024.csv")
    children = children_of(platform.process.pid)
    assert children
    assert platform.stop(number) == 0
    wait_until(lambda: not any(map(alive, children)))
    assert not (platform.data_dir / "platform.json").exists()
    assert "Stopped" in (platform.data_dir / "up.log").read_text()


def test_what_a_stop_cuts_short_is_taken_up_again(fresh):
    platform = fresh().start()
    with platform.http() as http:
        put(http, SAMPLES / "BALANCO_ENERGIA_SUBSISTEMA_2023.csv")
    assert platform.stop() == 0
    entries = platform.start().wait_until_idle()
    assert [entry["status"] for entry in entries] == ["completed"]


def test_a_second_platform_on_the_directory_is_refused(fresh):
    platform = fresh().start()
    done = platform.ons("up", "--port", "0", "--data-dir", platform.data_dir)
    assert done.returncode == 73
    assert platform.url in done.stderr
    assert str(platform.process.pid) in done.stderr


def test_a_taken_port_is_told(fresh):
    platform = fresh().start()
    port = platform.url.rsplit(":", 1)[1]
    done = platform.ons("up", "--port", port, "--data-dir", platform.data_dir.parent / "other")
    assert done.returncode == 2
    assert "--port" in done.stderr


def test_a_stale_platform_file_is_no_platform(fresh):
    platform = fresh(**UNMEASURED).start()
    children = children_of(platform.process.pid)
    platform.kill()
    assert (platform.data_dir / "platform.json").exists()
    done = platform.ons("status")
    assert done.returncode == 69
    assert "ons up" in done.stderr
    wait_until(lambda: not any(map(alive, children)))
    assert platform.start().objects() == []


def test_kill_at_any_moment_loses_and_doubles_nothing(fresh, running):
    """Killed at random points while files arrive; in the end the lake is that of a quiet life."""
    chance = random.Random(20260101)
    platform = fresh(**UNMEASURED)
    acknowledged: set[tuple[str, str]] = set()
    for _ in range(7):
        platform.start()
        sender = threading.Thread(target=send_until_dead, args=(platform, acknowledged))
        sender.start()
        time.sleep(chance.uniform(0.05, 2.5))
        platform.kill()
        sender.join()
    with platform.start().http() as http:
        for name in SMALL:
            put(http, SAMPLES / name)
    entries = platform.wait_until_idle()

    assert acknowledged
    known = {(e["version"]["key"], e["version"]["version_id"]): e for e in entries}
    assert acknowledged <= known.keys()
    assert {entry["status"] for entry in known.values()} <= ENDS
    newest = {key: max(v for k, v in known if k == key) for key, _ in known}
    assert {known[found]["status"] for found in newest.items()} == {"completed"}
    for name, dataset in SMALL.items():
        mine, theirs = lake(platform, name, dataset), lake(running, name, dataset)
        assert mine
        assert mine == theirs


def send_until_dead(platform, acknowledged) -> None:
    try:
        with platform.http() as http:
            while True:
                for name in SMALL:
                    acknowledged.add(put(http, SAMPLES / name))
    except (httpx.TransportError, AssertionError, FileNotFoundError, ValueError):
        return


def put(http: httpx.Client, path: Path) -> tuple[str, str]:
    """Upload as a client without checksum would; returns key and version once acknowledged."""
    body = path.read_bytes()
    grant = http.post("/uploads", json={"filename": path.name, "size": len(body)}).json()
    response = http.put(grant["url"], content=body)
    assert response.status_code == 200
    return grant["key"], response.headers["x-amz-version-id"]


def lake(platform, source: str, dataset: str) -> list[tuple]:
    """Every lake row that came from a raw file, but for when it was processed."""
    (bucket,) = (platform.data_dir / "buckets").glob("*processed*")
    files = str(bucket / "dataset=*" / "year=*" / "month=*" / f"{dataset}.parquet")
    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT * EXCLUDE (processed_at) FROM read_parquet(?)"
            " WHERE ends_with(source_file, ?) ORDER BY ALL",
            [files, source],
        ).fetchall()


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def test_the_data_directory_is_all_there_is(fresh, tmp_path):
    """Moved elsewhere, the platform goes on where it was."""
    platform = fresh().start()
    platform.upload(SAMPLES / "CMO_SEMANAL_2024.csv")
    platform.stop()
    platform.data_dir.rename(tmp_path / "moved")
    moved = fresh(tmp_path / "moved").start()
    assert moved.upload(SAMPLES / "CMO_SEMANAL_2024.csv")["status"] == "unchanged"


def test_what_a_killed_process_left_is_swept(fresh):
    platform = fresh(**UNMEASURED).start()
    platform.upload(SAMPLES / "CMO_SEMANAL_2024.csv")
    platform.kill()
    (bucket,) = (platform.data_dir / "buckets").glob("*raw*")
    left = [platform.data_dir / "tmp/uploads/half", platform.data_dir / "tmp/functions/half"]
    left.append(bucket / ".tmp" / "half")
    for path in left:
        path.write_text("half a file")
    platform.start()
    assert not any(path.exists() for path in left)
    assert platform.upload(SAMPLES / "CMO_SEMANAL_2024.csv")["status"] == "unchanged"
