"""The `ons` command as people and scripts use it: exit codes, pure JSON, clear messages."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
QUESTION = "Qual foi a carga média do Sudeste em março de 2023?"
COMMANDS = (
    "up",
    "upload",
    "backfill",
    "status",
    "ask",
    "query",
    "catalog",
    "replay",
    "quality",
    "diff",
    "verify",
    "doctor",
)


def test_help_is_quick_and_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['ons', '--help']\n"
        "from ons_local.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'moto', 'boto3', 'pyarrow', 'httpx', 'uvicorn', 'duckdb', 'starlette'}\n"
        "sys.exit(sorted(heavy & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(running, command):
    done = running.ons(command, "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"ons {command}" in done.stdout


def test_ask_answers_with_its_sources(running):
    done = running.ons("ask", QUESTION)
    assert done.returncode == 0, done.stderr
    for part in ("MWmed", "2023-03-01T00:00:00-03:00", "dataset/curva-carga"):
        assert part in done.stdout
    assert "SELECT" in done.stdout or "from(bucket" in done.stdout
    assert "\x1b[" not in done.stdout


def test_ask_in_json_is_the_apis_answer(running):
    answer = running.json("ask", QUESTION)
    assert answer["status"] == "answered"
    assert answer["language"] == "pt"
    assert answer["unit"] == "MWmed"
    assert answer["period"]["start"] == "2023-03-01T00:00:00-03:00"
    assert answer["dataset"] == "curva-carga"
    assert answer["query_used"]


def test_as_of_says_when_today_is(running):
    ask = ("ask", "average load of the South yesterday", "--language", "en", "--as-of")
    answer = running.json(*ask, "2023-05-02T12:00:00-03:00")
    assert answer["period"]["start"] == "2023-05-01T00:00:00-03:00"
    refused = running.ons(*ask, "someday")
    assert refused.returncode == 2
    assert "as_of" in refused.stderr


@pytest.mark.parametrize(("name", "begins"), [("c.svg", "<"), ("c.html", "<!doctype html>")])
def test_a_chart_is_written(running, tmp_path, name, begins):
    question = "Mostre a evolução da carga média por mês no Nordeste em 2023."
    done = running.ons("ask", question, "--chart", tmp_path / name)
    assert done.returncode == 0
    text = (tmp_path / name).read_text()
    assert text.startswith(begins)
    assert "<svg" in text
    assert running.ons("ask", question, "--chart", tmp_path / "c.png").returncode == 2


def test_query_in_three_forms(running):
    sql = "SELECT region, count(*) AS n FROM curva_carga GROUP BY region ORDER BY region"
    result = running.json("query", sql)
    assert [row["region"] for row in result["rows"]] == ["N", "NE", "S", "SE"]
    rows = list(csv.DictReader(io.StringIO(running.ons("query", sql, "--csv").stdout)))
    assert [int(row["n"]) for row in rows] == [row["n"] for row in result["rows"]]
    assert "region" in running.ons("query", sql).stdout
    assert running.ons("query", sql, "--csv", "--json").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["query", "DROP TABLE curva_carga"], 2, "refused"),
        (["query", "SELECT * FROM nothing_there"], 2, ""),
        (["query", "--language", "cobol", "x"], 2, "cobol"),
        (["ask", "?"], 2, "question"),
        (["status", "no/such/key.csv"], 4, "No object"),
        (["catalog", "curva-cargo"], 4, "curva-carga"),
        (["replay"], 2, "--failed"),
        (["replay", "no/such/key.csv"], 4, ""),
        (["upload", "no/such/file.csv"], 2, "does not exist"),
    ],
)
def test_what_cannot_be_done_is_told_with_an_exit_code(running, arguments, code, message):
    done = running.ons(*arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_in_json_is_json(running):
    done = running.ons("status", "no/such/key.csv", "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["error"] == "NotFound"


def test_upload_gives_what_became_of_each_file(running):
    results = running.json("upload", SAMPLES / "CURVA_CARGA_2023.csv")
    (result,) = results
    assert result["status"] == "unchanged"
    assert result["key"] == "year=2023/CURVA_CARGA_2023.csv"
    assert result["dataset"] == "curva-carga"
    assert result["rows_read"] == result["rows_written"] == 35_040
    assert len(result["partitions"]) == 12
    assert result["reason"] is None
    assert result["execution_id"]
    done = running.ons("upload", SAMPLES / "CURVA_CARGA_2023.csv")
    assert "unchanged" in done.stderr
    assert done.stdout == ""


def test_upload_without_waiting(running, tmp_path):
    path = tmp_path / "CURVA_CARGA_2000.csv"
    path.write_text(
        "id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n"
        "S;SUL;2000-01-05 00:00:00;7000.5\n"
    )
    done = running.ons("upload", path, "--no-wait", "--json")
    (result,) = json.loads(done.stdout)
    assert result["status"] == "received"
    deadline = time.monotonic() + 30
    while running.json("status", result["key"])["status"] != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_status_of_all_and_of_one(running):
    report = running.json("status")
    assert report["counts"]["completed"] >= 7
    assert report["platform"]["url"] == running.url
    key = "year=2023/CURVA_CARGA_2023.csv"
    assert running.json("status", key)["version"]["key"] == key
    assert running.json("status", "CURVA_CARGA_2023.csv")["version"]["key"] == key
    assert key in running.ons("status", key).stdout
    assert "completed" in running.ons("status").stdout


def test_catalog(running):
    datasets = {item["dataset"]: item for item in running.json("catalog")["datasets"]}
    assert datasets["curva-carga"]["coverage"]["rows"] >= 35_040
    assert "curva-carga" in running.ons("catalog").stdout
    assert running.json("catalog", "curva-carga")["columns"]
    assert "MWmed" in running.ons("catalog", "curva-carga").stdout


def test_replay_of_a_good_file_changes_nothing(running):
    sql = "SELECT count(*) AS n, round(sum(value), 6) AS s FROM cmo_semanal"
    before = running.json("query", sql)["rows"]
    (entry,) = running.json("replay", "CMO_SEMANAL_2024.csv")
    assert entry["status"] == "completed"
    assert running.json("query", sql)["rows"] == before
    assert "completed" in running.ons("replay", "CMO_SEMANAL_2024.csv").stdout


def test_doctor(running):
    report = running.json("doctor")
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["platform"]["ok"]
    assert checks["ledger"]["ok"]
    assert "0600" in checks["api key"]["detail"]
    assert "MB" in checks["memory"]["detail"]


def test_without_a_platform_the_way_is_told(running, tmp_path):
    for command in (["status"], ["ask", QUESTION], ["upload", SAMPLES]):
        done = running.ons(*command, "--data-dir", tmp_path)
        assert done.returncode == 69
        assert "ons up" in done.stderr
    done = running.ons("doctor", "--data-dir", tmp_path)
    assert done.returncode == 0
    assert "no platform runs" in done.stdout


def test_a_platform_is_also_found_by_url_and_key(running, tmp_path):
    elsewhere = {"ONS_DATA_DIR": str(tmp_path), "ONS_API_URL": running.url}
    assert running.ons("catalog", **elsewhere, ONS_API_KEY=running.key).returncode == 0
    assert running.ons("catalog", **elsewhere, ONS_API_KEY="wrong").returncode == 77
    assert running.ons("catalog", **elsewhere).returncode == 2
    nobody = {**elsewhere, "ONS_API_URL": "http://127.0.0.1:9", "ONS_API_KEY": "k"}
    assert running.ons("catalog", **nobody).returncode == 75
