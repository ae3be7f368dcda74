from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import urllib3
from urllib3.exceptions import HTTPError

from ons_local import influxd
from ons_local.influxd import Credentials, InfluxServer, find
from ons_platform.errors import StoreUnavailable

PARENT = """
import sys, time
from pathlib import Path
from ons_local.influxd import InfluxServer
server = InfluxServer(Path(sys.argv[1]))
server.start()
if sys.argv[2] == "paused":
    server.pause()
print(server.pid, flush=True)
time.sleep(60)
"""


def _program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def _write(server: InfluxServer, value: int) -> int:
    target = f"{server.url}/api/v2/write?org={server.org}&bucket=operation_data&precision=s"
    body = f"drill,dataset=drill value={value} {1_760_000_000 + value}"
    headers = {"Authorization": f"Token {server.write_token}"}
    pool = urllib3.PoolManager(retries=False, timeout=0.5)
    return pool.request("POST", target, body=body, headers=headers).status


def _count(server: InfluxServer) -> int:
    query = (
        'from(bucket: "operation_data") |> range(start: 2025-01-01T00:00:00Z)'
        ' |> filter(fn: (r) => r._measurement == "drill") |> count()'
    )
    headers = {"Authorization": f"Token {server.read_token}"}
    answer = urllib3.request(
        "POST",
        f"{server.url}/api/v2/query?org={server.org}",
        json={"query": query, "dialect": {"header": False}},
        headers=headers,
    )
    return int(answer.data.decode().split(",")[5])


