"""The server stops, is killed, freezes, fills up and comes back under load (TSD-16, TST-13).

What was acknowledged is there afterwards, once; what was not has been told as `StoreUnavailable`;
nobody waits for a server that is gone. Each drill has a real influxd of its own.
"""

from __future__ import annotations

import itertools
import json
import resource
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ons_local.influxd import InfluxServer
from ons_platform.api.platform import handle
from ons_platform.api.services import Services
from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.errors import StoreUnavailable
from ons_platform.timeseries.breaker import Breaker, State
from ons_platform.timeseries.client import InfluxClient

pytestmark = pytest.mark.influxdb

BUCKET = "generation_data"
START = 1_700_000_000_000_000
LINES = 200
"""Of one request."""
OPEN_SECONDS = 0.3
NEVER = 300.0
"""Seconds of a request's own limit that no drill may come near: `soon` fails long before."""
COUNT = (
    f'from(bucket: "{BUCKET}") |> range(start: 2023-01-01T00:00:00Z, stop: 2025-01-01T00:00:00Z)'
    ' |> filter(fn: (r) => r._measurement == "drill") |> group() |> count()'
)


def soon(future: Future[Any]) -> Any:
    """The result of what must not hang."""
    return future.result(timeout=NEVER / 5)


@contextmanager
def client_of(server: InfluxServer) -> Iterator[InfluxClient]:
    breaker = Breaker(failures=3, seconds=OPEN_SECONDS)
    client = InfluxClient(
        server.url, server.write_token, server.org, breaker=breaker, timeout=NEVER
    )
    with closing(client):
        yield client


def batch(number: int, writer: int = 0) -> bytes:
    """Points that no other batch has."""
    first = START + number * LINES
    rows = (f"drill,writer={writer} v={index}.5 {first + index}" for index in range(LINES))
    return "\n".join(rows).encode()


def held(client: InfluxClient) -> int:
    """Points in the store, as both languages count them."""
    (series,) = client.influxql('SELECT count(v) FROM "drill"', database=BUCKET)
    tables = client.flux(COUNT)
    counted = int(series[0].values[0][1]) if series else 0
    assert counted == (tables[0].columns["_value"][0] if tables else 0)
    return counted


def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come; the test's own time limit says when it does not."""
    while not condition():
        time.sleep(0.02)


def back(client: InfluxClient) -> bool:
    try:
        client.flux(COUNT)
    except StoreUnavailable:
        return False
    return True


class Load:
    """Readers and writers at work until they are told to stop.

    A writer repeats a batch until it is acknowledged. Whatever is raised but `StoreUnavailable`
    ends its thread and is raised by `stop`.
    """

    def __init__(self, client: InfluxClient, writers: int = 4, readers: int = 4) -> None:
        self._client = client
        self.refused = 0
        self.done = 0
        self.acknowledged = 0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._pool = ThreadPoolExecutor(writers + readers)
        self._writers = [self._pool.submit(self._write, number) for number in range(writers)]
        self._readers = [self._pool.submit(self._read) for _ in range(readers)]

    def stop(self) -> int:
        """How many batches were acknowledged."""
        self._end.set()
        written = sum(soon(future) for future in self._writers)
        for future in self._readers:
            soon(future)
        self._pool.shutdown()
        return written

    def _write(self, writer: int) -> int:
        for number in itertools.count():
            if self._end.is_set():
                return number
            data = batch(number, writer)
            while not self._tried(partial(self._client.write, BUCKET, data)):
                time.sleep(0.01)
            with self._lock:
                self.acknowledged += 1
        raise AssertionError

    def _read(self) -> None:
        while not self._end.is_set():
            self._tried(self._look)
            time.sleep(0.005)

    def _look(self) -> None:
        acknowledged = self.acknowledged
        seen = self._client.influxql('SELECT count(v) FROM "drill"', database=BUCKET)
        count = seen[0][0].values[0][1] if seen[0] else 0
        assert count >= acknowledged * LINES, "acknowledged points were lost"

    def _tried(self, call: Callable[[], object]) -> bool:
        try:
            call()
        except StoreUnavailable:
            self.refused += 1
            return False
        self.done += 1
        return True


@pytest.mark.parametrize("way", ["stop", "kill", "freeze"])
def test_it_goes_and_comes_back_under_load(influx_process: InfluxServer, way: str) -> None:
    server = influx_process
    with client_of(server) as client:
        load = Load(client)
        for _ in range(2):
            until(lambda seen=load.done: load.done > seen + 50)
            {"stop": server.stop, "kill": server.kill, "freeze": server.pause}[way]()
            until(lambda: client.breaker.state is State.OPEN)
            until(lambda seen=load.refused: load.refused > seen + 50)
            (server.resume if way == "freeze" else server.start)()
            until(lambda seen=load.done: load.done > seen + 50)
            assert client.breaker.state is State.CLOSED
        written = load.stop()
        assert written > 0
        assert held(client) == written * LINES
        server.restart()
        until(lambda: back(client))
        assert held(client) == written * LINES


