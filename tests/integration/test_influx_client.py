"""The client against a real InfluxDB 2.7: what is written is read, refusals are told (TSD-10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from influx import Influx
from ons_platform.config import Settings
from ons_platform.errors import (
    InvalidRequest,
    NotFound,
    RejectedPoints,
    StoreDenied,
    StoreUnavailable,
)
from ons_platform.timeseries.breaker import Breaker, State
from ons_platform.timeseries.client import InfluxClient, QlSeries, open_client
from ons_platform.timeseries.points import BUCKETS

pytestmark = pytest.mark.influxdb

BUCKET = "generation_data"
START = 1_700_000_000_000_000
"""Microseconds; within the retention."""
SLOW = """import "generate"
generate.from(
    count: 5000000, fn: (n) => n, start: 2024-01-01T00:00:00Z, stop: 2025-01-01T00:00:00Z,
  ) |> map(fn: (r) => ({r with x: float(v: r._value) * 2.0})) |> sum(column: "x")"""


@pytest.fixture
def client(influx_server: Influx) -> Iterator[InfluxClient]:
    server = influx_server
    client = InfluxClient(server.url, server.write_token, server.org, breaker=Breaker(failures=1))
    yield client
    assert client.breaker.state is State.CLOSED, "no test of this module takes the server down"
    client.close()


@pytest.fixture
def name() -> str:
    """A measurement of the test's own."""
    return f"m{uuid4().hex}"


def source(name: str) -> str:
    return (
        f'from(bucket: "{BUCKET}") |> range(start: 2023-01-01T00:00:00Z, '
        f'stop: 2024-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "{name}")'
    )


def lines(name: str, count: int, tags: str = "region=SE") -> bytes:
    rows = (f"{name},{tags} power_mw={index}.5 {START + index}" for index in range(count))
    return "\n".join(rows).encode()


def test_what_is_written_is_read_in_both_languages(client: InfluxClient, name: str) -> None:
    text = 'São "João", a b=c'
    escaped = text.replace(" ", "\\ ").replace(",", "\\,").replace("=", "\\=")
    client.write(BUCKET, lines(name, 3, f"plant_name={escaped}"))
    at = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    instants = [at + timedelta(microseconds=index) for index in range(3)]

    (table,) = client.flux(source(name))
    assert table.columns["_time"] == instants
    assert table.columns["_value"] == [0.5, 1.5, 2.5]
    assert table.columns["plant_name"] == [text] * 3
    assert table.group["plant_name"] == text

    found = client.influxql(
        f'SELECT power_mw FROM "{name}" GROUP BY plant_name; SELECT count(power_mw) FROM "{name}"',
        database=BUCKET,
    )
    values = [[START + index, index + 0.5] for index in range(3)]
    assert found[0] == [QlSeries(name, {"plant_name": text}, ["time", "power_mw"], values)]
    assert found[1][0].values == [[0, 3]]
    assert client.influxql(f'SELECT power_mw FROM "no{name}"', database=BUCKET) == [[]]


def test_a_large_answer_is_whole(client: InfluxClient, name: str) -> None:
    client.write(BUCKET, lines(name, 20_000))
    (table,) = client.flux(source(name))
    assert sum(table.columns["_value"]) == sum(index + 0.5 for index in range(20_000))


def test_every_type_of_flux_is_converted(client: InfluxClient) -> None:
    (table,) = client.flux(
        'import "array" array.from(rows: [{t: 2024-01-01T00:00:00.000001Z, f: 1.5, i: 7, b: true, '
        's: "a\\nb,\\"c\\"", u: uint(v: 9007199254740993)}])'
    )
    assert table.group == {}
    assert {key: values[0] for key, values in table.columns.items()} == {
        "t": datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        "f": 1.5,
        "i": 7,
        "b": True,
        "s": 'a\nb,"c"',
        "u": 2**53 + 1,
    }


