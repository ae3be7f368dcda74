"""Raw queries through the HTTP handler on a real InfluxDB: nothing hostile runs, all else does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from influx import Influx
from ons_platform.api import queries
from ons_platform.api.executions import open_executions
from ons_platform.api.services import Services
from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.timeseries.client import InfluxClient, QlSeries
from ons_platform.timeseries.influxql.guard import guard_influxql
from ons_platform.timeseries.influxql.limits import InfluxqlLimits
from ons_platform.timeseries.influxql.tree import Name, Text
from ons_platform.timeseries.influxql.writer import expression
from ons_platform.timeseries.points import BUCKETS

pytestmark = pytest.mark.influxdb

LISTS = Path(__file__).parents[1] / "fixtures" / "queries"
DATASET = "raw-queries"
DAYS = 12
NOW = datetime.now(UTC)


def listed(name: str) -> list[str]:
    """The queries of a list, whatever it groups them by."""
    found = yaml.safe_load((LISTS / f"{name}.yaml").read_text(encoding="utf-8"))
    return (
        found if isinstance(found, list) else [query for part in found.values() for query in part]
    )


HOSTILE = [
    *(("influxql", query) for query in listed("influxql_hostile") if query),
    *(("sql", query) for query in listed("sql_hostile") if query),
    (
        "flux",
        'from(bucket: "generation_data") |> range(start: -1d) |> to(bucket: "operation_data")',
    ),
    ("flux", 'import "http" http.post(url: "http://127.0.0.1:9", data: bytes(v: "x"))'),
    ("flux", 'import "sql" sql.from(driverName: "postgres", dataSourceName: "x", query: "x")'),
    ("flux", 'import "influxdata/influxdb/secrets" secrets.get(key: "token")'),
    ("flux", 'import "csv" csv.from(file: "/etc/passwd")'),
    ("flux", 'from(bucket: "_monitoring") |> range(start: -1h)'),
    ("flux", 'from(bucket: "generation_data", host: "http://127.0.0.1:9") |> range(start: -1h)'),
    ("flux", "buckets()"),
    ("flux", 'option task = {name: "t", every: 1m} from(bucket: "generation_data")'),
]


@pytest.fixture(scope="module")
def store(influx_server: Influx) -> Iterator[InfluxClient]:
    """A store with some days of hours until now, of four subsystems, in two buckets."""
    start = NOW.replace(minute=0, second=0, microsecond=0)
    client = InfluxClient(influx_server.url, influx_server.write_token, influx_server.org)
    for bucket, tags, field in (
        ("generation_data", "energy_source=hydro,plant_name=Itaipu", "power_mw"),
        ("consumption_data", "quality_flag=ok", "demand_mw"),
    ):
        lines = [
            f"{bucket},dataset={DATASET},{tags},region={region} {field}={base + hour % 24} "
            f"{int((start - timedelta(hours=hour)).timestamp())}"
            for region, base in (("SE", 1000), ("S", 500), ("NE", 300), ("N", 100))
            for hour in range(24 * DAYS)
        ]
        client.write(bucket, "\n".join(lines).encode(), precision="s")
    yield client
    client.close()


@pytest.fixture(scope="module")
def parts(
    store: InfluxClient, influx_server: Influx, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """The services of the query function, with the token that may only read."""
    folder = tmp_path_factory.mktemp("platform")
    settings = Settings(
        storage_url=f"file://{folder}/buckets/{{bucket}}",
        ledger_url=f"sqlite://{folder}/ledger.sqlite",
        executions_url="http://127.0.0.1:9",
        influxdb_url=influx_server.url,
        influxdb_token=influx_server.read_token,
        influxdb_org=influx_server.org,
    )
    services = Services(settings, catalog=catalog(), executions=open_executions(settings))
    yield services
    services.close()


def ask(parts: Services, language: str, query: str, **more: object) -> tuple[int, Any]:
    event = {
        "httpMethod": "POST",
        "path": "/query/flux",
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"language": language, "query": query, **more}),
    }
    answer = queries.handle(event, parts)
    return answer["statusCode"], json.loads(answer["body"])


def held(client: InfluxClient) -> dict[str, Any]:
    """Everything the store holds: buckets, measurements, fields, tags and counts of points."""
    return {
        "buckets": sorted(client.buckets()),
        **{
            bucket: [
                client.influxql(query, database=bucket)
                for query in (
                    "SHOW MEASUREMENTS",
                    "SHOW FIELD KEYS",
                    "SHOW TAG KEYS",
                    "SHOW SERIES",
                    "SELECT count(*) FROM /.*/",
                )
            ]
            for bucket in BUCKETS
        },
    }


def test_hostile_queries_are_refused_and_change_nothing(
    store: InfluxClient, parts: Services
) -> None:
    before = held(store)
    passed = [
        (language, query) for language, query in HOSTILE if not refused(parts, language, query)
    ]
    assert passed == []
    assert held(store) == before


def refused(parts: Services, language: str, query: str) -> bool:
    status, body = ask(parts, language, query)
    blank = not query.strip()
    return status == 400 and (blank or "position" in body)


@pytest.mark.parametrize("query", listed("influxql_benign"))
def test_benign_influxql_runs(parts: Services, query: str) -> None:
    status, body = ask(parts, "influxql", query)
    assert status == 200, body
    again = ask(parts, "influxql", body["query_used"], max_rows=1001, bucket="generation_data")
    if "; SHOW" not in body["query_used"]:
        assert again[0] == 200, again[1]
        assert again[1]["query_used"] == body["query_used"]


SAME = """
SELECT power_mw FROM generation_data WHERE {when} AND region = 'SE'
SELECT power_mw, region, plant_name FROM generation_data WHERE {when} AND region = 'S' ORDER BY time DESC
SELECT * FROM generation_data WHERE {when} AND region = 'N' LIMIT 5 OFFSET 3
SELECT mean(power_mw), max(power_mw) FROM generation_data WHERE {when} GROUP BY region
SELECT mean(power_mw) FROM generation_data WHERE {when} GROUP BY time(6h), region
SELECT mean(power_mw) FROM generation_data WHERE {when} GROUP BY time(1d, 3h) fill(0)
SELECT count(power_mw) FROM generation_data WHERE {when} GROUP BY time(1d, -3h)
SELECT count(power_mw) FROM generation_data WHERE {when} GROUP BY time(1w, 100h)
SELECT sum(power_mw) FROM generation_data WHERE {when} GROUP BY time(1d) tz('America/Sao_Paulo')
SELECT sum(power_mw) FROM generation_data WHERE {when} GROUP BY time(25h) fill(linear)
SELECT power_mw FROM generation_data WHERE {when} GROUP BY * LIMIT 2 SLIMIT 2 SOFFSET 1
SELECT power_mw FROM generation_data WHERE {when} AND (region = 'SE' OR region =~ /^X/)
SELECT power_mw FROM generation_data WHERE {when} AND region != 'SE' AND power_mw + 1 > 250 * 2
SELECT power_mw * 2 - -1 AS x, (power_mw + 3) / 2 % 5 FROM generation_data WHERE {when} AND region = 'S'
SELECT top(power_mw, region, 3), plant_name FROM generation_data WHERE {when}
SELECT percentile(power_mw, 90), spread(power_mw) FROM generation_data WHERE {when}
SELECT cumulative_sum(mean(power_mw)) FROM generation_data WHERE {when} GROUP BY time(12h)
SELECT moving_average(power_mw, 3) FROM generation_data WHERE {when} AND region = 'S'
SELECT count(distinct(power_mw)) FROM generation_data WHERE {when}
SELECT max(m) FROM (SELECT mean(power_mw) AS m FROM generation_data WHERE {when} GROUP BY time(1d), region) GROUP BY region
SELECT max(mean) FROM (SELECT mean(power_mw) FROM generation_data WHERE {when} GROUP BY time(1w))
SELECT mean(power_mw) FROM (SELECT power_mw FROM generation_data) WHERE {when} GROUP BY time(8h)
SELECT sum(g) - sum(c) AS d FROM (SELECT power_mw AS g FROM generation_data..generation_data), (SELECT demand_mw AS c FROM consumption_data..consumption_data) WHERE {when} GROUP BY time(12h)
SELECT mean(/mw/) FROM generation_data..generation_data, consumption_data..consumption_data WHERE {when} GROUP BY region
"""  # noqa: E501


@pytest.mark.parametrize("query", SAME.strip().splitlines())
def test_what_is_written_anew_gives_the_very_rows(store: InfluxClient, query: str) -> None:
    start = (NOW - timedelta(days=9, minutes=17)).strftime("%Y-%m-%d %H:%M:%S")
    stop = (NOW - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = query.format(when=f"time > '{start}' AND time <= '{stop}'")
    if "tz(" in asked:
        asked = asked.replace(f"'{start}'", f"'{start.replace(' ', 'T')}Z'")
    guarded = guard_influxql(asked, now=NOW, limits=InfluxqlLimits(max_rows=10_000))
    given = _rows(store.influxql(asked, database="generation_data"))
    assert given
    assert _rows(store.influxql(guarded.query, database=guarded.database)) == given


def _rows(statements: list[list[QlSeries]]) -> list[Any]:
    (series,) = statements
    return [(item.name, item.tags, item.columns, item.values) for item in series]


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_server_reads_names_and_texts_as_they_are_written(
    store: InfluxClient, text: str
) -> None:
    """What stands in quotes is one name or text to the server too, whatever it is made of."""
    name, value = expression(Name(text, "", 0)), expression(Text(text, 0))
    guarded = guard_influxql(
        f"SELECT count(power_mw) AS {name} FROM generation_data "
        f"WHERE dataset = '{DATASET}' AND plant_name != {value}",
        now=NOW,
        limits=InfluxqlLimits(),
    )
    ((series,),) = store.influxql(guarded.query, database=guarded.database)
    assert series.columns == ["time", text]
    assert series.values[0][1] == 24 * DAYS * 4
