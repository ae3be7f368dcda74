"""POST /query/flux in Flux and InfluxQL: on a real InfluxDB, and where it is not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from influx import Influx
from ons_platform.api import storequery
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.retry import Policy

pytestmark = pytest.mark.influxdb

DATASET = "raw-queries-of-the-api"
OF_IT = f"dataset = '{DATASET}' AND time >= '2024-02-01' AND time < '2024-02-02'"
FLUX = f"""
from(bucket: "generation_data")
    |> range(start: 2024-02-01T00:00:00Z, stop: 2024-02-02T00:00:00Z)
    |> filter(fn: (r) => r.dataset == "{DATASET}" and r._field == "power_mw")
"""


@pytest.fixture
def stored(api: Any, influx_server: Influx) -> Iterator[Any]:
    """The API with a store that holds a day of hours of two subsystems: 1000 + hour, 100 + hour."""
    lines = [
        f"generation_data,dataset={DATASET},energy_source=hydro,region={region} "
        f"power_mw={base + hour} {1706745600 + 3600 * hour}"
        for region, base in (("SE", 1000), ("S", 100))
        for hour in range(24)
    ]
    writer = InfluxClient(influx_server.url, influx_server.write_token, influx_server.org)
    writer.write("generation_data", "\n".join(lines).encode(), precision="s")
    writer.close()
    api.services.influx = InfluxClient(
        influx_server.url, influx_server.read_token, influx_server.org
    )
    yield api
    api.services.influx.close()


def ask(api: Any, query: str, language: str | None = None, **more: object) -> Any:
    named = {} if language is None else {"language": language}
    return api.post("/query/flux", {"query": query, **named, **more})


def influxql(api: Any, query: str, **more: object) -> Any:
    return ask(api, query, "influxql", **more)


def test_flux_is_the_default_and_keeps_its_columns(stored: Any) -> None:
    reply = ask(stored, FLUX)
    assert reply.status == 200, reply.text
    assert reply.json["query_language"] == "flux"
    assert reply.json["engine"] == "influxdb"
    assert reply.json["columns"][:2] == ["result", "table"]
    assert reply.json["row_count"] == 48
    first = reply.json["rows"][0]
    assert first["_time"] == "2024-02-01T00:00:00Z"
    assert {row["table"] for row in reply.json["rows"]} == {0, 1}
    assert {row["_value"] for row in reply.json["rows"] if row["region"] == "SE"} == {
        1000.0 + hour for hour in range(24)
    }


def test_the_template_of_the_design_is_understood(stored: Any) -> None:
    """A measurement that is a field's name, a region in English (C5)."""
    query = f"""
        from(bucket: "generation_data")
        |> range(start: 2024-02-01T00:00:00Z, stop: 2024-02-02T00:00:00Z)
        |> filter(fn: (r) => r["_measurement"] == "power_mw")
        |> filter(fn: (r) => r["region"] == "southeast")
        |> filter(fn: (r) => r["dataset"] == "{DATASET}")
        |> aggregateWindow(every: 1d, fn: mean)
    """
    assert [row["_value"] for row in ask(stored, query).json["rows"]] == [1011.5]


def test_several_results_are_told_apart(stored: Any) -> None:
    query = f'{FLUX} |> max() |> yield(name: "most")\n{FLUX} |> min() |> yield(name: "least")'
    reply = ask(stored, query)
    assert reply.status == 200, reply.text
    values = {(row["result"], row["region"]): row["_value"] for row in reply.json["rows"]}
    assert values == {
        ("most", "SE"): 1023.0,
        ("most", "S"): 123.0,
        ("least", "SE"): 1000.0,
        ("least", "S"): 100.0,
    }


def test_influxql_comes_with_measurement_tags_time_and_values(stored: Any) -> None:
    reply = influxql(
        stored, f"SELECT mean(power_mw) FROM generation_data WHERE {OF_IT} GROUP BY region"
    )
    assert reply.status == 200, reply.text
    assert reply.json["columns"] == ["name", "region", "time", "mean"]
    assert reply.json["rows"] == [
        {"name": "generation_data", "region": "S", "time": "2024-02-01T00:00:00Z", "mean": 111.5},
        {"name": "generation_data", "region": "SE", "time": "2024-02-01T00:00:00Z", "mean": 1011.5},
    ]
    assert reply.json["engine"] == "influxdb"
    assert reply.json["query_used"].startswith('SELECT mean("power_mw") FROM "generation_data"..')


def test_old_and_portuguese_names_are_understood(stored: Any) -> None:
    query = (
        f"SELECT max(value) FROM power_mw WHERE região = 'sudeste' AND fonte = 'UHE' AND {OF_IT}"
    )
    assert influxql(stored, query).json["rows"][0]["max"] == 1023


def test_what_ran_can_be_sent_again(stored: Any) -> None:
    query = f"SELECT max(value) FROM power_mw WHERE {OF_IT} GROUP BY time(6h), subsistema"
    once = influxql(stored, query).json
    again = influxql(stored, once["query_used"], max_rows=1001).json
    assert once["row_count"] == 8
    assert again["rows"] == once["rows"]
    assert again["query_used"] == once["query_used"]


