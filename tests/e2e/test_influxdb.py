"""The platform with an InfluxDB beside it, and without one (TSD-5, TSD-10, SEC)."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
import urllib3

from influx import Influx

SAMPLE = Path(__file__).parents[2] / "samples/CMO_SEMANAL_2024.csv"
UNMEASURED = {"COVERAGE_PROCESS_CONFIG": None}
"""A process killed while it writes its coverage leaves half a file of it."""


def until(condition, seconds: float = 40.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


def state(platform) -> dict:
    with platform.http() as http:
        return http.get("/_platform").json()["influxdb"]


def running(platform) -> dict:
    return until(lambda: found if (found := state(platform))["status"] == "running" else None)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def told(platform) -> dict[str, str]:
    """The store's token that each running function was given, by package; '' for none."""
    found = {}
    children = Path(f"/proc/{platform.process.pid}/task").glob("*/children")
    for pid in (pid for child in children for pid in child.read_text().split()):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            environ = Path(f"/proc/{pid}/environ").read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if "awslambdaric" in command:
            variables = dict(line.split("=", 1) for line in environ if "=" in line)
            package = command[command.index("awslambdaric") + 1].partition(".")[0]
            found[package] = variables["INFLUXDB_TOKEN"]
    return found


def tokens(platform) -> dict[str, str]:
    return json.loads((platform.data_dir / "influxdb/tokens.json").read_text())


def test_none_is_needed(fresh):
    platform = fresh(ONS_INFLUXD="").start()
    assert state(platform)["status"] == "absent"
    assert "make influxd" in platform.ons("doctor").stdout
    assert "make influxd" in (platform.data_dir / "up.log").read_text()
    assert platform.upload(SAMPLE)["status"] == "completed"
    assert set(told(platform).values()) == {""}
    doctor = platform.json("doctor")
    assert doctor["ok"]


def test_one_that_never_comes_up_is_not_waited_for(fresh, tmp_path):
    program = tmp_path / "influxd"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    platform = fresh(ONS_INFLUXD=str(program)).start()
    assert state(platform)["status"] == "starting"
    assert platform.upload(SAMPLE)["status"] == "completed"
    pid = state(platform)["pid"]
    assert alive(pid)
    assert platform.stop() == 0
    until(lambda: not alive(pid))


def test_a_url_without_a_token_is_refused(fresh, tmp_path):
    done = fresh().ons(
        "up", "--port", "0", "--data-dir", tmp_path / "other", INFLUXDB_URL="http://127.0.0.1:9"
    )
    assert done.returncode == 2
    assert "INFLUXDB_TOKEN" in done.stderr


@pytest.mark.influxdb
@pytest.mark.usefixtures("own_influxd")
class TestItsOwn:
    def test_each_function_gets_the_least_token(self, fresh):
        platform = fresh().start()
        running(platform)
        known = tokens(platform)
        reading = {"platform_api": known["read"], "timeseries_query_processor": known["read"]}
        until(lambda: reading.items() <= told(platform).items())
        assert platform.upload(SAMPLE)["status"] == "completed"
        given = told(platform)
        assert given.pop("influxdb_loader") == known["write"]
        assert {package for package, token in given.items() if token} == reading.keys()

    def test_status_and_doctor_show_it_and_nothing_shows_a_token(self, fresh):
        platform = fresh().start()
        seen = running(platform)
        (check,) = [
            check
            for check in platform.json("doctor")["checks"]
            if check["name"] == "influxdb server"
        ]
        assert check["ok"]
        for part in (seen["url"], seen["version"], str(seen["pid"]), "MB on disk"):
            assert part in check["detail"]
        shown = platform.ons("status").stdout + platform.ons("status", "--json").stdout
        assert seen["version"] in shown
        shown += "".join(path.read_text() for path in platform.data_dir.rglob("*.log"))
        known = tokens(platform)
        for name in ("operator", "password", "read", "write"):
            assert known[name] not in shown

    def test_it_is_not_wanted(self, fresh):
        platform = fresh().start("--no-influxdb")
        assert state(platform)["status"] == "absent"
        assert not (platform.data_dir / "influxdb").exists()

    def test_one_that_was_killed_comes_back_where_it_was(self, fresh):
        platform = fresh().start()
        before = running(platform)
        os.kill(before["pid"], signal.SIGKILL)
        after = until(
            lambda: (
                found
                if (found := state(platform))["status"] == "running"
                and found["pid"] != before["pid"]
                else None
            )
        )
        assert after["url"] == before["url"]

    def test_killing_the_platform_ends_it_and_the_next_start_takes_its_data(self, fresh):
        platform = fresh(**UNMEASURED).start()
        before = running(platform)
        known = tokens(platform)
        write(before["url"], known["write"])
        platform.kill()
        until(lambda: not alive(before["pid"]))
        platform.start()
        after = running(platform)
        assert tokens(platform) == known
        assert after["url"] == before["url"]
        assert "left-behind" in read(after["url"], known["read"])

    def test_a_frozen_one_does_not_outlive_it_either(self, fresh):
        platform = fresh(**UNMEASURED).start()
        pid = running(platform)["pid"]
        os.kill(pid, signal.SIGSTOP)
        platform.kill()
        until(lambda: not alive(pid))


@pytest.mark.influxdb
class TestNamed:
    def test_a_server_of_somebody_else_is_prepared_and_used(self, fresh, influx_server: Influx):
        platform = fresh(
            INFLUXDB_URL=influx_server.url,
            INFLUXDB_ORG="of-the-platform",
            INFLUXDB_OPERATOR_TOKEN=influx_server.operator_token,
        ).start()
        seen = running(platform)
        assert seen["url"] == influx_server.url
        given = until(lambda: found if (found := told(platform)).get("platform_api") else None)
        assert given["platform_api"] not in (influx_server.operator_token, "")
        assert not (platform.data_dir / "influxdb").exists()

    def test_with_a_token_it_is_used_as_it_is(self, fresh, influx_server: Influx):
        token = influx_server.write_token
        platform = fresh(
            INFLUXDB_URL=influx_server.url, INFLUXDB_ORG=influx_server.org, INFLUXDB_TOKEN=token
        ).start()
        running(platform)
        assert until(lambda: told(platform))["platform_api"] == token


def write(url: str, token: str) -> None:
    target = f"{url}/api/v2/write?org=ons-energy&bucket=operation_data&precision=s"
    body = f"left,dataset=left-behind value=1 {int(time.time())}"
    answer = urllib3.request("POST", target, body=body, headers={"Authorization": f"Token {token}"})
    assert answer.status == 204


def read(url: str, token: str) -> str:
    query = 'from(bucket: "operation_data") |> range(start: -1d)'
    target = f"{url}/api/v2/query?org=ons-energy"
    headers = {"Authorization": f"Token {token}"}
    answer = urllib3.request("POST", target, json={"query": query}, headers=headers)
    assert answer.status == 200
    return answer.data.decode()
