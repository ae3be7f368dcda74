"""The schemas are of draft 2020-12, and rows of real files and of the lake fit them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import catalog
from ons_platform.catalog.rowschema import canonical_schema, row_schema
from ons_platform.lake.canonical import CANONICAL_SCHEMA
from ons_platform.lake.quality import QualityFlag

SAMPLES = sorted((Path(__file__).parents[3] / "samples").glob("*.csv"))
every = pytest.mark.parametrize("dataset", list(catalog()), ids=lambda item: item.dataset)


def typed(text: str, dataset: Dataset, name: str) -> Any:
    """A cell as JSON has it: trimmed, empty as null, numbers as numbers."""
    types = {column.name: column.type for column in dataset.columns}
    cell = text.strip()
    if not cell:
        return None
    return float(cell) if types.get(name) == "number" else cell


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_rows_of_the_samples_fit(path: Path) -> None:
    dataset = catalog().by_name(path.name)
    assert dataset is not None
    check = Draft202012Validator(row_schema(dataset))
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream, delimiter=";")):
            if number % 97 == 0:
                cells = {name: typed(text, dataset, name) for name, text in row.items()}
                assert [error.message for error in check.iter_errors(cells)] == []


@every
def test_a_schema_is_of_the_draft_and_refuses_other_rows(dataset: Dataset) -> None:
    schema = row_schema(dataset)
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    assert not check.is_valid({})
    nothing: dict[str, Any] = dict.fromkeys(schema["properties"])
    assert check.is_valid(nothing)
    for column in dataset.columns:
        wrong: Any = "text" if column.type == "number" else 1.5
        assert not check.is_valid({**nothing, column.name: wrong})


def test_what_a_schema_says_of_a_column() -> None:
    found = row_schema(catalog()["curva-carga"])["properties"]
    assert found["val_cargaenergiahomwmed"]["x-unit"] == "MWmed"
    assert found["din_instante"]["x-time-zone"] == "America/Sao_Paulo"
    assert "NE" in found["id_subsistema"]["enum"]


def record(**changes: Any) -> dict[str, Any]:
    texts = dict.fromkeys(CANONICAL_SCHEMA.names, "x")
    return texts | {
        "timestamp": "2023-01-01T03:00:00Z",
        "processed_at": "2023-01-02T00:00:00Z",
        "dataset_type": "consumption",
        "unit": "MWmed",
        "value": 1.5,
        "quality_flag": "ok",
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"value": None, "region": None, "entity_id": None}, True),
        ({"region_to": "NE", "nom_bacia": "GRANDE"}, True),
        ({"value": "1.5"}, False),
        ({"unit": "parsec"}, False),
        ({"quality_flag": "fine"}, False),
        ({"timestamp": None}, False),
        ({"dataset_type": "price"}, False),
    ],
)
def test_the_canonical_record(changes: dict[str, Any], fits: bool) -> None:
    schema = canonical_schema(tuple(QualityFlag))
    Draft202012Validator.check_schema(schema)
    assert set(CANONICAL_SCHEMA.names) | {"region_to"} == set(schema["properties"])
    check = Draft202012Validator(schema, format_checker=FormatChecker())
    assert check.is_valid(record(**changes)) is fits


def test_what_may_be_null_in_the_lake_may_be_null_in_the_schema() -> None:
    described = canonical_schema(tuple(QualityFlag))["properties"]
    for field in CANONICAL_SCHEMA:
        assert ("null" in described[field.name]["type"]) is field.nullable
