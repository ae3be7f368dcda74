"""A dataset as a data contract of the Open Data Contract Standard (ODCS) v3.1."""

from __future__ import annotations

from typing import Any

from ons_platform.catalog import wording
from ons_platform.catalog.canonical import ROLE_OF
from ons_platform.catalog.model import Column, Dataset, Measure
from ons_platform.catalog.rowschema import codes_of, unit_of
from ons_platform.catalog.units import units

API_VERSION = "v3.1.0"
CONTRACT_VERSION = "1.0.0"
"""Version of the contracts' content; raised when a column or unit changes its meaning."""

_LOGICAL = {"string": "string", "number": "number", "instant": "timestamp", "date": "date"}
_PHYSICAL = {"string": "VARCHAR", "number": "DOUBLE", "instant": "TIMESTAMP", "date": "DATE"}
_FORMATS = {"instant": "yyyy-MM-dd HH:mm:ss", "date": "yyyy-MM-dd"}


def contract(dataset: Dataset) -> dict[str, Any]:
    """The contract of a dataset's files: columns, types, units, keys, quality rules."""
    return {
        "version": CONTRACT_VERSION,
        "kind": "DataContract",
        "apiVersion": API_VERSION,
        "id": f"urn:ons-data-platform:{dataset.dataset}",
        "name": dataset.dataset,
        "status": "active",
        "domain": dataset.dataset_type,
        "dataProduct": "ONS open data",
        "tags": ["ONS", dataset.dataset_type, dataset.kind],
        "description": _description(dataset),
        "schema": [_table(dataset)],
        "team": {"name": "ONS – Operador Nacional do Sistema Elétrico"},
        "authoritativeDefinitions": [{"url": dataset.url, "type": "businessDefinition"}],
        "customProperties": _properties(
            title=dataset.title.model_dump(),
            licence=dataset.licence,
            attribution=wording.attribution(dataset, "pt"),
            grain=dataset.grain,
            filePatterns=list(dataset.files.patterns),
            firstYear=dataset.files.first_year,
            timeLabel=dataset.time.label if dataset.time else None,
        ),
    }


def _description(dataset: Dataset) -> dict[str, Any]:
    found: dict[str, Any] = {"purpose": dataset.description.en}
    if breaks := dataset.rules.breaks:
        found["limitations"] = " ".join(f"{b.starts.isoformat()}: {b.text.en}" for b in breaks)
    names = ", ".join(dataset.questions.names.en)
    found["usage"] = f"Asked for as: {names}." if names else dataset.title.en
    found["customProperties"] = _properties(purposePt=dataset.description.pt)
    return found


def _table(dataset: Dataset) -> dict[str, Any]:
    keys = _key_columns(dataset)
    rules = [
        {"type": "text", "dimension": "consistency", "description": sentence}
        for sentence in wording.rules(dataset, "en")
    ]
    table: dict[str, Any] = {
        "name": dataset.table,
        "logicalType": "object",
        "physicalName": dataset.table,
        "physicalType": "file",
        "description": dataset.title.en,
        "dataGranularityDescription": f"one row per {wording.grain(dataset, 'en')} and key",
        "properties": [_property(column, dataset, keys) for column in dataset.columns],
    }
    return table | ({"quality": rules} if rules else {})


def _key_columns(dataset: Dataset) -> list[str]:
    """The ONS columns that make a row unique, in the order of the key."""
    if dataset.kind == "reference":
        return list(dataset.key)
    roles = {"time" if name == "timestamp" else ROLE_OF.get(name, name) for name in dataset.key}
    parts = {"time_part"} if "time" in roles else set()
    return [
        column.name
        for column in dataset.columns
        if column.role in roles | parts or column.also in roles or column.name in dataset.key
    ]


def _property(column: Column, dataset: Dataset, keys: list[str]) -> dict[str, Any]:
    unit = unit_of(column, dataset)
    found: dict[str, Any] = {
        "name": column.name,
        "logicalType": _LOGICAL[column.type],
        "physicalType": _PHYSICAL[column.type],
        "required": not column.optional and column.role != "unused",
    }
    if column.description:
        found["description"] = column.description.en
    if column.name in keys:
        found |= {"primaryKey": True, "primaryKeyPosition": keys.index(column.name) + 1}
    if column.type in _FORMATS:
        found["logicalTypeOptions"] = _moment(column, dataset)
    measure = next((item for item in dataset.measures if item.column == column.name), None)
    if measure and measure.valid:
        found["quality"] = [_range(measure)]
    found["customProperties"] = _properties(
        role=column.role,
        unit=unit,
        ucum=units()[unit].ucum if unit else None,
        aliases=list(column.aliases) or None,
        enum=codes_of(column),
        measurementTypes=list(measure.measurement_types) if measure else None,
        energySource=measure.energy_source if measure else None,
        descriptionPt=column.description.pt if column.description else None,
    )
    return found


def _moment(column: Column, dataset: Dataset) -> dict[str, Any]:
    options: dict[str, Any] = {"format": _FORMATS[column.type]}
    if column.type == "instant":
        utc = dataset.time and dataset.time.kind == "utc_instant" and column.role == "time"
        zone = "Etc/UTC" if utc else "America/Sao_Paulo"
        options |= {"timezone": False, "defaultTimezone": zone}
    return options


def _range(measure: Measure) -> dict[str, Any]:
    return {
        "type": "text",
        "dimension": "conformity",
        "name": "valid range",
        "description": next(wording.ranges(measure, "en")),
    }


def _properties(**values: Any) -> list[dict[str, Any]]:
    return [
        {"property": name, "value": value} for name, value in values.items() if value is not None
    ]
