"""Our contracts are ODCS contracts, and say what the catalogue says.

They are checked against a strict schema of just the parts they use, written by hand from the
standard (`tests/fixtures/odcs`): the official one is long, and lets much pass that we never write.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.odcs import contract
from ons_platform.catalog.odcscheck import differences
from ons_platform.catalog.registry import catalog

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "fixtures/odcs/emitted-subset.schema.json").read_text("utf-8")
)
every = pytest.mark.parametrize("dataset", list(catalog()), ids=lambda item: item.dataset)


def properties(listed: list[dict[str, Any]]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in listed}


@every
def test_a_contract_is_of_the_standard_and_agrees_with_the_catalogue(dataset: Dataset) -> None:
    written = contract(dataset)
    assert [e.message for e in Draft202012Validator(SCHEMA).iter_errors(written)] == []
    assert list(differences(written, catalog())) == []
    (table,) = written["schema"]
    assert [item["name"] for item in table["properties"]] == [c.name for c in dataset.columns]
    keys = [item for item in table["properties"] if item.get("primaryKey")]
    positions = sorted(item["primaryKeyPosition"] for item in keys)
    assert positions == list(range(1, len(keys) + 1))
    assert keys


def test_the_schema_for_it_refuses_what_is_not_of_the_standard() -> None:
    good = contract(catalog()["curva-carga"])
    check = Draft202012Validator(SCHEMA)
    assert check.is_valid(good)
    assert not check.is_valid(good | {"apiVersion": "v9"})
    assert not check.is_valid(good | {"colour": "blue"})
    table = good["schema"][0]
    bad = {"name": "x", "logicalType": "float"}
    assert not check.is_valid(good | {"schema": [table | {"properties": [bad]}]})


def test_what_a_contract_says() -> None:
    written = contract(catalog()["curva-carga"])
    assert written["id"] == "urn:ons-data-platform:curva-carga"
    assert "CURVA_CARGA_{YYYY}" in properties(written["customProperties"])["filePatterns"]
    assert "dados.ons.org.br" in properties(written["customProperties"])["attribution"]
    columns = {item["name"]: item for item in written["schema"][0]["properties"]}
    load = columns["val_cargaenergiahomwmed"]
    assert load["logicalType"] == "number"
    assert properties(load["customProperties"])["unit"] == "MWmed"
    assert properties(load["customProperties"])["ucum"] == "MW"
    assert "MWmed" in load["quality"][0]["description"]
    instant = columns["din_instante"]
    assert instant["logicalTypeOptions"]["defaultTimezone"] == "America/Sao_Paulo"
    assert instant["primaryKey"]
    assert "SE" in properties(columns["id_subsistema"]["customProperties"])["enum"]
    assert not columns["nom_subsistema"]["required"]
