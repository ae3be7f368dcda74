"""An intent and what the lake holds become a plan: dataset, period, region, how values add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC

from ons_platform.catalog.model import Dataset
from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.quality import QualityFlag
from ons_platform.questions.choose import (
    Choice,
    Coverage,
    capable,
    choices,
)
from ons_platform.questions.intent import (
    Aggregate,
    Bucket,
    Dimension,
    Intent,
    Note,
    Operation,
    Unclear,
)
from ons_platform.questions.plan import QueryPlan, Rows
from ons_platform.questions.scope import complete_regions
from ons_platform.questions.timespan import fit_buckets, state_now, windows_of
from ons_platform.questions.windows import civil, labelled_by_end

BASES = {"MWmed": "MW", "MW": "MW"}
_TELLING = frozenset(QualityFlag) - {
    QualityFlag.OK,
    QualityFlag.AMBIGUOUS_HOUR,
    QualityFlag.STRAY_TIMESTAMP,
    QualityFlag.DUPLICATE,
}
"""Flags that answers count or leave out; the others say nothing of the value."""
_BREAKS = (civil(2021, 3, 1), civil(2023, 4, 29))


@dataclass(frozen=True)
class Resolved:
    """A plan with the intent as it was completed, its knowledge and what was assumed."""

    plan: QueryPlan
    intent: Intent
    knowledge: Knowledge
    notes: tuple[Note, ...]


class NoData(Exception):
    """Nothing is loaded for the question; says which datasets would answer and what they hold."""

    def __init__(
        self,
        key: str,
        datasets: tuple[Dataset, ...],
        held: tuple[Knowledge, ...] = (),
        **places: object,
    ) -> None:
        super().__init__(key)
        self.note = Note.of(key, **places)
        self.datasets = datasets
        self.held = held


def resolve(intent: Intent, coverage: Coverage) -> Resolved:
    """Choose, complete and plan; raises `Unclear` or `NoData`."""
    choice, notes = _choose(intent, coverage)
    dataset, metric = choice.option.dataset, choice.option.metric
    _check_units(intent, metric.unit, energy=metric.energy)
    intent = _own_source(_own_regions(intent, choice), choice)
    intent, region_notes = complete_regions(intent, choice)
    windows, period_notes = windows_of(intent, choice)
    intent = fit_buckets(intent, windows, dataset)
    intent = state_now(intent, choice)
    plants = _plant_names(intent, choice)
    rows = Rows(
        intent.filters.regions, intent.filters.sources, intent.filters.states, plants,
        tuple(sorted(intent.filters.hours or ())),
    )  # fmt: skip
    numerator, rows = _split_share(intent, rows)
    by = intent.by
    if len(windows) > 1:
        by = (*by, Dimension.WINDOW)
    plan = QueryPlan(
        dataset, metric, intent.operation, intent.aggregate, windows, rows,
        by=by, bucket=_bucket(intent, dataset),
        parts=_parts(intent, choice, rows),
        spread=(intent.filters.regions[0], intent.filters.regions[1]) if intent.spread else None,
        numerator=numerator, threshold=intent.threshold, alternative=_alternative(intent, dataset),
        order=intent.order, limit=intent.limit,
        label_days=6 if labelled_by_end(dataset) else 0, negate=intent.negate,
        idle=_idle(choice.knowledge, intent.filters.regions),
    )  # fmt: skip
    notes = intent.notes + notes + region_notes + period_notes + _method_notes(plan, intent)
    if len(plants) > len(intent.filters.plants):
        notes += (Note.of("units_plants_named", plants=plants),)
    notes += tuple(
        Note.of("plant_corrected", plants=tuple(p.name for p in naming.plants[:1]))
        for naming in intent.filters.plants
        if not naming.certain
    )
    return Resolved(plan, intent, choice.knowledge, notes)


def distinct(datasets: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """Each dataset once, in order."""
    return tuple({item.dataset: item for item in datasets}.values())


def _choose(intent: Intent, coverage: Coverage) -> tuple[Choice, tuple[Note, ...]]:
    able, reason = capable(intent)
    if not able:
        if reason == "too_coarse":
            raise NoData("too_coarse", distinct(option.dataset for option in intent.options))
        raise Unclear(reason or "no_metric", metric=intent.options[0].metric.title)
    found = choices(able, intent, coverage)
    if not found:
        raise NoData("not_loaded", distinct(option.dataset for option in able))
    best = found[0]
    if best.share <= 0 and intent.periods:
        held = tuple(item.knowledge for item in found)
        raise NoData("period_not_loaded", distinct(item.option.dataset for item in found), held)
    others = tuple(item.option.dataset.dataset for item in found[1:] if item.share > 0)
    if others:
        key = "chose_dataset" if len(others) == 1 else "chose_dataset_of_many"
        return best, (Note.of(key, dataset=best.option.dataset.dataset, others=others),)
    return best, ()


def _check_units(intent: Intent, unit: str, *, energy: bool) -> None:
    base = BASES.get(unit, unit)
    if intent.aggregate is Aggregate.ENERGY:
        base = "MWh"
    if intent.threshold is not None and intent.threshold.unit not in {None, BASES.get(unit, unit)}:
        raise Unclear("threshold_unit", unit=intent.threshold.unit, own=unit)
    asked = intent.unit
    if asked is None:
        return
    percent = intent.operation in {Operation.SHARE, Operation.CHANGE} or intent.percent
    if asked.base == base or (asked.base == "%" and percent):
        return
    if asked.base == "MW" and base == "MWh" and energy:
        return
    raise Unclear("unit_mismatch", unit=asked.name, own=unit if base != "MWh" else "MWh")


def _own_regions(intent: Intent, choice: Choice) -> Intent:
    """Regions said that the dataset does not know at all are a misunderstanding."""
    unknown = [code for code in intent.filters.regions if code not in choice.knowledge.regions]
    if unknown:
        raise NoData(
            "no_such_region", (choice.option.dataset,), (choice.knowledge,), regions=tuple(unknown)
        )
    return intent


def _own_source(intent: Intent, choice: Choice) -> Intent:
    """A dataset of one source answers for that source only, and the answer says which it is."""
    source = choice.option.dataset.constants.get("energy_source")
    told_apart = Dimension.SOURCE in intent.by or intent.numerator is Dimension.SOURCE
    if source is None or intent.filters.sources or told_apart or not choice.option.metric.by_source:
        return intent
    return replace(intent, filters=replace(intent.filters, sources=(source,)))


def _bucket(intent: Intent, dataset: Dataset) -> Bucket | None:
    if intent.bucket is Bucket.WEEK and dataset.grain == "P1W":
        return Bucket.INTERVAL
    return intent.bucket


def _alternative(intent: Intent, dataset: Dataset) -> Aggregate | None:
    """Of daily data a day has one value: mean and maximum are the same."""
    return None if dataset.grain in {"P1D", "P1W"} else intent.alternative


def _plant_names(intent: Intent, choice: Choice) -> tuple[str, ...]:
    slug = choice.option.dataset.dataset
    names: list[str] = []
    for naming in intent.filters.plants:
        own = [plant.name for plant in naming.plants if plant.dataset == slug]
        if not own:
            near = tuple(plant.name for plant in naming.plants)
            raise NoData(
                "plant_not_in_dataset", (choice.option.dataset,), (choice.knowledge,), plants=near
            )
        if len(own) > 1 and choice.option.metric.sin == "none":
            raise Unclear("several_plants", plants=tuple(own))
        names += own
    return tuple(names)


def _split_share(intent: Intent, rows: Rows) -> tuple[Rows | None, Rows]:
    """The numerator's restriction leaves the denominator."""
    if intent.operation is not Operation.SHARE or intent.numerator is None:
        return None, rows
    if intent.numerator is Dimension.SOURCE:
        return Rows(sources=rows.sources), replace(rows, sources=())
    if intent.numerator is Dimension.PLANT:
        return Rows(plants=rows.plants), replace(rows, plants=())
    if intent.numerator is Dimension.STATE:
        return Rows(states=rows.states), replace(rows, states=())
    return Rows(regions=intent.said_regions), rows


