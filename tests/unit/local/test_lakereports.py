"""`ons diff` and `ons verify` over the zones of a folder, for people and machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ons_local.cli import app
from ons_local.client import NotRunning
from ons_local.lakereports import differences
from ons_local.zones import open_zones, places, zone_settings
from ons_platform.errors import InvalidRequest, NotFound
from ons_platform.ingest.process import process
from ons_platform.lake.knowledge import refresh
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.lake.ledgers import open_ledger

KEY = "year=2023/CURVA_CARGA_2023.csv"
HEADER = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n"


def load(*values: float) -> bytes:
    rows = (f"SE;SUDESTE;2023-01-01 0{hour}:00:00;{v}\n" for hour, v in enumerate(values))
    return (HEADER + "".join(rows)).encode()


FILES = [
    (KEY, load(30000.5, 31000.5, 32000.5)),
    (KEY, load(30000.5, 31500.5)),
    ("year=2023/SNAP__CURVA_CARGA_2023.csv", load(30000.5)),
    (
        "year=2023/CARGA_ENERGIA_2023.csv",
        (
            b"id_subsistema;nom_subsistema;din_instante;val_cargaenergiamwmed\n"
            b"SE;SUDESTE;2023-01-01;30000.5\n"
        ),
    ),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory of a platform that does not run, with five versions in it."""
    for name in ("ONS_API_URL", "ONS_DATA_DIR", "ONS_LEDGER_URL", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    open_ledger(places(tmp_path)["ONS_LEDGER_URL"]).close()
    with open_zones(tmp_path) as zones:
        for number, (key, content) in enumerate(FILES):
            version = ObjectVersion(
                zones.settings.raw_bucket, key, zones.raw.put_version(key, content),
                f"{number:016X}", len(content), "", "2026-01-01T00:00:00Z",
            )  # fmt: skip
            outcome = process(
                version, {"format": "csv"}, catalog=zones.catalog, ledger=zones.ledger,
                raw=zones.raw, processed=zones.processed, settings=zones.settings,
            )  # fmt: skip
            refresh(zones.catalog[outcome.dataset], zones.ledger, zones.processed)
    return tmp_path


def ons(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data-dir", str(folder)])


def test_diff_says_what_the_newest_version_changed(folder: Path) -> None:
    shown = ons(folder, "diff", "CURVA_CARGA_2023.csv", "--language", "en")
    told = json.loads(ons(folder, "diff", KEY, "--json").stdout)
    assert shown.exit_code == 0
    for words in ("31,000.5", "31,500.5", "vanished", "2023-01-01 01:00", "SE"):
        assert words in shown.stdout
    assert told["rows"] == {
        "old": 3, "new": 2, "added": 0, "vanished": 1, "changed": 1, "rounded": 0, "other": 0,
    }  # fmt: skip
    assert [change["kind"] for change in told["changes"]] == ["changed", "vanished"]


def test_diff_of_two_objects_in_portuguese(folder: Path) -> None:
    shown = ons(folder, "diff", KEY, "SNAP__CURVA_CARGA_2023.csv", "--language", "pt")
    assert "31.500,5" in shown.stdout
    assert "sumida" in shown.stdout


def test_diff_of_the_same_rows(folder: Path) -> None:
    with open_zones(folder) as zones:
        (newest, *_) = zones.ledger.recorded(KEY)
    shown = ons(folder, "diff", KEY, "--from", newest.version_id, "--language", "en")
    assert "Nothing changed" in shown.stdout


def test_a_version_whose_slices_are_gone_is_read_from_the_raw_zone(folder: Path) -> None:
    with open_zones(folder) as zones:
        newest, older = zones.ledger.recorded(KEY)
        for item in older.slices:
            zones.processed.delete(item.path)
    chosen = differences(folder, KEY, None, first=None, second=newest.version_id[:25], limit=1)
    assert (chosen["rows"]["changed"], len(chosen["changes"])) == (1, 1)
    with open_zones(folder) as zones:
        zones.ledger.forget(KEY, older.version_id)
    again = differences(folder, KEY, None, first=older.version_id, second=None, limit=100)
    assert again["rows"] == chosen["rows"]


@pytest.mark.parametrize(
    ("key", "other", "first", "kind", "words"),
    [
        ("SNAP__CURVA_CARGA_2023.csv", None, None, NotFound, "nothing to compare it with"),
        (KEY, "CARGA_ENERGIA_2023.csv", None, InvalidRequest, "only objects of one dataset"),
        (KEY, None, "v9", NotFound, "has no one version 'v9'"),
        ("nothing.csv", None, None, NotFound, "nothing in the lake comes from"),
    ],
)
def test_what_cannot_be_compared_is_said(
    folder: Path, key: str, other: str | None, first: str | None, kind: type, words: str
) -> None:
    with pytest.raises(kind, match=words):
        differences(folder, key, other, first=first, second=None, limit=10)


def test_through_the_api_only_neighbours_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONS_API_URL", "http://127.0.0.1:1")
    with pytest.raises(InvalidRequest, match="through ONS_API_URL"):
        differences(None, KEY, "other", first=None, second=None, limit=10)


def test_verify_proves_a_lake_and_says_what_it_looked_at(folder: Path) -> None:
    shown = ons(folder, "verify", "--language", "en")
    assert shown.exit_code == 0
    assert "The lake is what the raw files say." in shown.stdout
    told = json.loads(ons(folder, "verify", "curva-carga", "--json", "--clean").stdout)
    assert (told["ok"], told["versions"], told["removed"]) == (True, 2, 0)


def test_verify_exits_with_one_until_what_differs_is_made_again(folder: Path) -> None:
    with open_zones(folder) as zones:
        (path,) = (info.path for info in zones.processed.list("dataset=consumption/")
                   if info.path.endswith("curva-carga.parquet"))  # fmt: skip
        zones.processed.delete(path)
    shown = ons(folder, "verify", "--language", "pt")
    assert shown.exit_code == 1
    assert "o arquivo do lago não existe" in " ".join(shown.stdout.split())
    mended = ons(folder, "verify", "--rebuild", "--json")
    assert mended.exit_code == 0
    assert [item["kind"] for item in json.loads(mended.stdout)["mended"]] == ["lake_missing"]
    assert ons(folder, "verify").exit_code == 0


def test_settings_come_from_the_folder_or_from_the_environment(tmp_path: Path) -> None:
    here = {"ONS_LEDGER_URL": "dynamodb://table", "ONS_RAW_BUCKET": "raw"}
    assert zone_settings(None, {**here, "ONS_DATA_DIR": str(tmp_path)}).raw_bucket == "raw"
    with pytest.raises(NotRunning, match="there are no data in"):
        zone_settings(tmp_path, here)
