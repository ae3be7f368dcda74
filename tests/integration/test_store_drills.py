"""Loads while the real server is stopped, frozen, killed, restarted or has no room to write.

Afterwards the store holds, of every month, exactly what pandas alone counts and sums up in the raw
files: nothing lost, nothing doubled.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ons_local.influxd import InfluxServer
from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.timeseries.breaker import Breaker
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.held import State
from ons_platform.timeseries.loading.catchup import CaughtUp, catch_up
from ons_platform.timeseries.loading.load import Loader
from ons_platform.timeseries.loading.parts import Parts
from ons_platform.timeseries.loading.pending import files_of_ledger, pending
from ons_platform.timeseries.points import point_model
from room import Room

pytestmark = pytest.mark.influxdb
SAMPLES = Path(__file__).parents[2] / "samples"
RAW = {
    "carga-energia": ("CARGA_ENERGIA_2023.csv", "val_cargaenergiamwmed"),
    "curva-carga": ("CURVA_CARGA_2023.csv", "val_cargaenergiahomwmed"),
    "cmo-semi-horario": ("CMO_SEMIHORARIO_2022.csv", "val_cmo"),
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """The samples in a lake."""
    room = Room(tmp_path_factory.mktemp("room"))
    for name, _ in RAW.values():
        room.ingest(name, (SAMPLES / name).read_bytes())
    return room


class Drill:
    """Loads the lake of the samples into one server, again and again until nothing is pending."""

    def __init__(self, room: Room, server: InfluxServer) -> None:
        self.room, self.server = room, server
        self.client = InfluxClient(
            server.url, server.write_token, server.org, breaker=Breaker(seconds=0.2), timeout=20
        )
        # The processed zone of the lake, with records of this test's own.
        self.loader = Loader(
            Parts(
                catalog(),
                room.ledger,
                room.storage("processed"),
                room.storage("failed"),
                self.client,
                Settings(influxdb_batch_points=500),
            )
        )
        for info in list(room.storage("processed").list("_timeseries")):
            room.storage("processed").delete(info.path)
        self.files = {slug: files_of_ledger(room.ledger, slug) for slug in RAW}
        self.runs: list[CaughtUp] = []
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Load in the background, as the platform does."""
        self._thread = threading.Thread(target=self._until_done)
        self._thread.start()

    def wait_for(self, partitions: int) -> None:
        """Until that many are held."""
        while self.held() < partitions and self._thread and self._thread.is_alive():
            time.sleep(0.02)

    def end(self) -> None:
        """Wait until nothing is pending."""
        assert self._thread is not None
        self._thread.join(120)
        assert not self._thread.is_alive()

    def held(self) -> int:
        states = [
            record.state
            for slug in RAW
            for record in self.loader.held.get(slug).partitions.values()
        ]
        return states.count(State.HELD)

    def _until_done(self) -> None:
        while any(pending(self.loader.held.get(slug), self.files[slug], 0) for slug in RAW):
            self.runs.append(catch_up(self.loader, self.files, has_time=lambda: True))
            time.sleep(0.05)

    def check(self) -> None:
        """Counts and sums of the store against pandas on the raw files, and against the lake."""
        for slug, (name, column) in RAW.items():
            raw = pd.read_csv(SAMPLES / name, sep=";")[column]
            model = point_model(catalog()[slug])
            assert model is not None
            [field] = model.fields.values()
            count, total = self._stored(slug, model.bucket)[field]
            assert count == raw.count()
            assert total == pytest.approx(raw.sum(), rel=1e-12)
            missing = self._stored(slug, model.bucket).get(f"{field}_missing", (0, 0.0))
            assert missing[0] == raw.isna().sum()
            for partition in self.files[slug]:
                assert self.loader.compare(slug, partition) == []
        assert [run.failed for run in self.runs] == [[]] * len(self.runs)

    def _stored(self, slug: str, bucket: str) -> dict[str, tuple[int, float]]:
        points = (
            f'from(bucket: "{bucket}") |> range(start: 2000-01-01T00:00:00Z) '
            f'|> filter(fn: (r) => r.dataset == "{slug}") |> group(columns: ["_field"])'
        )
        found: dict[str, list[Any]] = {}
        for step in ("count", "sum"):
            for table in self.client.flux(f"{points} |> {step}()"):
                for name, value in zip(
                    table.columns["_field"], table.columns["_value"], strict=True
                ):
                    found.setdefault(name, []).append(value)
        return {name: (values[0], values[1]) for name, values in found.items()}


@pytest.fixture
def drill(room: Room, influx_process: InfluxServer) -> Iterator[Drill]:
    made = Drill(room, influx_process)
    yield made
    made.client.close()


def stop(server: InfluxServer) -> None:
    server.stop()
    time.sleep(0.5)
    server.start()


def freeze(server: InfluxServer) -> None:
    server.pause()
    time.sleep(1.5)
    server.resume()


def kill(server: InfluxServer) -> None:
    server.kill()
    server.start()


def fill(server: InfluxServer) -> None:
    """No file may grow beyond a kilobyte, as on a disk without room.

    InfluxDB goes on failing when there is room again: it has to be started anew.
    """
    assert server.pid is not None
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1024, before[1]))
    time.sleep(1.5)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
    kill(server)


@pytest.mark.parametrize("disturb", [stop, freeze, kill, fill, InfluxServer.restart])
def test_loads_under_way_are_made_good(
    drill: Drill, disturb: Callable[[InfluxServer], None]
) -> None:
    drill.begin()
    for partitions in (3, 12):
        drill.wait_for(partitions)
        disturb(drill.server)
    drill.end()
    drill.check()


def test_what_arrives_while_the_server_is_away_is_loaded_in_order_of_time(drill: Drill) -> None:
    drill.server.stop()
    away = catch_up(drill.loader, drill.files, has_time=lambda: True)
    assert away.loaded == []
    assert away.reason is not None
    drill.server.start()
    drill.begin()
    drill.end()
    loaded = [item.partition.partition("/")[2] for run in drill.runs for item in run.loaded]
    assert loaded == sorted(loaded)
    assert len(loaded) == 36
    drill.check()


def test_a_server_that_lost_everything_is_filled_again(
    drill: Drill, influx_process: InfluxServer, tmp_path: Path
) -> None:
    drill.begin()
    drill.end()
    other = InfluxServer(tmp_path / "other")
    other.start()
    try:
        again = Drill.__new__(Drill)
        vars(again).update(vars(drill))
        again.client = InfluxClient(other.url, other.write_token, other.org)
        parts = Parts(
            catalog(),
            drill.room.ledger,
            drill.room.storage("processed"),
            drill.room.storage("failed"),
            again.client,
            Settings(),
        )
        again.loader, again.runs = Loader(parts), []
        done = catch_up(again.loader, again.files, has_time=lambda: True)
        assert len(done.loaded) == 36
        again.check()
    finally:
        again.client.close()
        other.kill()
