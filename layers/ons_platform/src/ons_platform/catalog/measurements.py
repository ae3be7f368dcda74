"""What must hold for the values of a dataset: measures, rules, time-series fields, metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ons_platform.catalog.canonical import filled
from ons_platform.catalog.findings import Problem, known_codes, repeated, snake_case, unit_known

if TYPE_CHECKING:
    from ons_platform.catalog.model import Dataset, Measure, Metric

BUCKETS = ("generation_data", "consumption_data", "transmission_data", "operation_data")


def problems(dataset: Dataset) -> Iterator[Problem]:
    """Everything that is wrong with them, field by field; nothing for a good dataset."""
    for check in (_measures, _derived, _rules, _influxdb, _metrics):
        yield from check(dataset)


def units_by_type(dataset: Dataset) -> dict[str, str]:
    """Unit of every measurement type of a dataset's rows, computed ones included."""
    given = {kind: item.unit for item in dataset.measures for kind in item.measurement_types}
    return given | {item.measurement_type: item.unit for item in dataset.derived}


def _measures(dataset: Dataset) -> Iterator[Problem]:
    roles = {column.name for column in dataset.columns if column.role == "measure"}
    described = [measure.column for measure in dataset.measures]
    if roles != set(described):
        differing = ", ".join(sorted(roles ^ set(described)))
        yield "measures", f"columns with role measure and `measures` differ: {differing}"
    yield from repeated("measures", described, "is described twice")
    kinds = Counter((m.measurement_type, m.energy_source) for m in dataset.measures)
    for (kind, source), count in kinds.items():
        if count > 1 and dataset.kind == "series":
            named = kind if source is None else f"{kind}:{source}"
            yield "measures", f"{count} measures are both {named}; their rows would share a key"
    for measure in dataset.measures:
        field = f"measures.{measure.column}"
        yield from unit_known(f"{field}.unit", measure.unit)
        yield from snake_case(f"{field}.measurement_type", measure.measurement_type)
        yield from _variants(field, measure, dataset)
        yield from known_codes([(f"{field}.energy_source", "energy_source", measure.energy_source)])
        yield from _ranges(field, measure.valid, measure.refuse)
        column = next((c for c in dataset.columns if c.name == measure.column), None)
        if column and column.unit not in (None, measure.unit):
            yield f"{field}.unit", f"{measure.unit} here and {column.unit} in `columns`"


def _variants(field: str, measure: Measure, dataset: Dataset) -> Iterator[Problem]:
    """Columns that name a variant are kept: each row shows why it is of that quantity."""
    for item in measure.variants:
        yield from snake_case(f"{field}.variants", item.measurement_type)
        for name in sorted(set(item.when) - set(dataset.attributes)):
            yield f"{field}.variants", f"{name} is not a column with the role attribute"
    yield from repeated(f"{field}.variants", measure.measurement_types)


def _ranges(
    field: str, valid: tuple[float, float] | None, refuse: tuple[float, float] | None
) -> Iterator[Problem]:
    for name, bounds in (("valid", valid), ("refuse", refuse)):
        if bounds and not bounds[0] < bounds[1]:
            yield f"{field}.{name}", f"{bounds[0]:g} to {bounds[1]:g} is no interval"
    if valid and refuse and not (refuse[0] <= valid[0] and valid[1] <= refuse[1]):
        yield f"{field}.refuse", "must contain the valid range"


def _derived(dataset: Dataset) -> Iterator[Problem]:
    columns = {column.name: column.role for column in dataset.columns}
    given = {measure.measurement_type for measure in dataset.measures}
    for item in dataset.derived:
        field = f"derived.{item.measurement_type}"
        yield from unit_known(f"{field}.unit", item.unit)
        yield from snake_case(f"{field}.measurement_type", item.measurement_type)
        if item.measurement_type in given:
            yield field, "a measure has that measurement_type already"
        for term in (item.minuend, item.subtrahend):
            if columns.get(term) != "measure":
                yield field, f"{term} is not a column with the role measure"
        if item.where is not None and columns.get(item.where, "unused") == "unused":
            yield f"{field}.where", f"{item.where} is not a column that is read"
    yield from repeated("derived", (item.measurement_type for item in dataset.derived))


