"""`ons backfill` on whole folders, and what a machine can do to it in between (issue 4 item 7)."""

from __future__ import annotations

import json
import signal
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

UNMEASURED = {"COVERAGE_PROCESS_CONFIG": None}
"""A process killed while it writes its coverage leaves half a file of it."""
REGIONS = (("N", "NORTE"), ("NE", "NORDESTE"), ("S", "SUL"), ("SE", "SUDESTE"))
LOAD = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed"
ENERGY = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiamwmed"
DAYS = 3
YEARS = range(2000, 2026)
FILES = 60


def write(path: Path, header: str, stamps: list[str], value: float) -> None:
    rows = [f"{code};{name};{stamp};{value:.3f}" for stamp in stamps for code, name in REGIONS]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def days(year: int) -> list[str]:
    return [str(date(year, 5, 1) + timedelta(days=n)) for n in range(DAYS)]


def hours(year: int) -> list[str]:
    return [f"{day} {hour:02d}:00:00" for day in days(year) for hour in range(24)]


def write_sixty(folder: Path) -> None:
    """Yearly files of two datasets in folders of their own, and eight snapshots of the first."""
    for year in YEARS:
        write(folder / "load" / f"CURVA_CARGA_{year}.csv", LOAD, hours(year), year)
        write(folder / "energy" / f"CARGA_ENERGIA_{year}.csv", ENERGY, days(year), year)
    for year in range(2000, 2008):
        name = f"SNAP2010-01__CURVA_CARGA_{year}.csv"
        write(folder / "load" / name, LOAD, hours(year), 1.0)


def wait_for(platform, count: int) -> None:
    """Until so many objects are completed."""
    deadline = time.monotonic() + 90
    wanted = {"status": "completed", "limit": 1000}
    with platform.http() as http:
        while len(http.get("/objects", params=wanted).json()["objects"]) < count:
            assert time.monotonic() < deadline, "it does not get on"
            time.sleep(0.1)


def sums(platform, dataset: str) -> dict[int, tuple[int, float]]:
    """Rows and sum of the values of each year, over every lake file of a dataset."""
    (bucket,) = (platform.data_dir / "buckets").glob("*processed*")
    files = str(bucket / "dataset=*" / "year=*" / "month=*" / f"{dataset}.parquet")
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT year(timestamp), count(*), sum(value) FROM read_parquet(?) GROUP BY 1", [files]
        ).fetchall()
    return {year: (count, total) for year, count, total in rows}


def test_sixty_files_survive_two_kills_and_are_there_once(fresh, tmp_path):
    folder = tmp_path / "files"
    write_sixty(folder)
    platform = fresh(**UNMEASURED).start()

    first = platform.begin("backfill", folder, "--json")
    wait_for(platform, 8)
    first.kill()
    first.communicate()

    second = platform.begin("backfill", folder, "--json")
    wait_for(platform, 25)
    platform.kill()
    time.sleep(0.5)
    platform.start()
    stdout, stderr = second.communicate(timeout=150)
    assert second.returncode == 0, stderr
    summary = json.loads(stdout)
    assert summary["files"] == FILES
    assert set(summary["statuses"]) <= {"completed", "unchanged", "superseded"}
    assert summary["refused"] == []

    entries = platform.wait_until_idle()
    assert {entry["status"] for entry in entries} <= {"completed", "superseded"}
    assert len({entry["version"]["key"] for entry in entries}) == FILES
    assert sums(platform, "curva-carga") == {
        year: (len(hours(year)) * len(REGIONS), len(hours(year)) * len(REGIONS) * year)
        for year in YEARS
    }
    assert sums(platform, "carga-energia") == {
        year: (DAYS * len(REGIONS), DAYS * len(REGIONS) * year) for year in YEARS
    }
    again = platform.json("backfill", folder)
    assert (again["statuses"], again["rows"]) == ({"unchanged": FILES}, 0)
    assert len(platform.objects()) == len(entries)


def test_ctrl_c_says_what_is_left_and_the_next_run_does_it(fresh, tmp_path):
    folder = tmp_path / "files"
    for year in YEARS:
        write(folder / f"CARGA_ENERGIA_{year}.csv", ENERGY, days(year), year)
    platform = fresh(**UNMEASURED).start()
    running = platform.begin("backfill", folder, "--concurrency", "2", "--json")
    wait_for(platform, 3)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert "Traceback" not in stderr
    summary = json.loads(stdout)
    assert sum(summary["statuses"].values()) == len(YEARS)
    assert set(summary["statuses"]) == {"completed", "left"}
    assert len(summary["left"]) == summary["statuses"]["left"]
    assert summary["refused"] == []
    platform.wait_until_idle()
    rest = platform.json("backfill", folder)
    assert sum(rest["statuses"].values()) == len(YEARS)
    assert set(rest["statuses"]) == {"completed", "unchanged"}
    assert len(platform.objects()) == len(YEARS)


def test_a_folder_with_everything_in_it(fresh, tmp_path):
    folder = tmp_path / "files"
    write(folder / "CARGA_ENERGIA_2020.csv", ENERGY, days(2020), 7000.0)
    write(folder / "2021-01" / "CARGA_ENERGIA_2021.csv", ENERGY, days(2021), 7000.0)
    write(folder / "2022-01" / "CARGA_ENERGIA_2021.csv", ENERGY, days(2021), 7500.0)
    (folder / "COMIDA_2020.csv").write_text("prato;preco\nfeijoada;30\n")
    (folder / "CARGA_ENERGIA_2019.csv").write_text("")
    (folder / "RELATORIO.pdf").write_bytes(b"%PDF-1.7")
    platform = fresh().start()

    steps = platform.json("backfill", folder, "--dry-run")
    assert {step["would"] for step in steps} == {"send"}
    assert platform.objects() == []

    done = platform.ons("backfill", folder)
    assert done.returncode == 65
    assert done.stdout == ""
    for part in ("5 files", "2 failed", "MB/s", "refused", "COMIDA_2020.csv", "left out", "5/5"):
        assert part in done.stderr, done.stderr
    assert sums(platform, "carga-energia")[2021] == (12, 12 * 7500.0)
    keys = [entry["version"]["key"] for entry in platform.objects()]
    assert keys.count("year=2021/CARGA_ENERGIA_2021.csv") == 2

    again = platform.json("backfill", folder, "--pattern", "CARGA*20*.csv")
    assert again["statuses"] == {"failed": 1, "unchanged": 3}
    assert len(again["skipped"]) == 0


def test_without_a_platform_it_says_how_to_start_one(fresh, tmp_path):
    write(tmp_path / "files" / "CARGA_ENERGIA_2020.csv", ENERGY, days(2020), 7000.0)
    done = fresh().ons("backfill", tmp_path / "files")
    assert done.returncode == 69
    assert "ons up" in done.stderr
