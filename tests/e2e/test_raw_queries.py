"""`ons query` in its three languages, on a platform with an InfluxDB and on one without."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import pytest

SAMPLE = Path(__file__).parents[2] / "samples" / "CMO_SEMANAL_2024.csv"
IN_2024 = "time >= '2024-01-01T03:00:00Z' AND time < '2025-01-01T03:00:00Z'"
INFLUXQL = f"SELECT mean(cmo_brl_mwh) AS media FROM operacao WHERE {IN_2024} GROUP BY subsistema"
FLUX = """
from(bucket: "energy_data")
    |> range(start: 2024-01-01T03:00:00Z, stop: 2025-01-01T03:00:00Z)
    |> filter(fn: (r) => r._field == "cmo_brl_mwh")
    |> group(columns: ["region"])
    |> mean()
"""
SQL = """
SELECT region, avg(value) AS media FROM cmo_semanal WHERE measurement_type = 'cmo_weekly'
AND timestamp >= TIMESTAMPTZ '2024-01-01 00:00-03' AND timestamp < TIMESTAMPTZ '2025-01-01 00:00-03'
GROUP BY region
"""


@pytest.fixture(scope="module")
def loaded(running: Any) -> Any:
    """The session's platform, when a sample is in its store."""
    deadline = time.monotonic() + 60
    count = f"SELECT count(cmo_brl_mwh) FROM operation_data WHERE {IN_2024}"
    while not rows(running, count, "influxql"):
        assert time.monotonic() < deadline, "nothing was loaded into the store"
        time.sleep(0.2)
    return running


def rows(platform: Any, query: str, language: str) -> list[dict[str, Any]]:
    return platform.json("query", query, "--language", language).get("rows", [])


@pytest.mark.influxdb
def test_three_languages_say_the_same(loaded: Any) -> None:
    sql = {row["region"]: row["media"] for row in rows(loaded, SQL, "sql")}
    flux = {row["region"]: row["_value"] for row in rows(loaded, FLUX, "flux")}
    influxql = {row["region"]: row["media"] for row in rows(loaded, INFLUXQL, "influxql")}
    assert set(sql) == {"N", "NE", "S", "SE"}
    assert flux == pytest.approx(sql)
    assert influxql == pytest.approx(sql)


@pytest.mark.influxdb
def test_rows_are_shown_as_a_table_and_as_csv(loaded: Any) -> None:
    shown = loaded.ons("query", INFLUXQL, "--language", "influxql")
    assert shown.returncode == 0, shown.stderr
    assert "media" in shown.stdout
    assert "4 rows" in shown.stderr
    text = loaded.ons("query", INFLUXQL, "--language", "influxql", "--csv").stdout
    assert [row["region"] for row in csv.DictReader(io.StringIO(text))] == ["N", "NE", "S", "SE"]
    cut = loaded.ons("query", FLUX, "--language", "flux", "--csv", "--max-rows", "2")
    assert len(cut.stdout.splitlines()) == 3
    assert "more rows" in cut.stderr


@pytest.mark.influxdb
@pytest.mark.parametrize(
    ("language", "query", "marked"),
    [
        ("influxql", "SELECT mean(x) INTO y FROM operation_data", "               ^"),
        ("flux", 'from(bucket: "operation_data") |> to(bucket: "x")', "^"),
        ("sql", "SELECT getenv('HOME')", "       ^"),
    ],
)
def test_what_is_refused_is_marked(loaded: Any, language: str, query: str, marked: str) -> None:
    done = loaded.ons("query", query, "--language", language)
    assert done.returncode == 2
    first, second, *_ = done.stderr.splitlines()
    assert first == query
    assert second.endswith(marked)
    assert "Query refused" in done.stderr


@pytest.mark.parametrize("language", ["flux", "influxql"])
def test_without_a_store_there_is_sql(fresh: Any, language: str) -> None:
    platform = fresh(ONS_INFLUXD="").start()
    done = platform.ons("query", "SHOW MEASUREMENTS", "--language", language)
    assert done.returncode == 75
    assert "InfluxDB is not configured; ask in SQL" in done.stderr


@pytest.mark.influxdb
def test_a_template_is_run_by_name(loaded: Any) -> None:
    period = ("--from", "2023-01-01", "--to", "2024-01-01")
    deadline = time.monotonic() + 60
    while not (found := loaded.json("template", "consumption_peak", *period)["rows"]):
        assert time.monotonic() < deadline, "the load was not loaded into the store"
        time.sleep(0.2)
    assert {row["region"] for row in found} == {"N", "NE", "S", "SE"}
    sql = "SELECT region, max(value) AS most FROM curva_carga GROUP BY region"
    most = {row["region"]: row["most"] for row in rows(loaded, sql, "sql")}
    assert {row["region"]: row["_value"] for row in found} == pytest.approx(most)
