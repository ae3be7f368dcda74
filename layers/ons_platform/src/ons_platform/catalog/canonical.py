"""The canonical columns as the catalogue speaks of them, and which of them a dataset fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ons_platform.catalog.model import Dataset

CANONICAL_KEYS = (
    "timestamp",
    "region",
    "region_to",
    "state",
    "energy_source",
    "entity_id",
    "entity_name",
    "measurement_type",
)
"""Canonical columns a key may consist of; `timestamp` and `measurement_type` are always there."""
RESERVED = {*CANONICAL_KEYS, "dataset", "dataset_type", "value", "unit", "quality_flag"} | {
    "processed_at",
    "processor_version",
    "source_file",
}
"""Every canonical column: names that an attribute may not have."""
ROLE_OF = {"energy_source": "source"}
"""Role of the column that fills a canonical column, where the two are not called alike."""


def filled(dataset: Dataset) -> set[str]:
    """Canonical columns a row of the dataset can have a value in."""
    roles = {column.role for column in dataset.columns} | {c.also for c in dataset.columns}
    found = {name for name in CANONICAL_KEYS if ROLE_OF.get(name, name) in roles}
    found |= {"timestamp", "measurement_type", *dataset.constants}
    return found | ({"energy_source"} if any(m.energy_source for m in dataset.measures) else set())
