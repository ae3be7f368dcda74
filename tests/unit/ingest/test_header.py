"""Which dataset a header is, and what differs when it is none."""

from __future__ import annotations

import pytest

from ons_platform.catalog.registry import Catalog, catalog
from ons_platform.errors import MalformedFile, UnknownDataset
from ons_platform.ingest.header import match_header, recognise

LOAD = ["id_subsistema", "nom_subsistema", "din_instante", "val_cargaenergiahomwmed"]


@pytest.mark.parametrize("dataset", list(catalog()), ids=lambda item: item.dataset)
def test_every_dataset_is_recognised_by_its_columns_alone(dataset: object) -> None:
    header = [column.name for column in dataset.columns]  # type: ignore[attr-defined]
    found = recognise("dados.csv", header, catalog())
    assert found.match.dataset == dataset
    assert not found.by_name


def test_names_are_folded_and_trimmed_and_aliases_count() -> None:
    balance = catalog()["balanco-energia-subsistema"]
    header = [f" {column.name.upper()} " for column in balance.columns]
    header[0] = "Id_Subsistena"
    match = match_header([*header, "nova", ""], balance)
    assert match.fits
    assert match.extra == ("nova",)
    assert "nom_subsistema" not in match.names
    assert "id_subsistema" in match.names


def test_the_name_decides_and_missing_columns_are_named() -> None:
    with pytest.raises(MalformedFile) as caught:
        recognise("CURVA_CARGA_2023.csv", LOAD[:3], catalog())
    assert caught.value.where["missing"] == ["val_cargaenergiahomwmed"]
    assert caught.value.where["found"] == LOAD[:3]
    assert caught.value.where["expected"] == [LOAD[0], *LOAD[2:]]


def test_neither_name_nor_columns_gives_the_nearest_and_what_differs() -> None:
    with pytest.raises(UnknownDataset) as caught:
        recognise("x.csv", LOAD[:3], catalog())
    nearest = caught.value.where["nearest"]
    assert len(nearest) == 3
    assert "missing" in nearest[0]


def test_columns_that_fit_two_datasets_equally_are_asked_about() -> None:
    load = catalog()["curva-carga"]
    twins = Catalog([load, load.model_copy(update={"dataset": "gemeo"})])
    with pytest.raises(UnknownDataset, match="curva-carga, gemeo"):
        recognise("x.csv", LOAD, twins)