def _parts(intent: Intent, choice: Choice, rows: Rows) -> int | None:
    """How many rows an instant needs to be whole; None when there is one row per instant."""
    metric, dataset = choice.option.metric, choice.option.dataset
    if metric.by_plant:
        return 0 if metric.sin == "sum" else None
    sources = [
        measure
        for measure in dataset.measures
        if measure.measurement_type == metric.measurement_type
    ]
    parts = 1
    if Dimension.SOURCE not in intent.by:
        parts *= len(rows.sources) or max(len(sources), 1)
    if Dimension.REGION not in intent.by:
        parts *= max(len(rows.regions), 1)
    return parts if parts > 1 else None


def _idle(knowledge: Knowledge, regions: tuple[str, ...]) -> frozenset[str]:
    """Columns in which all rows pass: one measurement, all regions wanted, no doubtful value."""
    found = {"measurement_type"} if len(knowledge.measurement_types) == 1 else set()
    if set(regions) == set(knowledge.regions):
        found.add("region")
    if not _TELLING.intersection(knowledge.flagged):
        found.add("quality_flag")
    return frozenset(found)


def _method_notes(plan: QueryPlan, intent: Intent) -> tuple[Note, ...]:
    notes: list[Note] = []
    if "thermal" in plan.rows.sources and plan.metric.sin == "row":
        notes.append(Note.of("thermal_includes"))
    if plan.metric.measurement_type == "exchange":
        notes.append(Note.of("exchange_sign"))
    if plan.label_days:
        notes.append(Note.of("weeks_by_friday"))
    if plan.bucket is Bucket.WEEK:
        notes.append(Note.of("weeks_from_monday"))
    if plan.metric.measurement_type == "load":
        starts, ends = (
            min(item.start for item in plan.windows),
            max(item.end for item in plan.windows),
        )
        crossed = tuple(moment for moment in _BREAKS if starts < moment.astimezone(UTC) < ends)
        compared = intent.operation is Operation.CHANGE or intent.bucket in {
            Bucket.YEAR,
            Bucket.MONTH,
        }
        if crossed and compared:
            notes.append(Note.of("method_break", moments=crossed))
    return tuple(notes)
