"""What people really drop into a raw zone: each ends with a clear reason, kept and replayable."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[2] / "samples"
HEADER = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n"


def empty(path: Path) -> None:
    path.touch()


def header_only(path: Path) -> None:
    path.write_text(HEADER)


def wrong_columns(path: Path) -> None:
    path.write_text("nome;idade\nAna;7\n")


def truncated_xlsx(path: Path) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>" * 1000)
        archive.writestr("xl/workbook.xml", "<workbook/>" * 1000)
    path.write_bytes(whole.getvalue()[:150])


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 400)


def one_long_line(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(200):
            file.write(b"1;" * (512 * 1024))


def dates_out_of_range(path: Path) -> None:
    path.write_text(
        HEADER + "".join(f"S;SUL;{year}-01-01 00:00:00;1.0\n" for year in ("0001", "2999", "9999"))
    )


BAD: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "CURVA_CARGA_2001.csv": (empty, {"EmptyFile"}),
    "CURVA_CARGA_2002.csv": (header_only, {"EmptyFile"}),
    "CURVA_CARGA_2003.csv": (wrong_columns, {"MalformedFile", "UnknownDataset"}),
    "CURVA_CARGA_2004.xlsx": (truncated_xlsx, {"MalformedFile"}),
    "CURVA_CARGA_2005.csv": (binary, {"MalformedFile"}),
    "CURVA_CARGA_2006.csv": (one_long_line, {"FileLimitExceeded", "MalformedFile"}),
    "CURVA_CARGA_2007.csv": (dates_out_of_range, {"MalformedFile", "EmptyFile"}),
    "unknown.xyz": (wrong_columns, {"UnsupportedFile"}),
    "mystery.csv": (wrong_columns, {"UnknownDataset"}),
    "..é ção (1) %2e%2e;$HOME&.csv": (wrong_columns, {"UnknownDataset", "UnsafeKey"}),
}


@pytest.fixture(scope="module")
def failed(running, tmp_path_factory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("bad")
    for name, (make, _) in BAD.items():
        make(folder / name)
    done = running.ons("upload", *(folder / name for name in BAD), "--json")
    assert done.returncode == 65
    return {Path(result["file"]).name: result for result in json.loads(done.stdout)}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_fails_with_its_reason(failed, name):
    result = failed[name]
    assert result["status"] == "failed"
    assert result["reason"]["error"] in BAD[name][1], result["reason"]
    assert len(result["reason"]["message"]) > 20
    assert result["rows_written"] == 0
    assert result["execution_id"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_in_the_failed_zone_with_its_reason(running, failed, name):
    zone = next((running.data_dir / "buckets").glob("*failed*"))
    reasons = [json.loads(path.read_text()) for path in zone.rglob("reason.json")]
    mine = [reason for reason in reasons if failed[name]["version_id"] in json.dumps(reason)]
    assert len(mine) == 1, [list(reason) for reason in reasons]


def test_people_are_told(running, failed):
    with running.http() as http:
        state = http.get("/_platform").json()
    channels = state["channels"]
    review = next(name for name in channels if "manual-review" in name)
    notices = next(name for name in channels if "notices" in name)
    assert channels[review] >= len(BAD)
    assert channels[notices] >= len(BAD)
    assert "failed" in running.ons("status").stdout
    assert "ons replay" in running.ons("doctor").stdout


def test_a_failed_file_can_be_replayed(running, failed):
    key = failed["mystery.csv"]["key"]
    done = running.ons("replay", key, "--json")
    (entry,) = json.loads(done.stdout)
    assert done.returncode == 65
    assert entry["status"] == "failed"
    assert entry["execution_id"] != failed["mystery.csv"]["execution_id"]
    assert entry["reason"]["error"] == "UnknownDataset"


def test_a_mended_file_of_the_same_name_goes_in(running, failed, tmp_path):
    mended = tmp_path / "CURVA_CARGA_2001.csv"
    mended.write_text(HEADER + "S;SUL;2001-01-05 00:00:00;7000.5\n")
    result = running.upload(mended)
    assert (result["status"], result["rows_written"]) == ("completed", 1)


NEW_DATASET = """
dataset: ventos-de-teste
title: {pt: Ventos de teste, en: Test winds}
description: {pt: Velocidade do vento por subsistema., en: Wind speed per subsystem.}
url: https://example.org/ventos
kind: series
dataset_type: generation
grain: PT1H
files:
  patterns: ['VENTOS_{YYYY}']
  first_year: 2000
time: {column: quando, kind: local_instant, label: start}
columns:
  - {name: zona, type: string, role: region}
  - {name: quando, type: instant, role: time}
  - {name: rapidez, type: number, role: measure}
measures:
  - {column: rapidez, measurement_type: wind_speed, unit: m/s, valid: [0, 100]}
key: [timestamp, region, measurement_type]
influxdb: {bucket: generation_data, fields: {wind_speed: wind_speed}}
questions:
  names: {pt: [ventos], en: [winds]}
  metrics:
    - id: wind_speed
      measurement_type: wind_speed
      title: {pt: velocidade do vento, en: wind speed}
      names: {pt: [velocidade do vento], en: [wind speed]}
      unit: m/s
      preference: 10
"""


def test_what_no_catalogue_knew_is_replayed_once_one_does(fresh, tmp_path):
    """A dataset is added by one YAML file (DESIGN 1); the object waited in the failed zone."""
    file = tmp_path / "VENTOS_2023.csv"
    file.write_text("zona;quando;rapidez\nNE;2023-01-05 00:00:00;7.5\nNE;2023-01-05 01:00:00;8\n")
    platform = fresh().start()
    assert platform.upload(file)["reason"]["error"] == "UnknownDataset"
    platform.stop()

    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "ventos-de-teste.yaml").write_text(NEW_DATASET)
    platform.environment["ONS_CATALOG_DIR"] = str(catalog)
    (entry,) = platform.start().json("replay", "--failed")
    assert (entry["status"], entry["dataset"]) == ("completed", "ventos-de-teste"), entry
    assert entry["rows_written"] == 2
    answer = platform.json("query", "SELECT max(value) AS v FROM ventos_de_teste")
    assert answer["rows"] == [{"v": 8.0}]
