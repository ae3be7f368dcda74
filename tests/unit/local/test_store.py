from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from influx import Influx
from ons_local import store
from ons_local.influxd import InfluxServer
from ons_local.store import Access, NamedStore, NoStore, OwnStore, PreparedStore, choose
from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.bootstrap import bootstrap

ACCESS = Access("http://store:8086", "ons-energy", write="may-write", read="may-read")


def _until(condition, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@pytest.fixture
def influxd_here(tmp_path, monkeypatch) -> Path:
    program = tmp_path / "influxd"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("ONS_INFLUXD", str(program))
    return program


class TestAccess:
    @pytest.mark.parametrize("package", ["influxdb_loader", "timeseries_migrator"])
    def test_who_writes_gets_the_token_that_writes(self, package):
        told = ACCESS.environment(package)
        assert told["INFLUXDB_TOKEN"] == "may-write"
        assert told["INFLUXDB_URL"] == ACCESS.url
        assert told["INFLUXDB_ORG"] == ACCESS.org

    @pytest.mark.parametrize("package", ["platform_api", "timeseries_query_processor"])
    def test_who_asks_gets_the_token_that_reads(self, package):
        assert ACCESS.environment(package)["INFLUXDB_TOKEN"] == "may-read"

    @pytest.mark.parametrize("package", ["lambda_router", "structured_data_processor"])
    def test_others_are_told_nothing(self, package):
        told = ACCESS.environment(package)
        assert set(told.values()) == {""}
        assert "INFLUXDB_URL" in told

    def test_tokens_are_not_shown(self):
        assert "may-" not in repr(ACCESS)


class TestChoosing:
    @pytest.mark.usefixtures("influxd_here")
    def test_not_wanted(self, tmp_path):
        chosen = choose(tmp_path, {"INFLUXDB_URL": "http://x"}, wanted=False)
        assert isinstance(chosen, NoStore)
        assert "--no-influxdb" in chosen.state()["detail"]

    def test_none_to_be_had(self, tmp_path, monkeypatch):
        monkeypatch.setenv("ONS_INFLUXD", "")
        chosen = choose(tmp_path, {}, wanted=True)
        assert chosen.access is None
        assert chosen.state()["status"] == "absent"
        assert "make influxd" in chosen.state()["detail"]
        assert set(chosen.environment("influxdb_loader").values()) == {""}
        chosen.start(lambda: None)
        chosen.close()

    @pytest.mark.usefixtures("influxd_here")
    def test_its_own(self, tmp_path):
        chosen = choose(tmp_path, {}, wanted=True)
        assert isinstance(chosen, OwnStore)
        assert chosen.access is None

    @pytest.mark.usefixtures("influxd_here")
    def test_the_named_one_goes_first(self, tmp_path):
        environ = {
            "INFLUXDB_URL": "http://x:1",
            "INFLUXDB_TOKEN": "t",
            "INFLUXDB_ORG": "mine",
        }
        chosen = choose(tmp_path, environ, wanted=True)
        assert isinstance(chosen, NamedStore)
        assert chosen.access == Access("http://x:1", "mine", "t", "t")
        assert chosen.environment("influxdb_loader")["INFLUXDB_ORG"] == "mine"

    def test_with_an_operator_token_it_is_prepared(self, tmp_path):
        environ = {
            "INFLUXDB_URL": "http://x:1",
            "INFLUXDB_OPERATOR_TOKEN": "o",
            "INFLUXDB_TOKEN": "t",
        }
        chosen = choose(tmp_path, environ, wanted=True)
        assert isinstance(chosen, PreparedStore)
        assert set(chosen.environment("platform_api").values()) == {""}

    def test_a_url_without_a_token_is_refused(self, tmp_path):
        with pytest.raises(InvalidRequest, match="INFLUXDB_TOKEN"):
            choose(tmp_path, {"INFLUXDB_URL": "http://x"}, wanted=True)


class TestPorts:
    def test_the_same_for_a_folder_and_another_when_taken(self, tmp_path):
        first = store._free_port(tmp_path)
        assert store._free_port(tmp_path) == first
        assert 20_000 <= first < 30_000
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", first))
            taken.listen()
            assert store._free_port(tmp_path) != first
        assert store._free_port(tmp_path) == first


class _Health(http.server.BaseHTTPRequestHandler):
    body = b"{}"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


class TestState:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"status": "pass", "version": "v2.7.12"}, {"status": "running", "version": "2.7.12"}),
            ({"status": "fail", "version": "2.7.4"}, {"status": "down", "version": "2.7.4"}),
            ("no json", {"status": "down", "detail": "it does not answer"}),
        ],
    )
    def test_a_named_server_is_asked(self, body, expected):
        handler = type("Handler", (_Health,), {"body": json.dumps(body).encode()})
        if body == "no json":
            handler.body = b"<html>"
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}"
            assert NamedStore(Access(url, "o", "t", "t")).state() == {"url": url, **expected}
            server.shutdown()

    def test_nobody_there(self):
        state = NamedStore(Access("http://127.0.0.1:9", "o", "t", "t")).state()
        assert state["status"] == "down"


