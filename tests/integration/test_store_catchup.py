"""The embedded platform looks for what is pending and has it loaded."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from influx import Influx
from ons_local import storecatchup
from ons_local.functions import Result
from ons_local.store import Access
from ons_local.storecatchup import StoreCatchUp
from ons_local.zones import places
from ons_platform.config import Settings
from ons_platform.timeseries.bootstrap import bootstrap
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.loading.catchup import catch_up
from ons_platform.timeseries.loading.load import Loader
from ons_platform.timeseries.loading.parts import Parts
from ons_platform.timeseries.loading.pending import files_of_ledger

pytestmark = pytest.mark.influxdb


class Known:
    """A store as the platform has it; `access` is None until it was set up."""

    access: Access | None = None


def test_pending_months_are_loaded_as_soon_as_there_is_a_store(
    tmp_path: Path,
    influx_server: Influx,
    small_platform: Any,
    load_csv: Any,
    every_load_hour: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storecatchup, "LOOK_SECONDS", 0.05)
    here = small_platform(Settings.from_env(places(tmp_path)))
    here.put("year=2023/CURVA_CARGA_2023.csv", load_csv(every_load_hour(range(10, 34))))
    org = f"catchup-{tmp_path.name}"
    tokens = bootstrap(influx_server.url, org, operator_token=influx_server.operator_token)
    zones, client = here.zones, InfluxClient(influx_server.url, tokens.write, org)
    parts = Parts(zones.catalog, zones.ledger, zones.processed, zones.raw, client, zones.settings)
    calls, done = [], threading.Event()

    def invoke(function: str, payload: bytes) -> Result:
        calls.append((function, payload))
        if len(calls) == 1:
            return Result(b'{"errorType": "StoreDenied"}', failed=True)
        files = {"curva-carga": files_of_ledger(zones.ledger, "curva-carga")}
        catch_up(Loader(parts), files, has_time=lambda: True)
        done.set()
        return Result(b"{}", failed=False)

    store = Known()
    keeper = StoreCatchUp(zones.settings, store, invoke)  # type: ignore[arg-type]
    assert keeper.pending() == 0
    store.access = Access("http://127.0.0.1:9", org, tokens.write, tokens.read)
    assert keeper.pending() == 0, "it does not answer"
    store.access = Access(influx_server.url, org, tokens.write, tokens.read)
    assert keeper.pending() == 2
    keeper.start()
    assert done.wait(60)
    keeper.close()
    assert keeper.pending() == 0
    assert calls == [("InfluxdbLoaderFunction", b'{"catch_up": true}')] * 2
    client.close()
    here.close()
