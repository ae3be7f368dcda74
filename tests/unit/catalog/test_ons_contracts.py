"""Every column ONS serves is known to our dataset of that slug, as that type and in that unit.

The facts are in `tests/fixtures/ons_contracts.yaml`, whose head says where they are from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ons_platform.catalog.odcscheck import differences
from ons_platform.catalog.registry import shipped_catalog
from ons_platform.catalog.units import canonical_unit

FACTS: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "fixtures/ons_contracts.yaml").read_text(encoding="utf-8")
)
CATALOG = shipped_catalog()
LOGICAL = {
    "text": "string",
    "instant": "timestamp",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
}


def contract(slug: str) -> dict[str, Any]:
    """The facts about a dataset in the form of ONS's contract."""
    facts = FACTS[slug]
    units = facts.get("units", {})
    properties = [
        {
            "name": name,
            "logicalType": logical,
            "customProperties": [{"property": "unit", "value": units[name]}]
            if name in units
            else [],
        }
        for kind, logical in LOGICAL.items()
        for name in facts.get(kind, "").split()
    ]
    return {"kind": "DataContract", "name": slug, "schema": [{"properties": properties}]}


@pytest.mark.parametrize("slug", FACTS)
def test_what_ons_serves_is_read(slug: str) -> None:
    disputed: dict[str, str] = FACTS[slug].get("disputed", {})
    found = [item for item in differences(contract(slug), CATALOG) if item.material]
    assert {item.column: item.ours for item in found if item.what == "unit"} == disputed
    assert not [item for item in found if item.what not in ("extra", "unit")]


@pytest.mark.parametrize("slug", FACTS)
def test_no_column_is_demanded_that_ons_does_not_serve(slug: str) -> None:
    found = [item for item in differences(contract(slug), CATALOG) if item.material]
    assert not [item.column for item in found if item.what == "extra"]


def test_every_unit_ons_states_is_known() -> None:
    stated = {unit for facts in FACTS.values() for unit in facts.get("units", {}).values()}
    assert {unit for unit in stated if canonical_unit(unit) is None} == set()


def test_the_facts_are_of_most_datasets_and_their_units_of_the_most_used() -> None:
    assert len(FACTS) >= 70
    assert sum("units" in facts for facts in FACTS.values()) >= 15
