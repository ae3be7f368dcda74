"""`scripts/validate_influxdb_performance.py` as an operator runs it; how fast is not asked here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ons_platform.timeseries.client import InfluxClient

SCRIPT = Path(__file__).parents[2] / "scripts/validate_influxdb_performance.py"
LEFT = """from(bucket: "generation_data") |> range(start: 1970-01-01T00:00:00Z)
  |> filter(fn: (r) => r.dataset == "performance-check") |> group() |> count()"""


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.influxdb
def test_every_aim_is_measured_and_nothing_is_left_behind(influx_server: Any) -> None:
    named = {
        "INFLUXDB_URL": influx_server.url,
        "INFLUXDB_TOKEN": influx_server.write_token,
        "INFLUXDB_ORG": influx_server.org,
    }
    ran = run(
        "--json", "--rate", "500", "--seconds", "1", "--plants", "2", "--repeat", "1",
        "--mixed-seconds", "1", **named,
    )  # fmt: skip
    checks = {item["requirement"]: item for item in json.loads(ran.stdout)["checks"]}
    assert set(checks) == {"TSD-16", "TST-10", "TST-11", "TST-12"}
    assert ran.returncode == (0 if all(item["met"] for item in checks.values()) else 1)
    for item in checks.values():
        assert item["milliseconds"]["p50"] <= item["milliseconds"]["p95"]
    assert checks["TST-11"]["figures"]["points"] == 2 * 30 * 24 * 60
    mixed = checks["TST-12"]["figures"]
    assert min(mixed["queries_per_second"], mixed["points_per_second"]) > 0
    client = InfluxClient(influx_server.url, influx_server.read_token, influx_server.org)
    assert client.flux(LEFT) == []


@pytest.mark.influxdb
def test_the_health_check_is_one_point_and_a_table(influx_server: Any) -> None:
    ran = run(
        "--health-check-only",
        INFLUXDB_URL=influx_server.url,
        INFLUXDB_TOKEN=influx_server.write_token,
        INFLUXDB_ORG=influx_server.org,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "met    health (TSD-16" in ran.stdout


def test_a_server_that_does_not_answer_is_told_without_its_token() -> None:
    ran = run("--health-check-only", INFLUXDB_URL="http://127.0.0.1:1", INFLUXDB_TOKEN="s3cret")
    assert ran.returncode == 75
    assert ran.stderr.startswith("StoreUnavailable: ")
    assert "s3cret" not in ran.stderr


def test_without_any_server_it_says_what_to_do() -> None:
    ran = run("--health-check-only", INFLUXDB_URL="", ONS_INFLUXD="")
    assert ran.returncode == 2
    assert "make influxd" in ran.stderr