def test_one_unreadable_line_rejects_the_whole_request(client: InfluxClient, name: str) -> None:
    good = lines(name, 2)
    with pytest.raises(RejectedPoints) as caught:
        client.write(BUCKET, good + b"\nit's wrong\n" + good + f"\n{name} v= 1\n".encode())
    assert caught.value.where["points"] == [
        {"line": "it's wrong", "reason": "invalid field format"},
        {"line": f"{name} v= 1", "reason": "missing field value"},
    ]
    assert caught.value.where["written"] == 0
    assert client.flux(source(name)) == []


def test_of_a_type_conflict_only_those_points_are_dropped(client: InfluxClient, name: str) -> None:
    client.write(BUCKET, lines(name, 1))
    wrong = f'{name},region=SE power_mw="high" {START + 5}\n{name},region=S power_mw=1i {START}\n'
    with pytest.raises(RejectedPoints) as caught:
        client.write(BUCKET, lines(name, 3) + b"\n" + wrong.encode())
    (point,) = caught.value.where["points"]
    assert point["reason"] == "field type conflict"
    assert (point["field"], point["measurement"]) == ("power_mw", name)
    assert (point["type"], point["known"]) == ("string", "float")
    assert caught.value.where["dropped"] == 2
    (table,) = client.flux(source(name))
    assert table.columns["_value"] == [0.5, 1.5, 2.5]


def test_of_old_points_only_those_are_dropped(client: InfluxClient, name: str) -> None:
    old = f"\n{name},region=SE power_mw=1 946684800000000\n"
    with pytest.raises(RejectedPoints) as caught:
        client.write(BUCKET, lines(name, 2) + old.encode())
    (point,) = caught.value.where["points"]
    assert point["reason"] == "beyond the retention"
    assert datetime.fromisoformat(point["earliest"]) > datetime(2010, 1, 1, tzinfo=UTC)
    assert caught.value.where["dropped"] == 1
    assert len(client.flux(source(name))[0].columns["_value"]) == 2


@pytest.mark.parametrize("value", ["NaN", "1e999", "nothing"])
def test_what_is_no_number_is_refused(client: InfluxClient, name: str, value: str) -> None:
    with pytest.raises(RejectedPoints) as caught:
        client.write(BUCKET, f"{name} v={value} {START}".encode())
    assert caught.value.where["points"][0]["line"].startswith(name)


def test_a_refused_token_is_an_operator_s_matter(influx_server: Influx, name: str) -> None:
    server = influx_server
    secret = "a-wrong-token-that-nobody-should-see"
    wrong = InfluxClient(server.url, secret, server.org)
    reader = InfluxClient(server.url, server.read_token, server.org)
    for call in (
        lambda: wrong.flux(source(name)),
        lambda: wrong.influxql("SELECT 1", database=BUCKET),
        lambda: wrong.write(BUCKET, lines(name, 1)),
        wrong.buckets,
        wrong.check,
        lambda: reader.write(BUCKET, lines(name, 1)),
    ):
        with pytest.raises(StoreDenied) as caught:
            call()
        shown = f"{caught.value} {caught.value.as_dict()} {wrong!r} {vars(caught.value)}"
        assert secret not in shown
        assert server.read_token not in shown
        assert "organisation" in caught.value.message
    assert wrong.breaker.state is State.CLOSED
    assert reader.flux(source(name)) == []
    wrong.close()
    reader.close()


