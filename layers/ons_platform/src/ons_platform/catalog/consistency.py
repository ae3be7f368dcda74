"""What must hold within one dataset's YAML, beyond the type of each field.

Each check yields `(field, what is wrong)`; the model joins them into one error, so that whoever
writes a YAML sees everything that is wrong with it at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ons_platform.catalog import asking, measurements
from ons_platform.catalog.canonical import CANONICAL_KEYS, RESERVED, ROLE_OF, filled
from ons_platform.catalog.findings import Problem, known_codes, repeated, unit_known
from ons_platform.catalog.folding import fold

if TYPE_CHECKING:
    from ons_platform.catalog.model import Dataset

_SINGLE_ROLES = ("time", "region", "region_to", "state", "source", "entity_id", "entity_name")
_PLACE = re.compile(r"\{[^}]*\}")
_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\- ]*")


def problems(dataset: Dataset) -> Iterator[Problem]:
    """Everything that is wrong with a dataset, field by field; nothing for a good one."""
    checks = (_files, _columns, _time, _constants, measurements.problems, asking.problems, _key)
    for check in checks:
        yield from check(dataset)


def _files(dataset: Dataset) -> Iterator[Problem]:
    if not dataset.files.patterns:
        yield "files.patterns", "at least one file-name pattern is needed"
    for pattern in dataset.files.patterns:
        unknown = set(_PLACE.findall(pattern)) - {"{YYYY}", "{MM}", "{DD}"}
        rest = _PLACE.sub("0", pattern)
        if unknown:
            known = "known places are {YYYY}, {MM} and {DD}"
            yield "files.patterns", f"{pattern!r} has {', '.join(sorted(unknown))}; {known}"
        elif not _PATTERN.fullmatch(rest) or re.search(r"\.[A-Za-z]", rest):
            yield "files.patterns", f"{pattern!r} must be a bare file name without its extension"
    yield from repeated("files.patterns", (p.upper() for p in dataset.files.patterns))


def _columns(dataset: Dataset) -> Iterator[Problem]:
    yield from repeated("columns", (column.name for column in dataset.columns), "is listed twice")
    owner: dict[str, str] = {}
    for column in dataset.columns:
        for name in (column.name, *column.aliases):
            other = owner.setdefault(fold(name), column.name)
            if other != column.name or (name != column.name and fold(name) == fold(column.name)):
                yield f"columns.{column.name}", f"its name or alias {name!r} is {other!r} already"
        if column.role == "measure" and column.type != "number":
            yield f"columns.{column.name}", f"a measure is a number, not {column.type}"
        if column.role == "attribute" and column.name in RESERVED:
            yield f"columns.{column.name}", "an attribute may not be called like a canonical column"
        if column.unit is not None:
            yield from unit_known(f"columns.{column.name}.unit", column.unit)
            if column.type != "number":
                yield f"columns.{column.name}.unit", f"a {column.type} has no unit"
    for role in _SINGLE_ROLES:
        named = [c.name for c in dataset.columns if role in (c.role, c.also)]
        if len(named) > 1:
            yield "columns", f"the role {role} belongs to one column, not to {', '.join(named)}"


def _time(dataset: Dataset) -> Iterator[Problem]:
    columns = {column.name: column for column in dataset.columns}
    parts = {part.column for part in dataset.time.parts} if dataset.time else set()
    for name, column in columns.items():
        if column.role == "time_part" and name not in parts:
            yield f"columns.{name}", "has the role time_part and is not in time.parts"
    if dataset.kind == "series" and (dataset.time is None or dataset.grain is None):
        yield "time", "a series needs `time` and `grain`"
    if dataset.time is None:
        return
    when = columns.get(dataset.time.column)
    if when is None:
        yield "time.column", f"time column {dataset.time.column} is not a column"
    elif when.role != "time" or when.type not in ("instant", "date"):
        yield "time.column", f"{when.name} must be a date or an instant with the role time"
    for part in dataset.time.parts:
        if part.column not in columns:
            yield "time.parts", f"{part.column} is not a column"
        elif (role := columns[part.column].role) != "time_part":
            yield "time.parts", f"{part.column} has the role {role}, not time_part"
    yield from _layout(dataset)


def _layout(dataset: Dataset) -> Iterator[Problem]:
    if dataset.layout is None or dataset.time is None:
        return
    roles = {column.name: column.role for column in dataset.columns}
    entity, time, value = dataset.layout.entity, dataset.layout.time, dataset.layout.value
    if roles.get(entity) not in ("entity_id", "entity_name"):
        yield "layout.entity", f"{entity} must be a column with the role entity_id or entity_name"
    if time != dataset.time.column:
        yield "layout.time", f"{time} is not the time column {dataset.time.column}"
    if roles.get(value) != "measure":
        yield "layout.value", f"{value} must be a column with the role measure"


def _constants(dataset: Dataset) -> Iterator[Problem]:
    for name in dataset.constants:
        role = ROLE_OF.get(name, name)
        for column in dataset.columns:
            if role in (column.role, column.also):
                yield f"constants.{name}", f"the column {column.name} says it already"
    yield from known_codes(
        (f"constants.{name}", name, value) for name, value in dataset.constants.items()
    )


def _key(dataset: Dataset) -> Iterator[Problem]:
    yield from repeated("key", dataset.key)
    yield from _reference_key(dataset) if dataset.kind == "reference" else _series_key(dataset)


def _reference_key(dataset: Dataset) -> Iterator[Problem]:
    read = {column.name for column in dataset.columns if column.role != "unused"}
    for name in dataset.key:
        if name not in read:
            yield "key", f"{name} is not an ONS column that is read, as for a reference table"


def _series_key(dataset: Dataset) -> Iterator[Problem]:
    for name in dataset.key:
        if name in CANONICAL_KEYS and name not in filled(dataset):
            yield "key", f"no column, constant or measure says {name}"
        elif name not in (*CANONICAL_KEYS, *dataset.attributes):
            yield "key", f"{name} is no attribute, nor one of {', '.join(CANONICAL_KEYS)}"
    if "timestamp" not in dataset.key:
        yield "key", "the key of a series has the timestamp"
    several = [*dataset.derived, *(k for m in dataset.measures for k in m.measurement_types)]
    if len(several) > 1 and "measurement_type" not in dataset.key:
        yield "key", "measurement_type is needed: there are several"
    types = [measure.measurement_type for measure in dataset.measures]
    if len(types) != len(set(types)) and "energy_source" not in dataset.key:
        yield "key", "energy_source is needed: measures differ by it"
