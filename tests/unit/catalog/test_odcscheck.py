"""What a given contract says otherwise than the catalogue, and which of it matters."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ons_platform.catalog.odcs import contract
from ons_platform.catalog.odcscheck import Difference, differences, same_quantity
from ons_platform.catalog.registry import catalog

SLUG = "curva-carga"


def changed(which: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Our own contract with one column changed."""
    found = deepcopy(contract(catalog()[SLUG]))
    (column,) = [c for c in found["schema"][0]["properties"] if c["name"] == which]
    column.update(fields)
    return found


def unit(value: str) -> list[dict[str, str]]:
    return [{"property": "unit", "value": value}]


@pytest.mark.parametrize(
    ("name", "fields", "what", "material"),
    [
        ("val_cargaenergiahomwmed", {"name": "val_carga"}, {"missing", "extra"}, True),
        ("nom_subsistema", {"name": "id_subsistema"}, {"extra"}, False),
        ("din_instante", {"logicalType": "number"}, {"type"}, True),
        ("din_instante", {"logicalType": "string"}, set(), False),
        ("val_cargaenergiahomwmed", {"logicalType": "date"}, {"type"}, True),
        ("val_cargaenergiahomwmed", {"customProperties": unit("MWh")}, {"unit"}, True),
        ("val_cargaenergiahomwmed", {"customProperties": unit("parsec")}, {"unit"}, True),
        ("val_cargaenergiahomwmed", {"customProperties": unit("MW")}, {"unit"}, False),
        ("val_cargaenergiahomwmed", {"customProperties": unit("MW médio")}, set(), False),
        ("val_cargaenergiahomwmed", {"customProperties": None}, set(), False),
        ("id_subsistema", {"customProperties": unit("m")}, {"unit"}, False),
        ("id_subsistema", {"name": "ID_SUBSISTEMA"}, set(), False),
    ],
)
def test_differences(name: str, fields: dict[str, Any], what: set[str], material: bool) -> None:
    found = list(differences(changed(name, fields), catalog()))
    assert {item.what for item in found} == what
    assert any(item.material for item in found) is material


def test_an_unknown_dataset_is_a_difference() -> None:
    given = contract(catalog()[SLUG]) | {"name": "nada_disso"}
    assert list(differences(given, catalog())) == [
        Difference("nada-disso", "dataset", "", "not in the catalogue", "nada-disso", True)
    ]


def test_underscores_and_the_id_name_a_dataset_too() -> None:
    given = contract(catalog()[SLUG])
    assert list(differences(given | {"name": "CURVA_CARGA"}, catalog())) == []
    del given["name"]
    assert list(differences(given, catalog())) == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"kind": "DataContract"},
        [],
        {"schema": [{}]},
        {"schema": [1]},
        {"kind": "DataContract", "id": "a", "schema": [{"properties": []}]},
        {"kind": "DataContract", "id": "a", "schema": [{"properties": [{"type": "x"}]}]},
        {"kind": "DataContract", "schema": [{"properties": [{"name": "x"}]}]},
    ],
)
def test_what_is_no_contract_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="not an ODCS data contract"):
        list(differences(given, catalog()))


def test_units_of_one_quantity() -> None:
    assert same_quantity("MW", "MWmed")
    assert not same_quantity("MWh", "MWmed")
    assert not same_quantity("MWmes", "MWmes2")
