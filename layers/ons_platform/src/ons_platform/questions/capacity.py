"""Answers from the reference table of generating units: counts and effective power."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import Catalog
from ons_platform.lake.knowledge import Knowledge
from ons_platform.questions import texts
from ons_platform.questions.choose import Coverage
from ons_platform.questions.execute import Engine
from ons_platform.questions.intent import Dimension, Intent, Note, Shape, Unclear
from ons_platform.questions.lexicon import Language
from ons_platform.questions.resolve import NoData
from ons_platform.questions.sql import Statement
from ons_platform.questions.windows import window_of

_COLUMNS = {
    Dimension.REGION: "region", Dimension.STATE: "state", Dimension.SOURCE: "energy_source", Dimension.PLANT: "entity_name",
}  # fmt: skip
_MEASURES = {"units": "count(*)", "plants": "count(DISTINCT entity_name)", "power": "sum({power})"}


@dataclass(frozen=True)
class Units:
    """The parts of an answer about generating units."""

    value: float | int | str | dict[str, float | int | str]
    unit: str | None
    text: str
    rows: tuple[dict[str, Any], ...]
    statement: Statement
    dataset: Dataset
    knowledge: Knowledge
    notes: tuple[Note, ...]


def answer_units(
    intent: Intent, catalog: Catalog, coverage: Coverage, engine: Engine, language: Language
) -> Units:
    """Run the question on the reference dataset that holds capacities."""
    dataset = next(item for item in catalog if item.kind == "reference" and item.questions.metrics)
    knowledge = coverage.get(dataset.dataset)
    if knowledge is None or not knowledge.rows:
        raise NoData("not_loaded", (dataset,))
    plants = _plants(intent, dataset, knowledge)
    statement = _statement(intent, dataset, plants)
    files = [str(part["path"]) for part in knowledge.partitions]
    rows = engine.rows(statement.text, statement.parameters, {dataset.table: files})
    notes = [
        Note.of("units_commissioned" if intent.periods else "units_active"),
        Note.of("units_scope"),
    ]
    if (
        "PY" in knowledge.regions
        and not (intent.filters.regions or intent.filters.states or plants or intent.by)
        and set(intent.filters.sources) <= {"hydro"}
    ):
        notes.append(Note.of("includes_py"))
    if len(plants) > 1:
        notes.append(Note.of("units_plants_named", plants=plants))
    return _composed(intent, dataset, knowledge, rows, statement, tuple(notes), language, plants)


def _plants(intent: Intent, dataset: Dataset, knowledge: Knowledge) -> tuple[str, ...]:
    names = [
        plant.name
        for naming in intent.filters.plants
        for plant in naming.plants
        if plant.dataset == dataset.dataset
    ]
    if intent.filters.plants and not names:
        said = tuple(plant.name for naming in intent.filters.plants for plant in naming.plants)
        raise NoData("plant_not_in_dataset", (dataset,), (knowledge,), plants=said)
    return tuple(dict.fromkeys(names))


def _statement(intent: Intent, dataset: Dataset, plants: tuple[str, ...]) -> Statement:
    statement = Statement()
    power = dataset.measures[0].column
    dimension = intent.by[0] if intent.by else None
    columns = [f"{_COLUMNS[dimension]} AS label"] if dimension else []
    whole = intent
    if intent.percent and dimension is None:
        whole, test = _numerator(intent, statement, plants)
        measure = _MEASURES[_wanted(intent)[0]].format(power=power)
        columns = [f"{measure} FILTER ({test}) AS part", f"{measure} AS whole"]
        plants = ()
    else:
        columns += [f"{_MEASURES[name].format(power=power)} AS {name}" for name in _wanted(intent)]
    conditions = _conditions(whole, statement, plants)
    statement.text = (
        f"SELECT {', '.join(columns)}\nFROM {dataset.table}\nWHERE {' AND '.join(conditions)}"
    )
    if dimension:
        order = "ASC" if intent.order == "asc" else "DESC"
        statement.text += f"\nGROUP BY label HAVING label IS NOT NULL\nORDER BY {_wanted(intent)[0]} {order}, label"
    return statement


def _numerator(intent: Intent, statement: Statement, plants: tuple[str, ...]) -> tuple[Intent, str]:
    """The narrowest restriction said is the part; what remains is the whole."""
    filters = intent.filters
    for column, values, rest in (
        ("entity_name", plants, replace(filters, plants=())),
        ("energy_source", filters.sources, replace(filters, sources=())),
        ("state", filters.states, replace(filters, states=())),
        ("region", filters.regions, replace(filters, regions=())),
    ):
        if values:
            return replace(
                intent, filters=rest
            ), f"{column} IN ({', '.join(statement.bind(value) for value in values)})"
    raise Unclear("share_of_what")


def _wanted(intent: Intent) -> tuple[str, ...]:
    return intent.units or ("power",)


def _conditions(intent: Intent, statement: Statement, plants: tuple[str, ...]) -> list[str]:
    filters = intent.filters
    conditions = []
    if intent.periods:
        period = intent.periods[0]
        if period.start is None or period.end is None:
            raise Unclear("commissioned_when")
        conditions.append(f"dat_entradaoperacao >= {statement.bind(period.start.date())}")
        conditions.append(f"dat_entradaoperacao < {statement.bind(period.end.date())}")
    else:
        conditions.append("dat_desativacao IS NULL")
    for column, values in (
        ("region", filters.regions), ("state", filters.states), ("energy_source", filters.sources), ("entity_name", plants),
    ):  # fmt: skip
        if values:
            conditions.append(
                f"{column} IN ({', '.join(statement.bind(value) for value in values)})"
            )
    return conditions


def _composed(
    intent: Intent, dataset: Dataset, knowledge: Knowledge, rows: list[dict[str, Any]], statement: Statement,
    notes: tuple[Note, ...], language: Language, plants: tuple[str, ...],
) -> Units:  # fmt: skip
    wanted = _wanted(intent)
    main = wanted[0]
    unit = None if len(wanted) > 1 else texts.word("units_measures", main, language)
    factor = intent.unit.factor if intent.unit is not None and intent.unit.base == "MW" else 1.0
    if main == "power" and intent.unit is not None:
        if intent.unit.base not in {"MW", "%"}:
            raise Unclear("unit_mismatch", unit=intent.unit.name, own="MW")
        unit = intent.unit.name if intent.unit.base == "MW" else "MW"
    about = _about(intent, main, language, plants)
    if not intent.by:
        return _scalars(
            intent, dataset, knowledge, rows, statement, notes, language, about, unit, factor
        )
    total = sum(float(row[main] or 0) for row in rows)
    if intent.percent and total:
        rows = [{**row, main: 100 * float(row[main] or 0) / total} for row in rows]
        unit, factor = "%", 1.0
    kept = rows[: intent.limit] if intent.limit else rows
    table: dict[str, float | int | str] = {
        str(row["label"]): _plain(row[main], factor) for row in kept
    }
    named = [
        f"{texts.title(intent.by[0], str(row['label']), language)} {texts.number(_plain(row[main], factor), language)} {unit}"
        for row in kept
    ]
    text = texts.text("table", language, subject=about, items=", ".join(named))
    if intent.shape is Shape.LABEL:
        if not rows:
            raise NoData("no_rows", (dataset,), (knowledge,))
        runners = rows[:3]
        named = [
            f"{texts.title(intent.by[0], str(row['label']), language)} {texts.number(_plain(row[main], factor), language)} {unit}"
            for row in runners
        ]
        label = str(rows[0]["label"])
        text = texts.text(
            "label",
            language,
            label=texts.title(intent.by[0], label, language),
            subject=about,
            value=", ".join(named),
        )
        return Units(
            label,
            unit,
            text,
            _series(intent, runners, factor),
            statement,
            dataset,
            knowledge,
            notes,
        )
    if not kept:
        raise NoData("no_rows", (dataset,), (knowledge,))
    return Units(
        table, unit, text, _series(intent, kept, factor), statement, dataset, knowledge, notes
    )


def _scalars(
    intent: Intent, dataset: Dataset, knowledge: Knowledge, rows: list[dict[str, Any]], statement: Statement,
    notes: tuple[Note, ...], language: Language, about: str, unit: str | None, factor: float,
) -> Units:  # fmt: skip
    wanted = _wanted(intent)
    if intent.percent:
        part, whole = (float(rows[0][name] or 0) for name in ("part", "whole"))
        share = round(100 * part / whole, 6) if whole else 0.0
        text = texts.text(
            "statement", language, subject=about, value=f"{texts.number(share, language)}%"
        )
        return Units(share, "%", text, (), statement, dataset, knowledge, notes)
    values = {
        name: _plain(rows[0][name] or 0, factor if name == "power" else 1.0) for name in wanted
    }
    names = {name: texts.word("units_measures", name, language) for name in wanted}
    written = ", ".join(
        f"{texts.number(value, language)} {names[name] if name != 'power' else unit or 'MW'}"
        for name, value in values.items()
    )
    text = texts.text("statement", language, subject=about, value=written)
    if len(wanted) == 1:
        return Units(values[wanted[0]], unit, text, (), statement, dataset, knowledge, notes)
    table: dict[str, float | int | str] = {names[name]: value for name, value in values.items()}
    return Units(table, None, text, (), statement, dataset, knowledge, notes)


def _about(intent: Intent, main: str, language: Language, plants: tuple[str, ...]) -> str:
    filters = intent.filters
    parts = [texts.word("units_words", main, language)]
    parts += [texts.title(Dimension.SOURCE, code, language) for code in filters.sources]
    parts += list(plants[:4])
    parts += [texts.title(Dimension.STATE, code, language) for code in filters.states]
    parts += [texts.title(Dimension.REGION, code, language) for code in filters.regions]
    line = ", ".join(parts)
    return line[0].upper() + line[1:]


def _plain(value: Any, factor: float) -> float | int:
    if isinstance(value, int):
        return value
    return round(float(value or 0) / factor, 6)


def _series(
    intent: Intent, rows: list[dict[str, Any]], factor: float
) -> tuple[dict[str, Any], ...]:
    main = _wanted(intent)[0]
    return tuple(
        {
            "timestamp": None,
            "measurement": main,
            "value": _plain(row[main], factor),
            "tags": {intent.by[0].value: str(row["label"])},
        }
        for row in rows
    )