def test_a_place_that_is_not_there(client: InfluxClient, name: str) -> None:
    with pytest.raises(NotFound, match="no_such"):
        client.write("no_such", lines(name, 1))
    with pytest.raises(InvalidRequest, match="no_such"):
        client.flux('from(bucket: "no_such") |> range(start: -1h)')
    with pytest.raises(InvalidRequest, match="no_such"):
        client.influxql("SELECT x FROM y", database="no_such")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("from(", "expected RPAREN"),
        ("x = 1", "no streaming data"),
        ('import "array" array.from(rows: [{a: 1}]) |> map(fn: (r) => ({x: 1 / 0}))', "by zero"),
    ],
)
def test_a_wrong_flux_query_is_told_in_the_server_s_words(
    client: InfluxClient, query: str, message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        client.flux(query)
    with pytest.raises(InvalidRequest, match=message):
        client.flux_rows(query, max_rows=10, max_bytes=10_000, timeout=20.0)


def test_an_error_after_the_first_rows_is_not_an_answer(client: InfluxClient, name: str) -> None:
    client.write(BUCKET, lines(name, 3))
    query = (
        f'{source(name)} |> yield(name: "good")\n{source(name)} |> sort() '
        '|> map(fn: (r) => ({r with x: if r._value > 1.0 then die(msg: "boo") else 1.0})) '
        '|> yield(name: "late")'
    )
    with pytest.raises(InvalidRequest, match="boo"):
        client.flux(query)
    with pytest.raises(InvalidRequest, match="boo"):
        client.flux_rows(query, max_rows=100, max_bytes=100_000, timeout=20.0)


@pytest.mark.parametrize(
    ("query", "message"),
    [("SELEC", "found SELEC"), ("SELECT v FROM m; SELECT foo(v) FROM m", r"foo\(\)")],
)
def test_a_wrong_influxql_query_is_told(client: InfluxClient, query: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        client.influxql(query, database=BUCKET)


def test_raw_rows_are_cut_at_either_limit(client: InfluxClient, name: str) -> None:
    client.write(BUCKET, lines(name, 5000) + b"\n" + lines(name, 5000, "state=SP"))
    whole = client.flux_rows(source(name), max_rows=10_000, max_bytes=10**8, timeout=20.0)
    columns, rows, truncated = whole
    assert columns[:2] == ["result", "table"]
    assert {"region", "state"} < set(columns)
    assert (len(rows), truncated) == (10_000, False)
    assert {len(row) for row in rows} == {len(columns)}
    assert rows[0][columns.index("_time")].endswith("Z")

    few = client.flux_rows(source(name), max_rows=7, max_bytes=10**8, timeout=20.0)
    assert (few[1], few[2]) == ([row[: len(few[0])] for row in rows[:7]], True)
    short = client.flux_rows(source(name), max_rows=10_000, max_bytes=4096, timeout=20.0)
    assert 0 < len(short[1]) < 100
    assert short[2]


def test_a_query_past_its_time_is_given_up(influx_server: Influx) -> None:
    server = influx_server
    client = InfluxClient(server.url, server.read_token, server.org, timeout=300.0)
    with pytest.raises(StoreUnavailable):
        client.flux_rows(SLOW, max_rows=1, max_bytes=10_000, timeout=0.7)
    client.close()


def test_delete_takes_what_the_predicate_names(client: InfluxClient, name: str) -> None:
    client.write(BUCKET, lines(name, 4) + b"\n" + lines(name, 2, "region=S"))
    first = datetime.fromtimestamp(START // 1_000_000, UTC)
    client.delete(
        BUCKET, first, first + timedelta(microseconds=2), f'_measurement="{name}" AND region="SE"'
    )
    values = {table.group["region"]: table.columns["_value"] for table in client.flux(source(name))}
    assert values == {"SE": [2.5, 3.5], "S": [0.5, 1.5]}
    with pytest.raises(InvalidRequest):
        client.delete(BUCKET, first, first + timedelta(1), "region>>")


def test_buckets_are_known_with_their_retention(client: InfluxClient) -> None:
    buckets = client.buckets()
    assert set(BUCKETS) <= set(buckets)
    assert buckets[BUCKET].retention_seconds == 7 * 365 * 86_400


def test_buckets_without_end(endless_influx: Influx) -> None:
    endless = endless_influx
    client = InfluxClient(endless.url, endless.write_token, endless.org)
    assert client.buckets()[BUCKET].retention_seconds == 0
    client.write(BUCKET, b"old v=1 946684800000000")
    client.close()


def test_the_settings_open_it(influx_server: Influx) -> None:
    assert open_client(Settings()) is None
    settings = Settings(
        influxdb_url=influx_server.url,
        influxdb_token=influx_server.read_token,
        influxdb_org=influx_server.org,
    )
    client = open_client(settings)
    assert client is not None
    assert client.check().version.startswith("2.")
    assert client.ping() > 0
    client.close()
