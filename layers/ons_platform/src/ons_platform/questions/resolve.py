"""An intent and what the lake holds become a plan: dataset, period, region, how values add up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ons_platform.catalog.model import Dataset, Ratio
from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.quality import QualityFlag
from ons_platform.questions.choose import Choice, Coverage
from ons_platform.questions.chosen import NoData, choose
from ons_platform.questions.intent import (
    Aggregate,
    Bucket,
    Dimension,
    Intent,
    Note,
    Operation,
    Unclear,
)
from ons_platform.questions.method import method_notes
from ons_platform.questions.plan import QueryPlan, Rows
from ons_platform.questions.scope import adds_up, areas_are_regions, complete_regions
from ons_platform.questions.timespan import fit_buckets, state_now, windows_of
from ons_platform.questions.windows import labelled_by_end

BASES = {"MWmed": "MW", "MW": "MW"}
_TELLING = frozenset(QualityFlag) - {
    QualityFlag.OK,
    QualityFlag.AMBIGUOUS_HOUR,
    QualityFlag.STRAY_TIMESTAMP,
    QualityFlag.DUPLICATE,
}
"""Flags that answers count or leave out; the others say nothing of the value."""


@dataclass(frozen=True)
class Resolved:
    """A plan with the intent as it was completed, its knowledge and what was assumed.

    `partners` is the coverage of the plan's further datasets, in their order.
    """

    plan: QueryPlan
    intent: Intent
    knowledge: Knowledge
    notes: tuple[Note, ...]
    partners: tuple[Knowledge, ...] = ()


def resolve(intent: Intent, coverage: Coverage) -> Resolved:
    """Choose, complete and plan; raises `Unclear` or `NoData`."""
    choice, partners, notes = choose(intent, coverage)
    dataset, metric = choice.option.dataset, choice.option.metric
    _check_units(intent, metric.unit, energy=metric.energy)
    intent = _own_regions(intent, choice)
    if not partners:
        intent = _own_source(intent, choice)
    intent, region_notes = complete_regions(intent, choice)
    windows, period_notes = windows_of(intent, choice)
    intent = fit_buckets(intent, windows, dataset)
    intent = state_now(intent, choice)
    plants = _plant_names(intent, choice)
    rows = Rows(
        intent.filters.regions, intent.filters.sources, intent.filters.states, plants,
        tuple(sorted(intent.filters.hours or ())), intent.filters.attributes, intent.filters.pair,
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
        idle=_idle((choice, *partners), intent, rows),
        also=tuple(item.option.dataset for item in partners), minus=intent.minus,
        ratio=_ratio(intent, choice, rows), versions=dataset.questions.versions,
    )  # fmt: skip
    notes = intent.notes + notes + region_notes + period_notes + method_notes(plan, intent)
    if len(plants) > len(intent.filters.plants):
        notes += (Note.of("units_plants_named", plants=plants),)
    notes += tuple(
        Note.of("plant_corrected", plants=tuple(p.name for p in naming.plants[:1]))
        for naming in intent.filters.plants
        if not naming.certain
    )
    return Resolved(
        plan, intent, choice.knowledge, notes, tuple(item.knowledge for item in partners)
    )


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
    if asked.base == base or (asked.base == "%" and (percent or base == "p.u.")):
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
            near = tuple(dict.fromkeys(plant.name for plant in naming.plants))
            raise NoData(
                "plant_not_in_dataset", (choice.option.dataset,), (choice.knowledge,), plants=near
            )
        if len(own) > 1 and not adds_up(choice.option.metric):
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
    if rows.pair is not None:
        return None
    if (metric.by_plant and not _is_region(intent, dataset)) or metric.regions:
        return 0 if adds_up(metric) else None
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


def _is_region(intent: Intent, dataset: Dataset) -> bool:
    """True for areas of load when subsystems are asked for: each has one row."""
    return areas_are_regions(dataset) and not intent.filters.plants and bool(intent.filters.regions)


def _ratio(intent: Intent, choice: Choice, rows: Rows) -> Ratio | None:
    """The ratio of sums, where several things come together in a value or over time.

    One subsystem's or plant's own figure is as its source says.
    """
    metric = choice.option.metric
    if metric.ratio is None or intent.spread:
        return None
    one = len(rows.regions) == 1 or Dimension.REGION in intent.by
    if metric.by_plant and not _is_region(intent, choice.option.dataset):
        one = len(rows.plants) == 1 or Dimension.PLANT in intent.by
    if one and (metric.ratio.over_time == "mean" or intent.aggregate is not Aggregate.MEAN):
        return None
    return metric.ratio


def _idle(chosen: tuple[Choice, ...], intent: Intent, rows: Rows) -> frozenset[str]:
    """Columns in which all rows pass: one measurement, all regions wanted, no doubtful value."""
    found = {"measurement_type", "region", "quality_flag", "energy_source"}
    for item in chosen:
        known, dataset = item.knowledge, item.option.dataset
        if len(known.measurement_types) != 1:
            found.discard("measurement_type")
        if set(intent.filters.regions) != set(known.regions):
            found.discard("region")
        if _TELLING.intersection(known.flagged):
            found.discard("quality_flag")
        if rows.sources != (dataset.constants.get("energy_source"),):
            found.discard("energy_source")
    return frozenset(found)
