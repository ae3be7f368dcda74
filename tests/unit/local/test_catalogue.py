"""`ons catalog` in every form, with no platform running; one that runs adds what is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner, Result

from ons_local import catalogue
from ons_local.catalogtables import dataset_page, datasets_table
from ons_local.cli import app
from ons_platform.catalog.registry import catalog
from ons_platform.config import settings
from ons_platform.errors import InvalidRequest, NotFound

Ons = Callable[..., Result]


@pytest.fixture
def ons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ons:
    """The command, where no platform runs."""
    for name in ("ONS_API_URL", "ONS_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ONS_DATA_DIR", str(tmp_path / "nobody"))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, ["catalog", *map(str, arguments)])


def shown(renderable: Any) -> str:
    console = Console(width=200, no_color=True)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


LOADED = {
    "dataset": "curva-carga",
    "coverage": {"rows": 5000, "first": "2023-01-01T", "last": "2024-01-01T"},
}
FOREIGN = {"dataset": "zz", "title": {"en": "Z"}, "kind": "series", "grain": None, "coverage": None}


def test_every_dataset_is_listed(ons: Ons) -> None:
    shown = ons().stdout
    assert all(item.dataset in shown for item in catalog())
    assert "Curva de carga horária" in ons("--lang", "pt").stdout
    listed = json.loads(ons("--json").stdout)["datasets"]
    assert [item["dataset"] for item in listed] == [item.dataset for item in catalog()]
    (load,) = [item for item in listed if item["dataset"] == "curva-carga"]
    assert (load["kind"], load["grain"], load["first_year"]) == ("series", "PT1H", 2000)
    assert load["coverage"] is None


def test_a_platform_adds_what_is_loaded_and_its_own_datasets() -> None:
    listed = {item["dataset"]: item for item in catalogue.listing([FOREIGN, LOADED])}
    assert listed["curva-carga"]["coverage"]["rows"] == 5000
    assert listed["curva-carga"]["first_year"] == 2000
    assert "zz" in listed
    one = catalogue.described("curva-carga", LOADED, "en")
    assert one["coverage"]["rows"] == 5000
    assert one["columns"][3]["unit"] == "MWmed"
    assert "5,000 rows" in shown(dataset_page(one, "en"))
    assert "2023-01-01 → 2024-01-01" in shown(datasets_table([*listed.values()], "en"))
    assert catalogue.described("zz", FOREIGN, "en") == FOREIGN


@pytest.mark.parametrize(("lang", "rule"), [("en", "are kept and flagged"), ("pt", "são mantidos")])
def test_a_dataset_is_shown_whole(ons: Ons, lang: str, rule: str) -> None:
    shown = ons("curva_carga", "--lang", lang).stdout
    for part in ("CURVA_CARGA_{YYYY}", "val_cargaenergiahomwmed", "MWmed", "since 2000", rule):
        assert part in shown
    found = json.loads(ons("curva-carga", "--json").stdout)
    assert found["key"] == ["timestamp", "region", "measurement_type"]
    assert [column["name"] for column in found["columns"]][2] == "din_instante"


def test_schemas_are_printed(ons: Ons) -> None:
    found = json.loads(ons("curva-carga", "--schema").stdout)
    assert found["properties"]["val_cargaenergiahomwmed"]["x-unit"] == "MWmed"
    record = json.loads(ons("--schema").stdout)
    assert "suspect" in record["properties"]["quality_flag"]["enum"]


def test_contracts_are_printed_one_document_per_dataset(ons: Ons) -> None:
    assert len(list(yaml.safe_load_all(ons("--odcs").stdout))) == len(catalog())
    (one,) = yaml.safe_load_all(ons("curva-carga", "--odcs").stdout)
    assert one["name"] == "curva-carga"
    assert "horária" in ons("curva-carga", "--odcs").stdout


def test_our_own_contracts_agree(ons: Ons, tmp_path: Path) -> None:
    (tmp_path / "all.odcs.yaml").write_text(ons("--odcs").stdout, encoding="utf-8")
    done = ons("--odcs", "--check", tmp_path)
    assert done.exit_code == 0
    assert f"{len(catalog())} contracts, 0 material differences" in done.stderr
    only = ons("curva-carga", "--odcs", "--check", tmp_path, "--json")
    assert json.loads(only.stdout) == {"contracts": 1, "differences": []}


def test_a_contract_that_differs_is_told_with_exit_code_1(ons: Ons, tmp_path: Path) -> None:
    text = ons("curva-carga", "--odcs").stdout
    wrong = text.replace("value: MWmed", "value: MWh").replace("name: nom_", "name: nome_")
    (tmp_path / "x.yaml").write_text(wrong, encoding="utf-8")
    done = ons("--odcs", "--check", tmp_path / "x.yaml")
    assert done.exit_code == 1
    for part in ("unit differs", "MWh", "unknown column", "nome_subsistema", "note"):
        assert part in done.stdout
    found = json.loads(ons("--odcs", "--check", tmp_path / "x.yaml", "--json").stdout)
    assert {item["what"] for item in found["differences"]} == {"unit", "missing", "extra"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("curva-cargo",), NotFound),
        (("curva-cargo", "--schema"), NotFound),
        (("curva-cargo", "--odcs"), NotFound),
        (("--odcs", "--schema"), InvalidRequest),
        (("--check", "x.yaml"), InvalidRequest),
        (("--odcs", "--check", "no/such/file.yaml"), InvalidRequest),
    ],
)
def test_what_cannot_be_shown_is_told(ons: Ons, arguments: Any, error: type[Exception]) -> None:
    assert isinstance(ons(*arguments).exception, error)


@pytest.mark.parametrize("text", ["a: 1", "{", "kind: DataContract", "- 1", "\xff\xfe"])
def test_a_file_that_is_no_contract_is_named(ons: Ons, tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_bytes(text.encode("latin-1"))
    done = ons("--odcs", "--check", tmp_path)
    assert isinstance(done.exception, InvalidRequest)
    assert "bad.yaml" in str(done.exception)


def test_a_folder_without_contracts_is_told(ons: Ons, tmp_path: Path) -> None:
    assert isinstance(ons("--odcs", "--check", tmp_path).exception, InvalidRequest)


def test_a_dataset_of_a_folder_is_listed_and_exported(
    ons: Ons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(__file__).parents[3] / "layers/ons_platform/src/ons_platform/catalog/datasets"
            / "curva-carga.yaml").read_text(encoding="utf-8")  # fmt: skip
    own = text.replace("dataset: curva-carga", "dataset: curva-nova").replace("CURVA_", "NOVA_")
    (tmp_path / "nova.yaml").write_text(own, encoding="utf-8")
    monkeypatch.setenv("ONS_CATALOG_DIR", str(tmp_path))
    settings.cache_clear()
    catalog.cache_clear()
    try:
        assert "curva-nova" in ons().stdout
        assert "NOVA_CARGA_{YYYY}" in ons("curva-nova", "--odcs").stdout
    finally:
        monkeypatch.undo()
        settings.cache_clear()
        catalog.cache_clear()