def test_a_frozen_server_is_waited_for_once(influx_process: InfluxServer) -> None:
    server = influx_process
    with client_of(server) as client, ThreadPoolExecutor(1) as pool:
        client.write(BUCKET, batch(0))
        server.pause()
        with pytest.raises(StoreUnavailable, match="silent"):
            soon(pool.submit(client.flux, COUNT))
        with pytest.raises(StoreUnavailable, match="tried again shortly"):
            client.flux(COUNT)
        server.resume()
        until(lambda: back(client))
        assert held(client) == LINES


def test_a_patient_caller_sits_out_a_silence(influx_process: InfluxServer) -> None:
    """Of a machine so busy that no ping gets through, here of two seconds."""
    server = influx_process
    with client_of(server) as client, ThreadPoolExecutor(1) as pool:
        client.write(BUCKET, batch(0))
        server.pause()
        waiting = pool.submit(client.patient().flux, COUNT)
        time.sleep(2.0)
        server.resume()
        assert soon(waiting)[0].columns["_value"] == [LINES]
        assert client.breaker.state is State.CLOSED


def test_a_frozen_server_takes_no_large_body(influx_process: InfluxServer) -> None:
    """Its socket is full before all is sent."""
    server = influx_process
    with client_of(server) as client, ThreadPoolExecutor(1) as pool:
        server.pause()
        with pytest.raises(StoreUnavailable, match="silent"):
            soon(pool.submit(client.write, BUCKET, batch(0) * 4000))
        server.resume()


def test_a_patient_writer_sees_a_restart_through(influx_process: InfluxServer) -> None:
    server = influx_process
    breaker = Breaker(failures=100)
    client = InfluxClient(server.url, server.write_token, server.org, breaker=breaker)
    with closing(client), ThreadPoolExecutor(1) as pool:
        server.stop()
        writing = pool.submit(client.patient().write, BUCKET, batch(0))
        server.start()
        soon(writing)
        assert held(client) == LINES


def test_a_full_disk(influx_process: InfluxServer) -> None:
    """A limit on the size of its files stops it as a full disk does, for any user.

    After a failed append influxd keeps its log broken until it is started again, and what it
    refused can be read until then: only what was acknowledged counts.
    """
    server = influx_process
    pid = server.pid
    assert pid is not None
    with client_of(server) as client:
        client.write(BUCKET, batch(0))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        written = 1
        with pytest.raises(StoreUnavailable) as caught:  # noqa: PT012
            while True:
                client.write(BUCKET, batch(written))
                written += 1
        assert caught.value.where["status"] == 500
        assert client.breaker.state is State.CLOSED, "it answers, and can be read"
        assert held(client) >= written * LINES

        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        server.restart()
        assert held(client) == written * LINES
        client.write(BUCKET, batch(written))
        client.write(BUCKET, batch(written + 1))
        assert held(client) == (written + 2) * LINES


class Started:
    """No execution is started here."""

    def start(self, name: str, event: Any) -> str:
        raise AssertionError(name, event)


@pytest.fixture
def parts(influx_process: InfluxServer, tmp_path: Path) -> Iterator[Services]:
    settings = Settings(
        storage_url=f"file://{tmp_path}/{{bucket}}",
        ledger_url=f"sqlite://{tmp_path}/ledger.sqlite",
        influxdb_url=influx_process.url,
        influxdb_token=influx_process.read_token,
        influxdb_breaker_seconds=OPEN_SECONDS,
        influxdb_check_seconds=0,
    )
    services = Services(settings, catalog=catalog(), executions=Started())
    yield services
    services.close()


def test_health_tells_it_and_questions_are_answered_all_the_same(
    influx_process: InfluxServer, parts: Services
) -> None:
    server = influx_process

    def told() -> tuple[str, dict[str, Any]]:
        with ThreadPoolExecutor(1) as pool:
            reply = soon(pool.submit(handle, {"path": "/health"}, parts))
            assert handle({"path": "/ready"}, parts)["statusCode"] == 200
        assert reply["statusCode"] == 200
        body = json.loads(reply["body"])
        return body["status"], body["components"]["influxdb"]

    status, part = told()
    assert (status, part["status"], part["breaker"]) == ("healthy", "healthy", "closed")
    assert part["version"].startswith("2.")
    assert part["latency_ms"] > 0
    server.pause()
    status, part = told()
    assert (status, part["status"], part["reason"]) == ("degraded", "unhealthy", "down")
    assert part["breaker"] in ("open", "half_open")
    assert part["latency_ms"] > 0, "of its last answer"
    server.resume()
    until(lambda: told()[0] == "healthy")
    server.stop()
    assert told()[0] == "degraded"
    until(lambda: told()[1]["breaker"] == "open")
    server.start()
    until(lambda: told()[1]["breaker"] == "closed")
    assert told()[0] == "healthy"
