"""`make influxd` and compose.yaml: what they say and do where there is nothing to build with."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from ons_platform.timeseries.points import BUCKETS

ROOT = Path(__file__).parents[2]
NEEDED = ("bash", "cat", "cksum", "dirname", "head")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs that has what every machine has, and no compiler."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in NEEDED:
        (programs / name).symlink_to(shutil.which(name))
    return programs


def _add(machine: Path, name: str, script: str) -> None:
    (machine / name).write_text(f"#!/bin/bash\n{script}\n")
    (machine / name).chmod(0o755)


def _build(machine: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [machine / "bash", ROOT / "tools/influxd/build", target],
        env={"PATH": str(machine), "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_missing_and_what_can_be_done_instead_is_told(machine, tmp_path):
    _add(machine, "cargo", "exit 0")
    done = _build(machine, tmp_path / "target")
    assert done.returncode == 1
    assert "this machine lacks: go cc" in done.stderr
    for way in ("apt-get install", "docker compose", "INFLUXDB_URL", "on PATH"):
        assert way in done.stderr
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize(
    "said", ["InfluxDB v2.7.11 (git: fbf5d4ab5e)", "InfluxDB 2.7.12 (git: none)"]
)
def test_an_influxd_on_path_makes_building_needless(machine, tmp_path, said):
    _add(machine, "influxd", f"echo '{said}'")
    done = _build(machine, tmp_path / "target")
    assert done.returncode == 0
    assert "nothing to build" in done.stdout


def test_an_influxd_of_another_version_does_not(machine, tmp_path):
    _add(machine, "influxd", "echo 'InfluxDB shell version: 1.6.7'")
    done = _build(machine, tmp_path / "target")
    assert done.returncode == 1
    assert "is not the 2.7 that is wanted" in done.stdout


def test_what_was_built_from_these_sources_is_not_built_again(machine, tmp_path):
    sources = b"".join(
        (ROOT / "tools/influxd" / name).read_bytes() for name in ("build", "go.mod", "go.sum")
    )
    sums = subprocess.run([machine / "cksum"], input=sources, capture_output=True, check=True)
    (tmp_path / "built-from").write_bytes(sums.stdout)
    _add(tmp_path, "influxd", "exit 0")
    done = _build(machine, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "already" in done.stdout


def test_the_versions_agree():
    module = (ROOT / "tools/influxd/go.mod").read_text()
    script = (ROOT / "tools/influxd/build").read_text()
    (version,) = [line[8:] for line in script.splitlines() if line.startswith("version=")]
    assert f"github.com/influxdata/influxdb/v2 v{version} " in module


def test_the_container_answers_on_this_machine_only_and_holds_no_secret():
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["influxdb"]
    assert service["image"] == "influxdb:2.7"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    given = service["environment"]
    assert given["DOCKER_INFLUXDB_INIT_ORG"] == "ons-energy"
    assert given["DOCKER_INFLUXDB_INIT_BUCKET"] in BUCKETS
    for name in ("PASSWORD", "ADMIN_TOKEN"):
        assert given[f"DOCKER_INFLUXDB_INIT_{name}"].startswith("${INFLUXDB_")
