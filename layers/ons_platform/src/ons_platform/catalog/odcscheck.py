"""A given ODCS contract against the catalogue: which columns, types and units differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ons_platform.catalog.folding import fold
from ons_platform.catalog.model import Column, Dataset
from ons_platform.catalog.registry import Catalog
from ons_platform.catalog.rowschema import unit_of
from ons_platform.catalog.units import canonical_unit, units

What = Literal["dataset", "missing", "extra", "type", "unit"]

_READS_AS: dict[str, frozenset[str]] = {
    "string": frozenset(
        {"string", "number", "integer", "boolean", "date", "timestamp", "time", "array", "object"}
    ),
    "number": frozenset({"number", "integer", "string"}),
    "instant": frozenset({"timestamp", "date", "string"}),
    "date": frozenset({"date", "timestamp", "string", "integer"}),
}
"""Logical types of a contract each of our types can be read from: many are served as text."""


@dataclass(frozen=True)
class Difference:
    """One thing a contract says otherwise than the catalogue.

    `missing` columns are those of the contract the catalogue does not know, `extra` those of the
    catalogue the contract does not have. Only `material` ones make data unreadable or wrong.
    """

    dataset: str
    what: What
    column: str
    ours: str
    theirs: str
    material: bool


def differences(contract: Mapping[str, Any], catalog: Catalog) -> Iterator[Difference]:
    """What a contract says otherwise, its first table against our dataset of the same slug.

    Raises `ValueError` for what is not an ODCS contract with a table.
    """
    slug, columns = read_contract(contract)
    if slug not in catalog:
        yield Difference(slug, "dataset", "", "not in the catalogue", slug, True)
        return
    dataset = catalog[slug]
    ours = _by_any_name(dataset)
    for name, entry in columns.items():
        column = ours.get(fold(name))
        if column is None:
            yield Difference(slug, "missing", name, "", str(entry.get("logicalType", "")), True)
        else:
            yield from _compare(dataset, column, entry)
    said = {fold(name) for name in columns}
    for column in dataset.columns:
        if not said & {fold(name) for name in (column.name, *column.aliases)}:
            needed = not column.optional and column.role != "unused"
            yield Difference(slug, "extra", column.name, column.type, "", needed)


def read_contract(contract: Mapping[str, Any]) -> tuple[str, dict[str, Mapping[str, Any]]]:
    """Slug and columns of a contract; `ValueError` if it is none."""
    try:
        listed = contract["schema"][0]["properties"]
        columns = {str(item["name"]): item for item in listed}
        name = contract.get("name") or contract["id"].rsplit(":", 1)[-1]
        found = contract["kind"] == "DataContract" and bool(columns)
    except (AttributeError, LookupError, TypeError):
        found = False
    if not found:
        raise ValueError("it is not an ODCS data contract with a schema")
    return str(name).replace("_", "-").lower(), columns


def unit_in(entry: Mapping[str, Any]) -> str | None:
    """The unit a contract's column states among its custom properties."""
    for item in entry.get("customProperties") or ():
        if item.get("property") == "unit":
            return str(item.get("value"))
    return None


def _compare(dataset: Dataset, column: Column, entry: Mapping[str, Any]) -> Iterator[Difference]:
    theirs = str(entry.get("logicalType", "string"))
    if theirs not in _READS_AS[column.type]:
        yield Difference(dataset.dataset, "type", column.name, column.type, theirs, True)
    given = unit_in(entry)
    if given is None:
        return
    own = unit_of(column, dataset)
    if own is None:
        measured = column.role == "measure"
        yield Difference(dataset.dataset, "unit", column.name, "", given, measured)
    elif canonical_unit(given) != own:
        material = not same_quantity(given, own)
        yield Difference(dataset.dataset, "unit", column.name, own, given, material)


def same_quantity(one: str, other: str) -> bool:
    """Whether two units measure alike: MW and MWmed are both megawatts, one of them a mean."""
    codes = [units()[symbol].ucum for symbol in map(canonical_unit, (one, other)) if symbol]
    return len(codes) == 2 and codes[0] is not None and codes[0] == codes[1]


def _by_any_name(dataset: Dataset) -> dict[str, Column]:
    return {
        fold(name): column for column in dataset.columns for name in (*column.aliases, column.name)
    }
