"""The catalogue as shipped, and which file names it knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ons_platform.catalog.odcs import contract
from ons_platform.catalog.registry import Catalog, catalog, load, shipped_catalog
from ons_platform.catalog.rowschema import row_schema
from ons_platform.config import settings
from ons_platform.ingest.reading.header import recognise

SLUGS = [
    "balanco-energia-subsistema", "capacidade-geracao", "carga-energia", "cmo-semanal",
    "cmo-semi-horario", "curva-carga", "dados-hidrologicos-res", "geracao-usina-2",
]  # fmt: skip

NAMES = [
    ("CURVA_CARGA_2023.csv", "curva-carga"),
    ("year=2023/curva_carga_2023.CSV", "curva-carga"),
    ("SNAP2023-10__CURVA_CARGA_2010.csv", "curva-carga"),
    ("CURVA_CARGA_2023 (1).xlsx", "curva-carga"),
    ("GERACAO_USINA-2_2022_03.csv", "geracao-usina-2"),
    ("GERACAO_USINA_2015.csv", "geracao-usina-2"),
    ("CARGA_ENERGIA_2001.parquet", "carga-energia"),
    ("CMO_SEMANAL_2024.csv", "cmo-semanal"),
    ("CMO_SEMIHORARIO_2022.csv", "cmo-semi-horario"),
    ("CAPACIDADE_GERACAO.csv", "capacidade-geracao"),
    ("CURVA_CARGA_20233.csv", None),
    ("CURVA_CARGA_1850.csv", None),
    ("GERACAO_USINA-2_2022_13.csv", None),
    ("XCURVA_CARGA_2023.csv", None),
    ("CURVA_CARGA.csv", None),
    ("VAZOES_MENSAIS_1931_2024.xlsx", "ons-vazoes"),
    ("", None),
]

NEW = """
dataset: novo
title: {pt: Novo, en: New}
description: {pt: a, en: b}
url: https://example.org
kind: series
dataset_type: operation
grain: P1D
files: {patterns: ['NOVO_{YYYY}_{MM}_{DD}']}
time: {column: dia, kind: local_date}
columns:
  - {name: dia, type: date, role: time}
  - {name: val_x, type: number, role: measure}
measures: [{column: val_x, measurement_type: x, unit: MW}]
key: [timestamp, measurement_type]
questions: {names: {pt: [novo]}, metrics: []}
"""


def test_the_datasets_of_the_house_are_there() -> None:
    shipped = [item.dataset for item in catalog()]
    assert set(SLUGS) <= set(shipped)
    assert shipped == sorted(shipped)
    assert len(catalog()) == len(shipped)
    assert "curva-carga" in catalog()
    assert "nada" not in catalog()


@pytest.mark.parametrize(("name", "slug"), NAMES)
def test_names_over_the_years(name: str, slug: str | None) -> None:
    found = catalog().by_name(name)
    assert (found.dataset if found else None) == slug


def test_one_yaml_file_is_a_dataset(tmp_path: Path) -> None:
    (tmp_path / "novo.yaml").write_text(NEW, encoding="utf-8")
    (tmp_path / "readme.txt").write_text("no dataset", encoding="utf-8")
    found = load(tmp_path)
    assert [item.dataset for item in found] == ["novo"]
    assert found["novo"].table == "novo"
    assert found.by_name("NOVO_2023_01_31.csv") == found["novo"]
    assert found.by_name("NOVO_2023_01_32.csv") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("grain: P1D", "grain: null", "needs `time` and `grain`"),
        ("{column: dia, kind", "{column: mes, kind", "time column mes is not a column"),
        ("name: val_x", "name: dia", "listed twice"),
        ("[{column: val_x", "[{column: val_y", "differ"),
        ("kind: series", "kind: series\nextra: 1", "Extra inputs"),
        ("dataset: novo", "dataset: No vo", "pattern"),
    ],
)
def test_an_inconsistent_yaml_says_what_is_wrong(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in NEW
    (tmp_path / "novo.yaml").write_text(NEW.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"novo\.yaml: (?s:.*){message}"):
        load(tmp_path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of further datasets, named as an operator names it."""
    monkeypatch.setenv("ONS_CATALOG_DIR", str(tmp_path))
    settings.cache_clear()
    catalog.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()
    catalog.cache_clear()


def test_a_folder_adds_a_dataset_that_is_recognised_and_exported(folder: Path) -> None:
    shipped = len(shipped_catalog())
    (folder / "novo.yaml").write_text(NEW, encoding="utf-8")
    assert len(catalog()) == shipped + 1
    found = recognise("NOVO_2023_01_31.csv", ["dia", "val_x"], catalog())
    assert found.match.dataset == catalog()["novo"]
    assert contract(catalog()["novo"])["schema"][0]["properties"][1]["name"] == "val_x"
    assert row_schema(catalog()["novo"])["required"] == ["dia", "val_x"]


def test_a_folder_may_replace_a_dataset_but_not_claim_anothers_files(folder: Path) -> None:
    own = NEW.replace("dataset: novo", "dataset: curva-carga")
    (folder / "novo.yaml").write_text(own, encoding="utf-8")
    assert catalog()["curva-carga"].title.en == "New"
    catalog.cache_clear()
    claims = NEW.replace("NOVO_{YYYY}_{MM}_{DD}", "CARGA_ENERGIA_{YYYY}")
    (folder / "novo.yaml").write_text(claims, encoding="utf-8")
    with pytest.raises(ValueError, match="carga-energia and novo both claim"):
        catalog()


def test_a_wrong_yaml_of_a_folder_stops_the_catalogue(folder: Path) -> None:
    (folder / "novo.yaml").write_text(NEW.replace("unit: MW", "unit: milha"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"novo\.yaml: novo: measures\.val_x\.unit: 'milha'"):
        catalog()


def test_an_empty_catalogue_knows_no_name() -> None:
    assert Catalog([]).by_name("CURVA_CARGA_2023.csv") is None
