"""POST /query/flux: SQL on real Parquet, JSON and CSV, limits and refusals."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from ons_platform.api import rawquery

MEAN = "SELECT region, avg(value) AS mwmed FROM curva_carga GROUP BY region ORDER BY region"


def sql(api, query: str, **more: object):
    return api.post("/query/flux", {"language": "sql", "query": query, **more})


def test_rows_come_back_as_json(loaded) -> None:
    reply = sql(loaded, MEAN)
    assert reply.status == 200
    assert reply.json["columns"] == ["region", "mwmed"]
    assert reply.json["rows"] == [
        {"region": "S", "mwmed": 123.5},
        {"region": "SE", "mwmed": 1023.5},
    ]
    assert reply.json["truncated"] is False
    assert reply.json["engine"] == "duckdb"
    assert "LIMIT 1001" in reply.json["query_used"]


def test_rows_come_back_as_csv(loaded) -> None:
    reply = sql(loaded, MEAN, format="csv")
    assert reply.headers["Content-Type"].startswith("text/csv")
    assert list(csv.reader(io.StringIO(reply.text))) == [
        ["region", "mwmed"],
        ["S", "123.5"],
        ["SE", "1023.5"],
    ]
    assert reply.headers["X-Truncated"] == "false"


def test_instants_are_utc(loaded) -> None:
    reply = sql(loaded, "SELECT min(timestamp) AS first FROM curva_carga")
    assert reply.json["rows"] == [{"first": "2023-01-01T03:00:00Z"}]


def test_the_slug_names_the_table_too(loaded) -> None:
    assert sql(loaded, 'SELECT count(*) AS n FROM "curva-carga"').json["rows"] == [{"n": 96}]


def test_no_rows_are_no_error(loaded) -> None:
    reply = sql(loaded, "SELECT value FROM curva_carga WHERE region = 'N'")
    assert (reply.json["rows"], reply.json["row_count"]) == ([], 0)


@pytest.mark.parametrize(("max_rows", "truncated"), [(10, True), (95, True), (96, False)])
def test_a_cut_result_says_so(loaded, max_rows: int, truncated: bool) -> None:
    reply = sql(loaded, "SELECT value FROM curva_carga", max_rows=max_rows)
    assert reply.json["row_count"] == max_rows
    assert reply.json["truncated"] is truncated


def test_a_result_too_large_for_a_response_is_cut(loaded, monkeypatch) -> None:
    monkeypatch.setattr(rawquery, "MAX_ROW_BYTES", 200)
    reply = sql(loaded, "SELECT value FROM curva_carga")
    assert 0 < reply.json["row_count"] < 20
    assert reply.json["truncated"] is True


def test_a_refused_query_points_at_the_place(loaded) -> None:
    reply = sql(loaded, "SELECT value\nFROM read_csv('/etc/passwd')")
    assert reply.status == 400
    assert reply.json["position"] == {"line": 2, "column": 6}
    assert reply.json["details"][0]["field"] == "query"


def test_a_column_that_does_not_exist_is_the_callers_error(loaded) -> None:
    reply = sql(loaded, "SELECT nothing_like_it FROM curva_carga")
    assert reply.status == 400
    assert "nothing_like_it" in reply.json["detail"]


def test_a_table_with_nothing_loaded_is_not_found(loaded) -> None:
    reply = sql(loaded, "SELECT * FROM cmo_semanal")
    assert reply.status == 404
    assert "cmo-semanal" in reply.json["detail"]


@pytest.mark.parametrize("language", ["flux", "influxql", None])
def test_store_languages_say_what_to_do_instead(loaded, language: str | None) -> None:
    body = {"query": "from(bucket: 1)"} | ({"language": language} if language else {})
    reply = loaded.post("/query/flux", body)
    assert reply.status == 503
    assert "ask in SQL or in words" in reply.json["detail"]


def test_every_kind_of_value_is_said_in_json() -> None:
    row = {
        "instant": datetime(2023, 1, 1, tzinfo=UTC),
        "naive": datetime(2023, 1, 1, 6, tzinfo=None),  # noqa: DTZ001
        "day": date(2023, 1, 1),
        "time": time(1, 2),
        "span": timedelta(hours=1),
        "decimal": Decimal("1.50"),
        "nan": float("nan"),
        "list": [float("inf"), None, True],
        "struct": {"a": date(2023, 1, 1)},
        "blob": b"x",
    }
    (plain,), cut = rawquery._fitting([row])
    assert not cut
    assert plain == {
        "instant": "2023-01-01T00:00:00Z",
        "naive": "2023-01-01T06:00:00",
        "day": "2023-01-01",
        "time": "01:02:00",
        "span": 3600.0,
        "decimal": 1.5,
        "nan": None,
        "list": [None, None, True],
        "struct": {"a": "2023-01-01"},
        "blob": "b'x'",
    }