@pytest.mark.parametrize("language", ["flux", "influxql"])
def test_csv_has_the_same_rows(stored: Any, language: str) -> None:
    query = FLUX if language == "flux" else f"SELECT power_mw FROM generation_data WHERE {OF_IT}"
    told = ask(stored, query, language).json
    reply = ask(stored, query, language, format="csv")
    header, *rows = csv.reader(io.StringIO(reply.text))
    assert header == told["columns"]
    assert len(rows) == told["row_count"] == 48
    assert reply.headers["X-Truncated"] == "false"


@pytest.mark.parametrize("language", ["flux", "influxql"])
@pytest.mark.parametrize(("max_rows", "truncated"), [(10, True), (47, True), (48, False)])
def test_a_cut_result_says_so(stored: Any, language: str, max_rows: int, truncated: bool) -> None:
    query = FLUX if language == "flux" else f"SELECT power_mw FROM generation_data WHERE {OF_IT}"
    reply = ask(stored, query, language, max_rows=max_rows)
    assert (reply.json["row_count"], reply.json["truncated"]) == (max_rows, truncated)


def test_limits_hold_over_all_series_together(stored: Any) -> None:
    query = f"SELECT power_mw FROM generation_data WHERE {OF_IT} GROUP BY region"
    reply = influxql(stored, query, max_rows=30)
    assert (reply.json["row_count"], reply.json["truncated"]) == (30, True)


@pytest.mark.parametrize("language", ["flux", "influxql"])
def test_an_answer_of_too_many_bytes_is_cut(stored: Any, monkeypatch, language: str) -> None:
    monkeypatch.setattr(storequery, "MAX_ANSWER_BYTES", 100)
    query = FLUX if language == "flux" else f"SELECT power_mw FROM generation_data WHERE {OF_IT}"
    reply = ask(stored, query, language)
    assert reply.status == 200
    assert reply.json["truncated"] is True
    assert reply.json["row_count"] < 48


@pytest.mark.parametrize("language", ["flux", "influxql"])
def test_no_rows_are_no_error(stored: Any, language: str) -> None:
    nothing = FLUX + '|> filter(fn: (r) => r.region == "N")'
    query = nothing if language == "flux" else "SELECT power_mw FROM geracao WHERE region = 'XX'"
    reply = ask(stored, query, language)
    assert (reply.status, reply.json["rows"], reply.json["truncated"]) == (200, [], False)


def test_show_tells_what_the_store_holds(stored: Any) -> None:
    query = f"SHOW TAG VALUES FROM geracao WITH KEY = regiao WHERE dataset = '{DATASET}'"
    reply = influxql(stored, query)
    assert [row["value"] for row in reply.json["rows"]] == ["S", "SE"]


def test_the_bucket_is_that_of_names_without_one(stored: Any) -> None:
    query = f"SELECT count(power_mw) FROM /.*/ WHERE {OF_IT}"
    assert influxql(stored, query, bucket="geracao").json["rows"][0]["count"] == 48
    assert influxql(stored, query, database="consumption_data").json["rows"] == []
    assert influxql(stored, query, bucket="_monitoring").status == 400
    assert ask(stored, FLUX, "flux", bucket="generation_data").status == 400


@pytest.mark.parametrize(
    ("language", "query"),
    [
        ("influxql", "SELECT power_mw\nINTO x FROM generation_data"),
        ("flux", 'from(bucket: "generation_data")\n|> to(bucket: "x")'),
    ],
)
def test_a_refused_query_points_at_the_place(stored: Any, language: str, query: str) -> None:
    reply = ask(stored, query, language)
    assert reply.status == 400
    assert reply.json["title"] == "Query refused"
    assert reply.json["position"]["line"] == 2


@pytest.mark.parametrize(
    ("language", "query"),
    [
        ("influxql", "SELECT mean(power_mw), power_mw FROM generation_data"),
        ("flux", FLUX + '|> map(fn: (r) => ({r with _value: r._value + "x"}))'),
    ],
)
def test_what_the_store_refuses_is_the_callers_error(
    stored: Any, language: str, query: str
) -> None:
    reply = ask(stored, query, language)
    assert reply.status == 400, reply.text
    assert "The store refuses the query" in reply.json["detail"]
    assert {item["field"] for item in reply.json["details"]} == {"query", "query_used"}


@pytest.mark.parametrize("language", ["flux", "influxql"])
def test_a_store_that_is_down_is_told_with_the_way_around(api: Any, language: str) -> None:
    waits: list[float] = []
    client = InfluxClient("http://127.0.0.1:9", "token", "org")
    api.services.influx = client
    client.patient = lambda: InfluxClient.patient(client, Policy((1.0, 2.0), sleep=waits.append))
    query = FLUX if language == "flux" else "SELECT power_mw FROM generation_data"
    reply = ask(api, query, language)
    assert reply.status == 503
    assert int(reply.headers["Retry-After"]) > 0
    assert "SQL" in reply.json["detail"]
    assert waits == [1.0, 2.0]


def test_windows_without_an_end_end_at_the_instant_of_the_request(stored: Any) -> None:
    where = f"dataset = '{DATASET}' AND time >= '2024-02-01'"
    query = f"SELECT count(power_mw) FROM generation_data WHERE {where} GROUP BY time(1d)"
    rows = influxql(stored, query).json["rows"]
    assert rows[-1]["time"] == (stored.services.now() - timedelta(hours=12)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
