"""POST /query/flux with a template: its numbers are those of the points (QRY-6)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from influx import Influx
from ons_platform.api.executions import open_executions
from ons_platform.api.queries import handle
from ons_platform.api.services import Services
from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.timeseries.bootstrap import ENDLESS, bootstrap
from ons_platform.timeseries.client import InfluxClient

pytestmark = pytest.mark.influxdb
ORG = "templates"
START = datetime(2023, 1, 1, 3, tzinfo=UTC)
EVENT = Path(__file__).parents[2] / "events/timeseries_query_processor-query_template.json"


def lines(bucket: str, tags: str, field: str, values: Sequence[float]) -> str:
    """An hour each, from midnight in Brasília."""
    at = [int((START + timedelta(hours=hour)).timestamp()) for hour in range(len(values))]
    pairs = zip(values, at, strict=True)
    return "\n".join(f"{bucket},{tags} {field}={value} {second}" for value, second in pairs)


@pytest.fixture(scope="module")
def services(influx_server: Influx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    url, operator = influx_server.url, influx_server.operator_token
    tokens = bootstrap(url, ORG, operator_token=operator, retention_seconds=ENDLESS)
    client = InfluxClient(url, tokens.write, ORG)
    balance = "dataset=balanco-energia-subsistema,quality_flag={},region={},energy_source={}"
    for flag, region, source, values in (
        ("ok", "SE", "hydro", [100, 200]),
        ("ok", "SE", "wind", [10, 20]),
        ("inconsistent", "SE", "solar", [1e6, 1e6]),
        ("ok", "S", "hydro", [7, 8]),
    ):
        tags = balance.format(flag, region, source)
        text = lines("generation_data", tags, "power_mw", values)
        client.write("generation_data", text.encode(), precision="s")
    load = "dataset=curva-carga,quality_flag=ok,region=SE"
    text = lines("consumption_data", load, "demand_mw", [5, 9, 6])
    client.write("consumption_data", text.encode(), precision="s")
    client.close()
    folder = tmp_path_factory.mktemp("templates")
    settings = Settings(
        storage_url=f"file://{folder}/{{bucket}}", ledger_url=f"sqlite:///{folder}/ledger.db",
        influxdb_url=url, influxdb_token=tokens.read, influxdb_org=ORG,
    )  # fmt: skip
    parts = Services(settings, catalog=catalog(), executions=open_executions(settings))
    yield parts
    parts.close()


def ask(services: Services, template: str, **parameters: str) -> dict[str, Any]:
    period = {"start_time": "2023-01-01", "stop_time": "2023-01-02"}
    body = {"template": template, "parameters": {**period, **parameters}}
    event = {**json.loads(EVENT.read_text()), "body": json.dumps(body)}
    answer = handle(event, services)
    return {"status": answer["statusCode"], **json.loads(answer["body"])}


def test_generation_by_hour_and_subsystem(services: Services) -> None:
    found = ask(services, "generation_trend")
    told = [(row["region"], row["_time"], row["_value"]) for row in found["rows"]]
    assert told == [
        ("S", "2023-01-01T03:00:00Z", 7.0),
        ("S", "2023-01-01T04:00:00Z", 8.0),
        ("SE", "2023-01-01T03:00:00Z", 110.0),
        ("SE", "2023-01-01T04:00:00Z", 220.0),
    ]
    assert (found["engine"], found["query_language"]) == ("influxdb", "flux")


def test_of_one_subsystem_as_people_name_it(services: Services) -> None:
    found = ask(services, "generation_trend", region="sul")
    assert {row["region"] for row in found["rows"]} == {"S"}


def test_the_peak_comes_with_its_instant(services: Services) -> None:
    [row] = ask(services, "consumption_peak")["rows"]
    assert (row["region"], row["_value"], row["_time"]) == ("SE", 9.0, "2023-01-01T04:00:00Z")


def test_losses_that_nobody_publishes_are_no_error(services: Services) -> None:
    assert ask(services, "transmission_losses")["rows"] == []


def test_what_does_not_fit_is_told(services: Services) -> None:
    assert ask(services, "generation_peak")["status"] == 400
    told = ask(services, "generation_trend", region="atlantis")
    assert [item["field"] for item in told["details"]] == ["parameters.region"]


def test_the_line_of_the_design_is_taken(services: Services, influx_server: Influx) -> None:
    tags = "region=southeast,source=hydro,plant=itaipu"
    fields = "power_mw=14000,capacity_factor=0.85,availability=0.98"
    url, operator = influx_server.url, influx_server.operator_token
    tokens = bootstrap(url, ORG, operator_token=operator, retention_seconds=ENDLESS)
    client = InfluxClient(url, tokens.write, ORG)
    line = f"generation_data,{tags} {fields} 1640995200000000000"
    client.write("generation_data", line.encode(), precision="ns")
    [[series]] = client.influxql(
        "SELECT power_mw, capacity_factor, availability FROM generation_data"
        " WHERE plant = 'itaipu' GROUP BY region, source",
        database="generation_data",
    )
    client.close()
    assert series.tags == {"region": "southeast", "source": "hydro"}
    assert series.values == [[1_640_995_200_000_000, 14000, 0.85, 0.98]]
