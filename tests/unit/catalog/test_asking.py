"""What a YAML may not say about how its dataset is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import catalog

FOLDER = Path(__file__).parents[3] / "layers/ons_platform/src/ons_platform/catalog/datasets"


def told(slug: str, change: Any) -> str:
    """The faults of a shipped dataset after a change; nothing when there are none."""
    entry = yaml.safe_load((FOLDER / f"{slug}.yaml").read_text(encoding="utf-8"))
    change(entry["questions"])
    try:
        Dataset.model_validate(entry)
    except ValueError as fault:
        return str(fault)
    return ""


def _metric(questions: Any, name: str) -> Any:
    return next(item for item in questions["metrics"] if item["id"] == name)


@pytest.mark.parametrize(
    ("slug", "change", "fault"),
    [
        (
            "ear-diario-por-subsistema",
            lambda q: _metric(q, "stored_energy_percent")["ratio"].update(denominator="nothing"),
            "denominator: nothing is not measured here",
        ),
        (
            "intercambio-internacional",
            lambda q: _metric(q, "scheduled_international_exchange").update(plan_of="nothing"),
            "plan_of: nothing is not measured here",
        ),
        (
            "intercambio-internacional",
            lambda q: _metric(q, "international_exchange").update(regions=["XX"]),
            "'XX' is no region",
        ),
        (
            "restricao-coff-fotovoltaica",
            lambda q: q["filters"][0].update(column="nom_usina"),
            "nom_usina: is not a column with the role attribute",
        ),
        (
            "restricao-coff-fotovoltaica",
            lambda q: q["filters"][0]["values"][0].update(names={}),
            "CNF has no name by which it could be asked",
        ),
        (
            "subestacao",
            lambda q: _metric(q, "substation_count").update(aggregate="sum"),
            "id_subestacao is not measured here",
        ),
        (
            "cvu-usitermica",
            lambda q: _metric(q, "cvu").update(aggregate="count"),
            "cvu is not measured here",
        ),
        ("subestacao", lambda q: q["filters"][0].update(unit="km"), "is not a measure in km"),
        (
            "cvu-usitermica",
            lambda q: q.update(versions=["dat_fimsemana"]),
            "dat_fimsemana is not an attribute column of the key",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(slug: str, change: Any, fault: str) -> None:
    assert fault in told(slug, change)


def test_what_is_shipped_is_sound() -> None:
    assert all(told(dataset.dataset, lambda _: None) == "" for dataset in catalog())