def test_an_influxd_that_does_not_start_is_trouble_and_tried_again(
    tmp_path, influxd_here, monkeypatch
):
    monkeypatch.setattr(store, "_FIRST_PAUSE_SECONDS", 0.01)
    count = tmp_path / "count"
    influxd_here.write_text(f"#!/bin/sh\necho again >> {count}\nexit 3\n")
    kept = OwnStore(tmp_path / "influxdb")
    assert kept.state()["status"] == "starting"
    kept.start(lambda: pytest.fail("nothing has changed"))
    _until(lambda: count.exists() and count.read_text().count("again") >= 3)
    _until(lambda: kept.state()["status"] == "down")
    assert "ended while starting" in kept.state()["detail"]
    kept.close()
    tried = count.read_text()
    time.sleep(0.1)
    assert count.read_text() == tried


@pytest.mark.influxdb
class TestPrepared:
    def test_a_named_server_gets_its_buckets_and_gives_its_tokens(self, influx_server: Influx):
        environ = {
            "INFLUXDB_URL": influx_server.url,
            "INFLUXDB_ORG": "prepared",
            "INFLUXDB_OPERATOR_TOKEN": influx_server.operator_token,
        }
        prepared = choose(Path("unused"), environ, wanted=True)
        changed = threading.Event()
        prepared.start(changed.set)
        assert changed.wait(30)
        tokens = bootstrap(
            influx_server.url, "prepared", operator_token=influx_server.operator_token
        )
        assert prepared.environment("influxdb_loader")["INFLUXDB_TOKEN"] == tokens.write
        assert prepared.environment("platform_api")["INFLUXDB_TOKEN"] == tokens.read
        assert prepared.state()["status"] == "running"
        prepared.close()

    def test_it_is_waited_for(self, influx_process: InfluxServer, monkeypatch):
        monkeypatch.setattr(store, "_FIRST_PAUSE_SECONDS", 0.05)
        influx_process.stop()
        prepared = PreparedStore(
            influx_process.url, influx_process.org, influx_process.operator_token
        )
        changed = threading.Event()
        prepared.start(changed.set)
        assert not changed.wait(0.3)
        influx_process.start()
        assert changed.wait(30)
        assert prepared.access.write == influx_process.write_token
        prepared.close()


@pytest.mark.influxdb
@pytest.mark.usefixtures("own_influxd")
class TestOwn:
    @pytest.fixture(autouse=True)
    def quickly(self, monkeypatch):
        monkeypatch.setattr(store, "_FIRST_PAUSE_SECONDS", 0.05)

    def test_told_at_its_first_start_and_known_at_later_ones(self, tmp_path):
        told = []
        first = OwnStore(tmp_path / "store")
        first.start(lambda: told.append(first.access))
        _until(lambda: told)
        first.close()
        assert first.state()["pid"] is None
        second = OwnStore(tmp_path / "store")
        assert second.access == told[0]
        second.start(lambda: told.append("again"))
        _until(lambda: second.state()["status"] == "running")
        state = second.state()
        second.close()
        assert told == [second.access]
        assert state["version"].startswith("2.7")
        assert state["disk_bytes"] > 0
        assert state["url"] == second.access.url

    def test_one_that_was_killed_comes_back_at_the_same_address(self, tmp_path):
        kept = OwnStore(tmp_path / "store")
        kept.start(lambda: None)
        _until(lambda: kept.state()["status"] == "running")
        before = kept.state()
        os.kill(before["pid"], signal.SIGKILL)
        _until(lambda: kept.state()["status"] == "running")
        after = kept.state()
        kept.close()
        assert after["pid"] != before["pid"]
        assert after["url"] == before["url"]

    def test_a_frozen_one_is_down_and_can_be_closed(self, tmp_path):
        kept = OwnStore(tmp_path / "store")
        kept.start(lambda: None)
        _until(lambda: kept.state()["status"] == "running")
        os.kill(kept.state()["pid"], signal.SIGSTOP)
        _until(lambda: kept.state()["status"] == "down")
        kept.close()
        assert kept.state()["pid"] is None