def _gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class TestFinding:
    @pytest.fixture(autouse=True)
    def nothing_here(self, monkeypatch, tmp_path):
        monkeypatch.delenv("ONS_INFLUXD", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.setattr(influxd, "_BUILT", tmp_path / "built/influxd")
        (tmp_path / "bin").mkdir()
        (tmp_path / "built").mkdir()

    def test_nowhere(self, tmp_path):
        assert find() is None
        with pytest.raises(StoreUnavailable, match="make influxd"):
            InfluxServer(tmp_path / "data").start()

    def test_the_built_one_goes_before_that_on_path(self, tmp_path):
        on_path = _program(tmp_path / "bin/influxd", "exit 0")
        assert find() == on_path
        built = _program(tmp_path / "built/influxd", "exit 0")
        assert find() == built

    def test_the_named_one_is_the_only_one(self, tmp_path, monkeypatch):
        _program(tmp_path / "built/influxd", "exit 0")
        named = _program(tmp_path / "mine", "exit 0")
        monkeypatch.setenv("ONS_INFLUXD", str(named))
        assert find() == named
        monkeypatch.setenv("ONS_INFLUXD", "")
        assert find() is None

    def test_what_cannot_be_run_is_none(self, tmp_path):
        (tmp_path / "built/influxd").write_text("half a download")
        assert find() is None


class TestStarting:
    def test_one_that_ends_at_once_says_why(self, tmp_path):
        program = _program(tmp_path / "influxd", "echo lvl=error msg=broken; echo bye; exit 3")
        server = InfluxServer(tmp_path / "data", program=program)
        with pytest.raises(StoreUnavailable, match="ended while starting: lvl=error msg=broken"):
            server.start()
        assert server.pid is None

    def test_one_that_says_nothing(self, tmp_path):
        program = _program(tmp_path / "influxd", "exit 3")
        with pytest.raises(StoreUnavailable, match=r"ended while starting \(see .*influxd.log"):
            InfluxServer(tmp_path / "data", program=program).start()

    def test_one_that_does_not_come_up_is_not_left_running(self, tmp_path):
        script = f"echo $$ > {tmp_path}/pid; exec sleep 60"
        program = _program(tmp_path / "influxd", script)
        with pytest.raises(StoreUnavailable, match=r"did not answer within 5 s"):
            InfluxServer(tmp_path / "data", program=program, patience=5).start()
        _gone(int((tmp_path / "pid").read_text()))

    def test_one_that_listens_and_does_not_answer(self, tmp_path):
        script = "echo 'msg=Listening transport=http addr=x port=9'; exec sleep 60"
        program = _program(tmp_path / "influxd", script)
        with pytest.raises(StoreUnavailable, match="did not answer"):
            InfluxServer(tmp_path / "data", program=program, patience=0.5).start()

    def test_settings_of_another_influxd_are_not_taken_over(self, tmp_path, monkeypatch):
        monkeypatch.setenv("INFLUXD_BOLT_PATH", "/nowhere")
        monkeypatch.setenv("ONS_API_KEY", "secret")
        program = _program(tmp_path / "influxd", f"env > {tmp_path}/environment; exit 1")
        with pytest.raises(StoreUnavailable):
            InfluxServer(tmp_path / "data", program=program).start()
        seen = (tmp_path / "environment").read_text()
        assert "nowhere" not in seen
        assert "secret" not in seen

    def test_a_log_that_grew_large_makes_room(self, tmp_path, monkeypatch):
        monkeypatch.setattr(influxd, "_LOG_BYTES", 10)
        (tmp_path / "influxd.log").write_text("what was said last year\n")
        program = _program(tmp_path / "influxd", "echo lvl=error msg=new; exit 1")
        with pytest.raises(StoreUnavailable):
            InfluxServer(tmp_path, program=program).start()
        assert (tmp_path / "influxd.log.1").read_text() == "what was said last year\n"
        assert (tmp_path / "influxd.log").read_text() == "lvl=error msg=new\n"


def test_credentials_are_not_shown():
    known = Credentials(write="wwww", read="rrrr")
    assert {known.password, known.operator, "wwww", "rrrr"}.isdisjoint(repr(known).split("'"))
    assert known.operator != Credentials().operator


@pytest.mark.influxdb
@pytest.mark.usefixtures("own_influxd")
class TestRunning:
    def test_it_listens_on_the_loopback_address_only(self, influx_process: InfluxServer):
        port = int(influx_process.url.rpartition(":")[2])
        table = Path(f"/proc/{influx_process.pid}/net/tcp").read_text()
        table6 = Path(f"/proc/{influx_process.pid}/net/tcp6").read_text()
        assert f"0100007F:{port:04X}" in table
        assert f":{port:04X} 00000000000000000000000000000000:0000" not in table6

    def test_everything_is_in_its_folder_and_tokens_are_its_owners(
        self, influx_process: InfluxServer
    ):
        assert stat.S_IMODE(influx_process.folder.stat().st_mode) == 0o700
        path = influx_process.folder / "tokens.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        kept = json.loads(path.read_text())
        assert kept["write"] == influx_process.write_token
        assert kept["read"] == influx_process.read_token
        names = {path.name for path in influx_process.folder.iterdir()}
        assert {"influxd.bolt", "influxd.sqlite", "engine", "influxd.log"} <= names

    def test_no_secret_is_in_its_log_or_arguments(self, influx_process: InfluxServer):
        said = influx_process.log.read_text()
        said += Path(f"/proc/{influx_process.pid}/cmdline").read_text()
        said += Path(f"/proc/{influx_process.pid}/environ").read_text()
        known = influx_process.credentials
        for secret in (known.operator, known.password, known.write, known.read):
            assert secret
            assert secret not in said

    def test_data_and_tokens_outlive_stop_kill_and_another_object(
        self, influx_process: InfluxServer
    ):
        server, url = influx_process, influx_process.url
        tokens = server.write_token, server.read_token
        assert _write(server, 1) == 204
        server.kill()
        assert (server.alive, server.pid) == (False, None)
        with pytest.raises(HTTPError):
            _write(server, 2)
        server.start()
        assert _write(server, 3) == 204
        server.restart()
        assert (server.url, _count(server)) == (url, 2)
        server.stop()
        successor = InfluxServer(server.folder)
        successor.start()
        try:
            assert (successor.write_token, successor.read_token) == tokens
            assert _count(successor) == 2
        finally:
            successor.stop()

    def test_starting_what_runs_changes_nothing(self, influx_process: InfluxServer):
        pid = influx_process.pid
        influx_process.start()
        assert influx_process.pid == pid

    def test_a_frozen_one_answers_again_when_it_thaws(self, influx_process: InfluxServer):
        influx_process.pause()
        with pytest.raises(HTTPError):
            _write(influx_process, 1)
        assert influx_process.alive
        influx_process.resume()
        assert _write(influx_process, 1) == 204
        assert _count(influx_process) == 1

    def test_a_frozen_one_can_be_stopped(self, influx_process: InfluxServer):
        influx_process.pause()
        influx_process.stop()
        assert not influx_process.alive

    def test_a_folder_in_use_is_not_taken_twice(self, influx_process: InfluxServer):
        second = InfluxServer(influx_process.folder)
        with pytest.raises(StoreUnavailable, match="ended while starting"):
            second.start()
        assert influx_process.alive
        assert _write(influx_process, 1) == 204

    def test_a_taken_port_is_told(self, tmp_path):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            server = InfluxServer(tmp_path, port=taken.getsockname()[1])
            with pytest.raises(StoreUnavailable, match="address already in use"):
                server.start()
        assert server.pid is None

    @pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("{")])
    def test_lost_tokens_are_told_with_what_to_do(self, influx_process: InfluxServer, damage):
        influx_process.stop()
        damage(influx_process.folder / "tokens.json")
        server = InfluxServer(influx_process.folder)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match=r"tokens\.json was lost"):
                server.start()
            assert server.pid is None

    @pytest.mark.parametrize("state", ["running", "paused"])
    def test_it_does_not_outlive_a_killed_parent(self, tmp_path, state):
        command = [sys.executable, "-c", PARENT, str(tmp_path), state]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
            pid = int(parent.stdout.readline())
            os.kill(pid, 0)
            parent.kill()
        _gone(pid)
        server = InfluxServer(tmp_path)
        server.start()
        server.stop()
