"""Answers about the data themselves: what is loaded, until when, and which records are doubtful."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import Catalog
from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.zone import brasilia
from ons_platform.questions.choose import Coverage, paths
from ons_platform.questions.chosen import NoData, distinct
from ons_platform.questions.engines.choice import Engine
from ons_platform.questions.engines.sql import Statement, civil, conditions_sql
from ons_platform.questions.intent import Dimension, Intent, Unclear
from ons_platform.questions.lexicon import Language
from ons_platform.questions.plan import GRAIN_HOURS, Rows, Window
from ons_platform.questions.windows import labelled_by_end, window_of
from ons_platform.questions.wording import texts

_SHOWN = 20


@dataclass(frozen=True)
class Holding:
    """The parts of an answer about the data themselves."""

    value: Any
    text: str
    dataset: Dataset | None = None
    knowledge: Knowledge | None = None
    statement: Statement | None = None
    rows: tuple[dict[str, Any], ...] = ()
    window: Window | None = None
    truncated: bool = False


def answer_inventory(catalog: Catalog, coverage: Coverage, language: Language) -> Holding:
    """Every dataset loaded with its number of rows and its ends."""
    loaded = [
        (item, known) for item in catalog if (known := coverage.get(item.dataset)) and known.rows
    ]
    if not loaded:
        return Holding({}, texts.text("inventory_none", language))
    items = "; ".join(f"{item.dataset} ({_ends(item, known, language)})" for item, known in loaded)
    text = texts.text("inventory", language, count=len(loaded), items=items)
    return Holding({item.dataset: known.rows for item, known in loaded}, text)


def answer_coverage(intent: Intent, coverage: Coverage, language: Language) -> Holding:
    """First or last instant of the dataset said, within the period said."""
    dataset, known = _one_dataset(intent, coverage)
    if known.first is None or known.last is None:
        text = texts.text(
            "coverage_reference",
            language,
            title=dataset.title,
            dataset=dataset.dataset,
            rows=known.rows,
        )
        return Holding(known.rows, text, dataset, known)
    first, last = _first_label(dataset, known.first), _last_start(dataset, known.last)
    item = None
    if intent.periods:
        item = window_of(intent.periods[0], dataset, first, datetime.fromisoformat(known.last))
        if not paths(known, (item,)):
            raise NoData("period_not_loaded", (dataset,), (known,))
        parts = [part for part in known.partitions if str(part["path"]) in paths(known, (item,))]
        first = max(item.civil_start, _first_label(dataset, min(part["first"] for part in parts)))
        step = timedelta(hours=min(GRAIN_HOURS[dataset.grain or "PT1H"], 24))
        last = min(item.civil_end - step, _last_start(dataset, max(part["last"] for part in parts)))
    chosen = first if intent.falling else last
    key = "coverage_first" if intent.falling else "coverage_last"
    places = {"first" if intent.falling else "last": _said(dataset, chosen, language)}
    text = texts.text(key, language, title=dataset.title, dataset=dataset.dataset, **places)
    return Holding(_label(dataset, chosen), text, dataset, known, window=item)


def answer_quality(
    intent: Intent, coverage: Coverage, engine: Engine, language: Language, limit: int
) -> Holding:
    """Records with a flag other than ok, in the period said (else in all data)."""
    dataset, known = _one_dataset(intent, coverage)
    if known.first is None or known.last is None:
        raise Unclear("which_metric", dataset=dataset)
    ends = (datetime.fromisoformat(known.first), datetime.fromisoformat(known.last))
    item = (
        window_of(intent.periods[0], dataset, *ends)
        if intent.periods
        else Window(*ends, ends[0].astimezone(brasilia()), ends[1].astimezone(brasilia()), "")
    )
    files = paths(known, (item,))
    if not files:
        raise NoData("period_not_loaded", (dataset,), (known,))
    statement = _flagged(intent, dataset, item)
    rows = engine.rows(statement.text, statement.parameters, {dataset.table: files})
    period = texts.period(item.civil_start, item.civil_end, language)
    if not rows:
        text = texts.text("quality_none", language, title=dataset.title, period=period)
        return Holding(0, text, dataset, known, statement, window=item)
    return Holding(
        len(rows),
        _quality_text(dataset, rows, period, language),
        dataset,
        known,
        statement,
        tuple(_quality_row(row) for row in rows[:limit]),
        item,
        truncated=len(rows) > limit,
    )


def _flagged(intent: Intent, dataset: Dataset, item: Window) -> Statement:
    statement = Statement()
    conditions = [
        f"timestamp >= {statement.bind(item.start)}", f"timestamp < {statement.bind(item.end)}",
    ]  # fmt: skip
    if intent.flags:
        conditions.append(f"quality_flag IN ({', '.join(map(statement.bind, intent.flags))})")
    else:
        conditions.append("quality_flag NOT IN ('ok', 'ambiguous_hour', 'forecast')")
    plants = tuple(
        plant.name
        for naming in intent.filters.plants
        for plant in naming.plants
        if plant.dataset == dataset.dataset
    )
    if intent.filters.hours is not None or (intent.filters.plants and not plants):
        raise Unclear("which_metric", dataset=dataset)
    filters = intent.filters
    conditions += conditions_sql(
        Rows(filters.regions, filters.sources, filters.states, plants), statement
    )
    measures = {
        option.metric.measurement_type for option in intent.options if option.dataset is dataset
    }
    if measures and len(measures) < len({measure.measurement_type for measure in dataset.measures}):
        places = ", ".join(statement.bind(value) for value in sorted(measures))
        conditions.append(f"measurement_type IN ({places})")
    columns = "region, energy_source, entity_name, measurement_type, quality_flag, value"
    statement.text = (
        f"SELECT {civil('timestamp')} AS civil, timestamp, {columns}\nFROM {dataset.table}\n"
        f"WHERE {' AND '.join(conditions)}\nORDER BY timestamp, region, measurement_type"
    )
    return statement


def _quality_text(
    dataset: Dataset, rows: list[dict[str, Any]], period: str, language: Language
) -> str:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["quality_flag"]] = counts.get(row["quality_flag"], 0) + 1
    flags = ", ".join(
        f"{texts.word('flags', flag, language)}: {count}" for flag, count in sorted(counts.items())
    )
    items = "; ".join(_doubtful(row, language) for row in rows[:_SHOWN])
    more = " …" if len(rows) > _SHOWN else ""
    return texts.text(
        "quality",
        language,
        title=dataset.title,
        period=period,
        count=len(rows),
        flags=flags,
        items=items + more,
    )


def _doubtful(row: dict[str, Any], language: Language) -> str:
    name = row["entity_name"] or texts.title(Dimension.REGION, row["region"] or "", language)
    flag = texts.word("flags", row["quality_flag"], language)
    return f"{name} {texts.instant(row['civil'], language)} ({flag})"


def _quality_row(row: dict[str, Any]) -> dict[str, Any]:
    tags = {
        name: row[column]
        for name, column in (
            ("region", "region"),
            ("source", "energy_source"),
            ("plant", "entity_name"),
            ("flag", "quality_flag"),
        )
        if row[column]
    }
    return {
        "timestamp": row["timestamp"].astimezone(brasilia()).isoformat(),
        "measurement": row["measurement_type"],
        "value": row["value"],
        "tags": tags,
    }


def _one_dataset(intent: Intent, coverage: Coverage) -> tuple[Dataset, Knowledge]:
    """The dataset said; else the one whose metric was said and which holds the period."""
    named = list(intent.datasets)
    if not named:
        soft = [
            option.dataset
            for option in intent.options
            if option.dataset.dataset in intent.preferred
        ]
        ordered = sorted(intent.options, key=lambda option: -option.metric.preference)
        named = list(distinct([*soft, *(option.dataset for option in ordered)]))
    loaded = [
        (item, known) for item in named if (known := coverage.get(item.dataset)) and known.rows
    ]
    if not named:
        raise Unclear("no_metric")
    if not loaded:
        raise NoData("not_loaded", tuple(named))
    if intent.periods:
        held = [(item, known) for item, known in loaded if _holds(intent, item, known)]
        loaded = held or loaded
    return loaded[0]


def _holds(intent: Intent, dataset: Dataset, known: Knowledge) -> bool:
    if known.first is None or known.last is None:
        return True
    item = window_of(
        intent.periods[0],
        dataset,
        datetime.fromisoformat(known.first),
        datetime.fromisoformat(known.last),
    )
    return bool(paths(known, (item,)))


def _first_label(dataset: Dataset, start: str) -> datetime:
    """Start of the first interval; of a week the day that labels it."""
    moment = datetime.fromisoformat(start)
    return moment + timedelta(days=6) if labelled_by_end(dataset) else moment


def _last_start(dataset: Dataset, end: str) -> datetime:
    """Start of the last interval; of a week the day that labels it."""
    moment = datetime.fromisoformat(end)
    if labelled_by_end(dataset):
        return (moment.astimezone(brasilia()) - timedelta(days=1)).astimezone(UTC)
    return moment - timedelta(hours=GRAIN_HOURS[dataset.grain or "PT1H"])


def _is_daily(dataset: Dataset) -> bool:
    return dataset.grain in {"P1D", "P1W"}


def _label(dataset: Dataset, moment: datetime) -> str:
    local = moment.astimezone(brasilia())
    return f"{local:%Y-%m-%d}" if _is_daily(dataset) else local.isoformat()


def _said(dataset: Dataset, moment: datetime, language: Language) -> str:
    return texts.instant(moment, language) if _is_daily(dataset) else texts.moment(moment, language)


def _ends(dataset: Dataset, known: Knowledge, language: Language) -> str:
    if known.first is None or known.last is None:
        return f"{texts.number(known.rows, language)}"
    first = datetime.fromisoformat(known.first)
    return texts.text(
        "from_to",
        language,
        start=first,
        end=_said(dataset, _last_start(dataset, known.last), language),
    )
