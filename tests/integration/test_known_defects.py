"""Known errors of real ONS files are found by rules, and what really happened is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ons_platform.config import Settings

DATA = Path(__file__).parents[3] / "shared" / "data"
EXCERPTS = DATA / "_excerpts"

pytestmark = pytest.mark.shared


class Judged:
    """One file's report and its rows in the lake."""

    def __init__(self, report: dict[str, Any], rows: pd.DataFrame) -> None:
        self.report = report
        self.rows = rows
        self.findings = {(item["column"], item["kind"]): item for item in report["findings"]}

    def flagged(self, flag: str) -> pd.DataFrame:
        return self.rows[self.rows["quality_flag"] == flag]

    def stretches(self, column: str, kind: str) -> set[tuple[str, str, str]]:
        found = self.findings[column, kind]["stretches"]
        return {(item["entity"], item["first"][:16], item["last"][:16]) for item in found}


@pytest.fixture
def judge(ingest_file: Callable[[Path], Any], tmp_path: Path) -> Callable[..., Judged]:
    def made(path: Path, name: str | None = None) -> Judged:
        if name:
            (tmp_path / name).write_bytes(path.read_bytes())
            path = tmp_path / name
        found = ingest_file(path)
        report = tmp_path / Settings().processed_bucket / found.outcome.report
        assert report.with_suffix(".html").read_text().startswith("<!doctype html>")
        return Judged(json.loads(report.read_text()), found.rows)

    return made


def test_the_doubled_load_breaks_the_balance_and_the_run_of_days(judge: Any) -> None:
    found = judge(DATA / "balanco-energia-subsistema" / "BALANCO_ENERGIA_SUBSISTEMA_2023.csv")
    wrong = {(region, "2023-09-13T00:00", "2023-09-13T23:00") for region in ("N", "NE", "S", "SE")}
    assert found.stretches("val_carga", "identity") == wrong
    assert found.stretches("val_carga", "doubled") == wrong
    assert found.report["flags"]["inconsistent"] == 2 * 4 * 24


def test_the_doubled_load_is_found_without_a_balance_too(judge: Any, tmp_path: Path) -> None:
    """The same load, as a load curve would have it."""
    path = DATA / "balanco-energia-subsistema" / "BALANCO_ENERGIA_SUBSISTEMA_2023.csv"
    table = pd.read_csv(path, sep=";", dtype=str)
    table = table[table["nom_subsistema"] != "SISTEMA INTERLIGADO NACIONAL"]
    columns = [table.columns[0], "nom_subsistema", "din_instante", "val_carga"]
    table = table[columns].set_axis(
        ["id_subsistema", "nom_subsistema", "din_instante", "val_cargaenergiahomwmed"], axis=1
    )
    table[table["id_subsistema"].str.strip() != "SIN"].to_csv(
        tmp_path / "CURVA_CARGA_2023.csv", sep=";", index=False
    )
    found = judge(tmp_path / "CURVA_CARGA_2023.csv")
    suspect = found.flagged("suspect")
    days = suspect["timestamp"].dt.tz_convert("America/Sao_Paulo").dt.date.astype(str)
    assert set(days) == {"2023-09-13"}
    assert suspect.groupby("region", observed=True).size().to_dict() == dict.fromkeys(
        ("N", "NE", "S", "SE"), 24
    )


@pytest.mark.parametrize(
    ("path", "name", "regions"),
    [
        (
            DATA / "balanco-energia-subsistema" / "BALANCO_ENERGIA_SUBSISTEMA_2023.csv",
            None,
            {"S", "SIN"},
        ),
        (
            EXCERPTS / "BALANCO_ENERGIA_SUBSISTEMA_2025__tail.csv",
            "BALANCO_ENERGIA_SUBSISTEMA_2025.csv",
            {"S", "SIN"},
        ),
    ],
    ids=["2023", "2025"],
)
def test_the_sun_does_not_shine_at_night(
    judge: Any, path: Path, name: str | None, regions: set[str]
) -> None:
    found = judge(path, name)
    suspect = found.flagged("suspect")
    suspect = suspect[suspect["energy_source"] == "solar"]
    assert regions <= set(suspect["region"])
    hours = suspect["timestamp"].dt.tz_convert("America/Sao_Paulo").dt.hour
    assert set(hours) <= {21, 22, 23, 0, 1, 2, 3}
    assert (suspect["value"] == 1.0).any()
    assert (suspect["value"] >= 0.99).all()


@pytest.mark.parametrize("year", [2014, 2016, 2018])
def test_hours_that_never_were_are_left_out_when_the_file_has_them(judge: Any, year: int) -> None:
    found = judge(DATA / "curva-carga" / f"CURVA_CARGA_{year}.csv")
    assert found.report["skipped"]["hour_never_was"]["rows"] == 4
    assert {item["hours"] for item in found.report["completeness"]["clock_changes"]} == {23, 25}


