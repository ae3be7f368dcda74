"""`ons store` on a data directory before a real server."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from influx import Influx
from ons_local.cli import app
from ons_local.zones import places
from ons_platform.config import Settings
from ons_platform.errors import InvalidRequest, NotFound
from ons_platform.timeseries.bootstrap import bootstrap
from ons_platform.timeseries.client import InfluxClient
from stored import START

pytestmark = pytest.mark.influxdb
JANUARY, FEBRUARY = (f"dataset=consumption/year=2023/month=0{month}" for month in (1, 2))
Run = Callable[..., Any]


@pytest.fixture
def server(influx_server: Influx, monkeypatch: pytest.MonkeyPatch) -> Iterator[InfluxClient]:
    """An organisation of the test's own, as the environment names it."""
    org = f"store-{uuid.uuid4().hex[:8]}"
    operator = influx_server.operator_token
    tokens = bootstrap(influx_server.url, org, operator_token=operator)
    monkeypatch.setenv("INFLUXDB_URL", influx_server.url)
    monkeypatch.setenv("INFLUXDB_ORG", org)
    monkeypatch.setenv("INFLUXDB_TOKEN", tokens.write)
    client = InfluxClient(influx_server.url, operator, org)
    yield client
    client.close()


@pytest.fixture
def run(tmp_path: Path, small_platform: Any, load_csv: Any, every_load_hour: Any) -> Iterator[Run]:
    """A command on a lake with a few hours around the end of January; its JSON and exit code."""
    platform = small_platform(Settings.from_env(places(tmp_path)))
    platform.put("year=2023/CURVA_CARGA_2023.csv", load_csv(every_load_hour(range(10, 34))))

    def once(*arguments: str, code: int = 0) -> Any:
        command = ["store", *arguments, "--json", "--data-dir", str(tmp_path)]
        done = CliRunner().invoke(app, command, catch_exceptions=False)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    yield once
    platform.close()


def test_pending_loaded_verified_taken_back_and_loaded_again(
    server: InfluxClient, run: Run
) -> None:
    [before] = run("status")
    assert (before["state"], before["pending"], before["points"]) == ("pending", 2, 0)
    assert run("load")["points"] == 48
    [after] = run("status", "curva-carga")
    assert (after["state"], after["pending"], after["points"]) == ("held", 0, 48)
    assert (after["from"], after["to"]) == ("year=2023/month=01", "year=2023/month=02")
    assert [part["points"] for part in after["partitions"]] == [28, 20]
    assert run("verify") == {"ok": True, "checked": 2, "differences": []}
    back = run("rollback", "curva-carga", after["partitions"][0]["load_id"])
    assert (back["state"], back["points"]) == ("nothing", 0)
    [taken] = run("status")
    assert (taken["points"], taken["pending"]) == (20, 0)
    assert run("load")["loaded"] is False
    assert run("load", "curva-carga", JANUARY)["points"] == 28


def test_what_differs_is_told_with_an_exit_code(server: InfluxClient, run: Run) -> None:
    run("load", "curva-carga")
    first = START + timedelta(days=30)
    server.delete("consumption_data", first, first + timedelta(hours=12), 'dataset="curva-carga"')
    found = run("verify", "curva-carga", code=1)
    assert {(item["partition"], item["what"]) for item in found["differences"]} == {
        (JANUARY, "count"),
        (JANUARY, "total"),
        (JANUARY, "first"),
    }


def test_tables_for_people(server: InfluxClient, run: Run, tmp_path: Path) -> None:
    def shown(*arguments: str) -> str:
        command = ["store", *arguments, "--data-dir", str(tmp_path)]
        return CliRunner().invoke(app, command, catch_exceptions=False).output

    assert "curva-carga" in shown("load")
    table = shown("status", "curva-carga")
    assert "year=2023/month=01" in table
    assert "held" in table
    assert "2 partitions compared, 0 differences" in shown("verify")
    first = START + timedelta(days=30)
    server.delete("consumption_data", first, first + timedelta(hours=12), 'dataset="curva-carga"')
    assert "demand_mw" in shown("verify")
    assert "nothing" in shown("rollback", "curva-carga", FEBRUARY)


def test_what_is_not_there_is_said(server: InfluxClient, run: Run) -> None:
    for arguments in (("status", "carga-mensal"), ("load", "carga-mensal")):
        with pytest.raises(NotFound, match="see ons catalog"):
            run(*arguments)
    run("load")
    with pytest.raises(NotFound, match="see ons store status"):
        run("rollback", "curva-carga", "20200101")


def test_without_a_store_the_command_says_how_to_get_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INFLUXDB_URL", "")
    monkeypatch.setattr("ons_local.storeloads.with_store", lambda settings, _: settings)
    assert run("status")[0]["pending"] == 2
    with pytest.raises(InvalidRequest, match="no time-series store"):
        run("load")
