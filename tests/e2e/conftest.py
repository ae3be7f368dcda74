"""Platforms as people run them: `ons up` in a process of its own, `ons …` against it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from ons_local.instance import find_instance

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
START_SECONDS = 30.0
_NOT_INHERITED = ("INFLUX", "ONS_")


@dataclass
class Running:
    """A platform on a data directory, and the commands that use it."""

    data_dir: Path
    environment: dict[str, str | None] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> Running:
        """Run `ons up` on a free port until it answers."""
        command = [sys.executable, "-m", "ons_local", "up", "--port", "0", *options]
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--data-dir", str(self.data_dir)], env=self._env(), stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while find_instance(self.data_dir) is None:
            assert self.process.poll() is None, (self.data_dir / "up.log").read_text()
            assert time.monotonic() < deadline, "it did not start"
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """As a power cut would end it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGINT) -> int:
        """End it the way people and service managers do; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    @property
    def url(self) -> str:
        instance = find_instance(self.data_dir)
        assert instance is not None
        return instance.url

    @property
    def key(self) -> str:
        return (self.data_dir / "api-key").read_text().strip()

    def http(self, **more: Any) -> httpx.Client:
        """A client of the HTTP API with the key."""
        options = {"headers": {"x-api-key": self.key}, "timeout": 60, "trust_env": False}
        return httpx.Client(base_url=self.url, **{**options, **more})

    def ons(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the `ons` command against it."""
        return subprocess.run(
            [sys.executable, "-m", "ons_local", *map(str, arguments)],
            env={**self._env(), "ONS_DATA_DIR": str(self.data_dir), **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def begin(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start the `ons` command against it and let it run."""
        return subprocess.Popen(
            [sys.executable, "-m", "ons_local", *map(str, arguments)],
            env={**self._env(), "ONS_DATA_DIR": str(self.data_dir)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def json(self, *arguments: str | Path) -> Any:
        """Run a command with `--json`; its stdout must be one JSON document."""
        done = self.ons(*arguments, "--json")
        return json.loads(done.stdout)

    def upload(self, path: Path) -> dict[str, Any]:
        """Upload one file and return what became of it."""
        (result,) = self.json("upload", path)
        return dict(result)

    def objects(self) -> list[dict[str, Any]]:
        """Every ledger entry."""
        with self.http() as http:
            return list(http.get("/objects", params={"limit": 1000}).json()["objects"])

    def wait_until_idle(self, seconds: float = 90.0) -> list[dict[str, Any]]:
        """Wait until every object has come to an end, and return the entries."""
        deadline = time.monotonic() + seconds
        while True:
            entries = self.objects()
            if all(e["status"] in ("completed", "superseded", "failed") for e in entries):
                return entries
            assert time.monotonic() < deadline, [
                (e["version"]["key"], e["status"]) for e in entries
            ]
            time.sleep(0.1)

    def _env(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}
        wanted = {"ONS_LOCAL_RETRY_SCALE": "0.01", "NO_COLOR": "1", **self.environment}
        given = {**inherited, **wanted}
        return {name: value for name, value in given.items() if value is not None}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One platform for the whole session, with the samples in its lake."""
    platform = Running(tmp_path_factory.mktemp("platform")).start()
    uploaded = platform.json("upload", SAMPLES)
    assert {result["status"] for result in uploaded} == {"completed"}, uploaded
    yield platform
    platform.stop()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Platforms of one test, killed at its end if they still run."""
    made: list[Running] = []

    def make(data_dir: Path | None = None, **environment: str | None) -> Running:
        platform = Running(data_dir or tmp_path / "data", environment)
        made.append(platform)
        return platform

    yield make
    for platform in made:
        if platform.process is not None and platform.process.poll() is None:
            platform.kill()
    shutil.rmtree(tmp_path / "data", ignore_errors=True)


@pytest.fixture(scope="module")
def starter() -> Iterator[Callable[..., Running]]:
    """Platforms of one module, killed at its end if they still run."""
    made: list[Running] = []

    def make(data_dir: Path, **environment: str | None) -> Running:
        made.append(Running(data_dir, environment))
        return made[-1]

    yield make
    for platform in made:
        if platform.process is not None and platform.process.poll() is None:
            platform.kill()