@pytest.mark.parametrize("year", [2000, 2010])
def test_hours_that_never_were_are_not_missed(judge: Any, year: int) -> None:
    found = judge(DATA / "curva-carga" / f"CURVA_CARGA_{year}.csv")
    complete = found.report["completeness"]
    assert complete["absent"] == 0
    assert complete["share"] == 1.0
    assert {item["hours"] for item in complete["clock_changes"]} == {23, 25}
    assert set(found.report["flags"]) == {"ok", "ambiguous_hour"}


def test_a_day_that_is_empty_and_in_part_not_there(judge: Any) -> None:
    found = judge(DATA / "curva-carga" / "CURVA_CARGA_2014.csv")
    value = "val_cargaenergiahomwmed"
    assert found.stretches(value, "empty_day") == {("*", "2014-02-01", "2014-02-01")}
    assert found.stretches("din_instante", "complete") == {
        ("N", "2014-02-01T00:00", "2014-02-01T23:00")
    }
    assert found.findings[value, "missing"]["count"] == 72


def test_a_day_counted_in_part_is_suspect_in_the_hourly_and_the_daily_file(judge: Any) -> None:
    """Nobody documented it: on one day of 2018 the Northeast has 39 % of its load."""
    hourly = judge(DATA / "curva-carga" / "CURVA_CARGA_2018.csv").flagged("suspect")
    assert (set(hourly["region"]), len(hourly)) == ({"NE"}, 24)
    daily = judge(DATA / "carga-energia" / "CARGA_ENERGIA_2018.csv").flagged("suspect")
    assert (set(daily["region"]), len(daily)) == ({"NE"}, 1)
    assert daily["timestamp"].iloc[0] == hourly["timestamp"].min()


@pytest.mark.parametrize(("year", "days"), [(2021, 2), (2022, 16)])
def test_missing_days_of_the_half_hourly_cost(judge: Any, year: int, days: int) -> None:
    found = judge(DATA / "cmo-semi-horario" / f"CMO_SEMIHORARIO_{year}.csv")
    assert found.report["completeness"]["absent"] == days * 48 * 4
    gaps = found.report["completeness"]["gaps"]
    assert sum(gap["count"] for gap in gaps) == days * 48 * 4


def test_spikes_and_negatives_of_the_half_hourly_cost(judge: Any) -> None:
    found = judge(DATA / "cmo-semi-horario" / "CMO_SEMIHORARIO_2021.csv")
    suspect = found.flagged("suspect")
    assert {11505.02, 8222.63} <= set(suspect["value"])
    assert len(suspect) < 50
    negative = found.flagged("out_of_range")
    assert len(negative) == (found.rows["value"] < 0).sum() > 0


def test_an_empty_day_and_a_stray_timestamp_of_the_daily_load(judge: Any) -> None:
    found = judge(DATA / "carga-energia" / "CARGA_ENERGIA_2013.csv")
    assert found.stretches("val_cargaenergiamwmed", "empty_day") == {
        ("*", "2013-12-01", "2013-12-01")
    }
    stray = found.findings["din_instante", "stray"]
    assert (stray["count"], stray["places"][0]["value"]) == (1, "2013-02-02 00:00:01")


def test_repeated_rows(judge: Any) -> None:
    hydrology = judge(DATA / "dados-hidrologicos-res" / "DADOS_HIDROLOGICOS_RES_2025.csv")
    found = hydrology.findings["*", "duplicate"]
    assert {place["value"] for place in found["places"]} == {"SALTO APIACAS", "PARANAPANEMA"}
    assert len(hydrology.flagged("duplicate")) > 0
    cost = judge(EXCERPTS / "CVU_USINA_TERMICA_2026__tail.csv", "CVU_USINA_TERMICA_2026.csv")
    assert cost.findings["*", "duplicate"]["count"] == 1
    assert cost.report["skipped"]["duplicate_row"]["rows"] == 1


@pytest.mark.parametrize(
    ("folder", "year"),
    [
        *(("curva-carga", year) for year in (2019, 2022, 2023, 2024)),
        *(("carga-energia", year) for year in (2001, 2009, 2020, 2023)),
    ],
)
def test_rationing_blackouts_and_the_pandemic_were_real(judge: Any, folder: str, year: int) -> None:
    """2001 rationing, blackouts of 2009 and 2023-08-15, 2020: no value is doubted."""
    found = judge(DATA / folder / f"{folder.replace('-', '_').upper()}_{year}.csv")
    assert set(found.report["flags"]) <= {"ok", "ambiguous_hour"}
    assert not found.report["findings"]


def test_breaks_of_method_are_remarked(judge: Any) -> None:
    def remarks(year: int) -> list[tuple[str, str]]:
        report = judge(DATA / "carga-energia" / f"CARGA_ENERGIA_{year}.csv").report
        breaks = [item for item in report["warnings"] if item["code"].startswith("break")]
        return [(item["code"], item["starts"]) for item in breaks]

    assert remarks(2020) == []
    assert remarks(2021) == [("break_inside", "2021-03-01")]
    assert remarks(2022) == [("break_before", "2021-03-01")]
    assert remarks(2023) == [("break_inside", "2023-04-29"), ("break_before", "2021-03-01")]
    assert remarks(2024) == [("break_before", "2023-04-29")]