def _rules(dataset: Dataset) -> Iterator[Problem]:
    rules = dataset.rules
    measured = set(units_by_type(dataset))
    if rules.identity:
        terms = {f"{m.measurement_type}:{m.energy_source}" for m in dataset.measures}
        for term in (*rules.identity.plus, *rules.identity.minus, rules.identity.total):
            if term not in measured | terms:
                yield "rules.identity", f"{term} is not measured here"
    for name in ("doubled", "jumps", "quiet"):
        for rule in getattr(rules, name):
            if rule.measurement_type not in measured:
                yield f"rules.{name}", f"{rule.measurement_type} is not measured here"
    yield from _quiet(dataset)
    if rules.forecast:
        roles = {column.name: column.role for column in dataset.columns}
        if roles.get(rules.forecast.column, "unused") == "unused":
            yield "rules.forecast", f"{rules.forecast.column} is not a column that is read"
    if rules.complete and dataset.grain in (None, "event"):
        yield "rules.complete", "only a series with steps can be complete"


def _quiet(dataset: Dataset) -> Iterator[Problem]:
    for quiet in dataset.rules.quiet:
        yield from known_codes([("rules.quiet", "energy_source", quiet.energy_source)])
        if not all(0 <= hour <= 23 for hour in quiet.hours):
            yield "rules.quiet", f"hours {quiet.hours} are not within 0 to 23"


def _influxdb(dataset: Dataset) -> Iterator[Problem]:
    if dataset.influxdb is None:
        return
    if dataset.influxdb.bucket not in BUCKETS:
        yield "influxdb.bucket", f"{dataset.influxdb.bucket} is none of {', '.join(BUCKETS)}"
    fields = dataset.influxdb.fields
    for kind in sorted(set(units_by_type(dataset)) - set(fields)):
        yield "influxdb.fields", f"no field for the measurement type {kind}"
    for kind in sorted(set(fields) - set(units_by_type(dataset))):
        yield "influxdb.fields", f"{kind} is not measured here"
    for kind, name in fields.items():
        yield from snake_case(f"influxdb.fields.{kind}", name)
    yield from repeated("influxdb.fields", fields.values(), "is used for two measurement types")


def _metrics(dataset: Dataset) -> Iterator[Problem]:
    yield from repeated("questions.metrics", (m.id for m in dataset.questions.metrics))
    held = units_by_type(dataset)
    if dataset.kind == "reference":  # there a metric names the column
        held = {measure.column: measure.unit for measure in dataset.measures}
    things = [column.name for column in dataset.columns if column.role == "entity_id"]
    counted = dict.fromkeys(things if dataset.kind == "reference" else (), "1")
    for metric in dataset.questions.metrics:
        field = f"questions.metrics.{metric.id}"
        unit = (counted if metric.aggregate == "count" else held).get(metric.measurement_type)
        if unit is None:
            known = ", ".join(sorted(held)) or "nothing"
            yield field, f"{metric.measurement_type} is not measured here, but {known} is"
        elif unit != metric.unit:
            yield f"{field}.unit", f"{metric.unit} here and {unit} in `measures`"
        yield from _breakdowns(field, metric, filled(dataset))


def _breakdowns(field: str, metric: Metric, said: set[str]) -> Iterator[Problem]:
    """What a metric can be asked by, the dataset's rows must say."""
    needs = {
        "by_source": {"energy_source"},
        "by_plant": {"entity_id", "entity_name"},
        "by_state": {"state"},
    }
    for name, columns in needs.items():
        if getattr(metric, name) and not columns & said:
            yield f"{field}.{name}", f"no column says {' or '.join(sorted(columns))}"
