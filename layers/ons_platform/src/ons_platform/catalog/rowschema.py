"""JSON Schema (draft 2020-12) of a dataset's rows as ONS serves them, and of the canonical record.

A row is an object of text, numbers and nulls, after trimming. ONS adds columns over the years, so
others than those named may be there.
"""

from __future__ import annotations

from typing import Any

from ons_platform.catalog.model import Column, Dataset
from ons_platform.catalog.units import units
from ons_platform.catalog.vocabulary import vocabulary

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DAY = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_MONTH_OR_YEAR = r"^\d{4}(-?(0[1-9]|1[0-2]))?$"
_CLOCK = r"[ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?"
_PATTERNS = {
    "date": rf"{_DAY}({_CLOCK})?$|{_MONTH_OR_YEAR}",
    "instant": rf"{_DAY}{_CLOCK}(Z|[+-]\d\d:?\d\d)?$",
}

_TEXTS = (
    "dataset_type",
    "region",
    "energy_source",
    "measurement_type",
    "unit",
    "quality_flag",
    "processor_version",
    "source_file",
    "dataset",
    "state",
    "entity_id",
    "entity_name",
)
_NULLABLE = ("region", "region_to", "energy_source", "state", "entity_id", "entity_name", "value")


def row_schema(dataset: Dataset) -> dict[str, Any]:
    """The schema of one row of a dataset's files; a column may have any of its names."""
    needed = [c for c in dataset.columns if not c.optional and c.role != "unused"]
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"urn:ons-data-platform:row:{dataset.dataset}",
        "title": dataset.title.en,
        "description": dataset.description.en,
        "type": "object",
        "properties": {column.name: _property(column, dataset) for column in dataset.columns},
        "required": [column.name for column in needed if not column.aliases],
        "additionalProperties": True,
    }
    for column in dataset.columns:
        same = {"$ref": f"#/properties/{column.name}"}
        schema["properties"] |= dict.fromkeys(column.aliases, same)
    named = [(column.name, *column.aliases) for column in needed if column.aliases]
    either = [{"anyOf": [{"required": [name]} for name in names]} for names in named]
    return schema | ({"allOf": either} if either else {})


def canonical_schema(quality_flags: tuple[str, ...]) -> dict[str, Any]:
    """The schema of one row of the lake: a measurement of something at an instant.

    `quality_flags` are the flags a row may have. ONS columns kept as attributes follow the
    canonical ones.
    """
    words = vocabulary()
    described: dict[str, dict[str, Any]] = {name: {"type": "string"} for name in _TEXTS}
    described |= {
        "timestamp": {"type": "string", "format": "date-time", "description": "Start, in UTC."},
        "processed_at": {"type": "string", "format": "date-time"},
        "value": {"type": "number", "description": "In `unit`."},
        "region_to": {"type": "string", "description": "Of flows: where to."},
    }
    described["dataset_type"]["enum"] = ["generation", "consumption", "transmission", "operation"]
    described["quality_flag"]["enum"] = list(quality_flags)
    described["unit"]["enum"] = list(units())
    described["region"]["examples"] = list(words.regions)
    described["energy_source"]["examples"] = list(words.sources)
    for name in _NULLABLE:
        described[name]["type"] = [described[name]["type"], "null"]
    return {
        "$schema": DIALECT,
        "$id": "urn:ons-data-platform:canonical-record",
        "title": "Canonical record",
        "type": "object",
        "properties": described,
        "required": sorted(set(described) - {"region_to"}),
        "additionalProperties": True,
    }


def unit_of(column: Column, dataset: Dataset) -> str | None:
    """The unit of a column: its measure's, or its own."""
    measured = {measure.column: measure.unit for measure in dataset.measures}
    return measured.get(column.name, column.unit)


def codes_of(column: Column) -> list[str] | None:
    """The subsystem codes a column may hold, where it holds codes and not names."""
    if column.role in ("region", "region_to") and column.name.startswith("id_subsistema"):
        return list(vocabulary().regions)
    return None


def _property(column: Column, dataset: Dataset) -> dict[str, Any]:
    base = "number" if column.type == "number" else "string"
    found: dict[str, Any] = {"type": [base, "null"]}
    if column.description:
        found["description"] = column.description.en
    if column.type in _PATTERNS:
        found["pattern"] = _PATTERNS[column.type]
        utc = dataset.time and dataset.time.kind == "utc_instant" and column.role == "time"
        found["x-time-zone"] = "UTC" if utc else "America/Sao_Paulo"
    codes = codes_of(column)
    if codes:
        found["enum"] = [*codes, None]
    if unit := unit_of(column, dataset):
        found["x-unit"] = unit
    if column.aliases:
        found["x-aliases"] = list(column.aliases)
    for measure in dataset.measures:
        if measure.column == column.name and measure.valid:
            found["x-valid-range"] = list(measure.valid)
    return found
