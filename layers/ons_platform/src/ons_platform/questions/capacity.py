"""Answers from registers: counts and power of generating units, kilometres of lines."""

from __future__ import annotations

from dataclasses import dataclass

from ons_platform.catalog.model import Dataset, Metric
from ons_platform.catalog.registry import Catalog
from ons_platform.lake.knowledge import Knowledge
from ons_platform.questions.choose import Coverage
from ons_platform.questions.chosen import NoData
from ons_platform.questions.engines.choice import Engine
from ons_platform.questions.engines.sql import COLUMNS, Statement
from ons_platform.questions.intent import Dimension, Intent, Note, Unclear
from ons_platform.questions.lexicon import Language
from ons_platform.questions.wording.capacity_text import CAPACITY, CapacityWriter, Written

_MEASURES = {"units": "count(*)", "plants": "count(DISTINCT entity_name)", "power": "sum({power})"}
_Test = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Units:
    """An answer about generating units and what it rests on."""

    written: Written
    statement: Statement
    dataset: Dataset
    knowledge: Knowledge
    notes: tuple[Note, ...]


def answer_units(
    intent: Intent, catalog: Catalog, coverage: Coverage, engine: Engine, language: Language
) -> Units:
    """Run the question on the reference dataset that holds capacities."""
    dataset, metric = _register(intent, catalog)
    knowledge = coverage.get(dataset.dataset)
    if knowledge is None or not knowledge.rows:
        raise NoData("not_loaded", (dataset,))
    plants = _plants(intent, dataset, knowledge)
    statement = _statement(intent, dataset, metric, plants)
    files = [str(part["path"]) for part in knowledge.partitions]
    rows = engine.rows(statement.text, statement.parameters, {dataset.table: files})
    if intent.by and not rows:
        raise NoData("no_rows", (dataset,), (knowledge,))
    written = CapacityWriter(intent, plants, language, metric).write(rows)
    return Units(written, statement, dataset, knowledge, _notes(intent, metric, knowledge, plants))


def _register(intent: Intent, catalog: Catalog) -> tuple[Dataset, Metric]:
    """The register of the metric said; generating units are the one meant without a metric.

    Of the others only the quantity can be asked, not how many there are.
    """
    known = [(data, metric) for data in catalog for metric in data.questions.metrics]
    of_units = [(data, metric) for data, metric in known if metric.id == CAPACITY]
    said = [(option.dataset, option.metric) for option in intent.options] or of_units
    dataset, metric = max(said, key=lambda item: item[1].preference)
    if intent.datasets and dataset not in intent.datasets:
        raise Unclear("metric_not_in_dataset", dataset=intent.datasets[0])
    if metric.id != CAPACITY and intent.units != ("power",):
        raise Unclear("metric_not_in_dataset", dataset=dataset)
    if intent.filters.sources and not metric.by_source:
        raise Unclear("no_sources", metric=metric.title)
    narrowed_by = {item.column for item in dataset.questions.filters}
    if not {column for column, _ in intent.filters.attributes} <= narrowed_by:
        raise Unclear("no_filter", metric=metric.title)
    return dataset, metric


def _plants(intent: Intent, dataset: Dataset, knowledge: Knowledge) -> tuple[str, ...]:
    said = [plant for naming in intent.filters.plants for plant in naming.plants]
    names = [plant.name for plant in said if plant.dataset == dataset.dataset]
    if said and not names:
        near = tuple(dict.fromkeys(plant.name for plant in said))
        raise NoData("plant_not_in_dataset", (dataset,), (knowledge,), plants=near)
    return tuple(dict.fromkeys(names))


def _notes(
    intent: Intent, metric: Metric, knowledge: Knowledge, plants: tuple[str, ...]
) -> tuple[Note, ...]:
    filters = intent.filters
    notes = [Note.of("units_commissioned" if intent.periods else "units_active")]
    if metric.id == CAPACITY:
        notes.append(Note.of("units_scope"))
    narrowed = filters.regions or filters.states or plants or intent.by
    if "PY" in knowledge.regions and not narrowed and set(filters.sources) <= {"hydro"}:
        notes.append(Note.of("includes_py"))
    if len(plants) > 1:
        notes.append(Note.of("units_plants_named", plants=plants))
    return tuple(notes)


def _statement(
    intent: Intent, dataset: Dataset, metric: Metric, plants: tuple[str, ...]
) -> Statement:
    statement = Statement()
    measures = {name: _MEASURES[name].format(power=metric.measurement_type) for name in _MEASURES}
    if metric.aggregate == "count":
        measures["power"] = f"count(DISTINCT {metric.measurement_type})"
    tests = _tests(intent, plants)
    if intent.percent and not intent.by:
        part, *tests = tests or [("", ())]
        if not part[0]:
            raise Unclear("share_of_what")
        measure = measures[intent.units[0]]
        columns = [f"{measure} FILTER ({_test(part, statement)}) AS part", f"{measure} AS whole"]
    else:
        columns = [f"{measures[name]} AS {name}" for name in intent.units]
    if intent.by:
        columns.insert(0, f"{COLUMNS[intent.by[0]]} AS label")
    conditions = [*_in_operation(intent, dataset, statement)]
    conditions += [_test(item, statement) for item in tests]
    where = " AND ".join(conditions or ["true"])
    statement.text = f"SELECT {', '.join(columns)}\nFROM {dataset.table}\nWHERE {where}"
    if intent.by:
        order = "ASC" if intent.order == "asc" else "DESC"
        statement.text += "\nGROUP BY label HAVING label IS NOT NULL"
        statement.text += f"\nORDER BY {intent.units[0]} {order}, label"
    return statement


def _tests(intent: Intent, plants: tuple[str, ...]) -> list[_Test]:
    """Restrictions said, the narrowest first: of a share it is the part, the others the whole."""
    filters = intent.filters
    found = (
        (COLUMNS[Dimension.PLANT], plants),
        (COLUMNS[Dimension.SOURCE], filters.sources),
        (COLUMNS[Dimension.STATE], filters.states),
        (COLUMNS[Dimension.REGION], filters.regions),
    )
    return [*filters.attributes, *((column, values) for column, values in found if values)]


def _test(test: _Test, statement: Statement) -> str:
    column, values = test
    return f"{column} IN ({', '.join(statement.bind(value) for value in values)})"


def _in_operation(intent: Intent, dataset: Dataset, statement: Statement) -> list[str]:
    if not any(column.name == "dat_desativacao" for column in dataset.columns):
        if intent.periods:
            raise Unclear("capacity_in_time")
        return []
    if not intent.periods:
        return ["dat_desativacao IS NULL"]
    period = intent.periods[0]
    if period.start is None or period.end is None:
        raise Unclear("commissioned_when")
    return [
        f"dat_entradaoperacao >= {statement.bind(period.start.date())}",
        f"dat_entradaoperacao < {statement.bind(period.end.date())}",
    ]
