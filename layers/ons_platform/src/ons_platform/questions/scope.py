"""Which subsystems, plants and states a question is about, and how their values come together.

The whole system is its own row or the sum of the four subsystems, never both; a price has no sum.
"""

from __future__ import annotations

from dataclasses import replace

from ons_platform.catalog.model import Dataset, Metric
from ons_platform.questions.choose import Choice
from ons_platform.questions.intent import (
    Aggregate,
    Dimension,
    Intent,
    Note,
    Operation,
    Shape,
    Unclear,
)
from ons_platform.questions.plan import SUBSYSTEMS

Scoped = tuple[Intent, tuple[Note, ...]]


def complete_regions(intent: Intent, choice: Choice) -> Scoped:
    """The intent with its regions complete, split by what was named in the plural."""
    filters, metric = intent.filters, choice.option.metric
    if filters.pair is not None:
        return intent, ()
    of_plants = metric.by_plant and not adds_up(metric) and not _named_by_region(intent, choice)
    if of_plants and not filters.plants and Dimension.PLANT not in intent.by:
        raise Unclear("which_plant", metric=metric.title)
    if Dimension.REGION in intent.by or intent.numerator is Dimension.REGION or intent.spread:
        own = () if intent.numerator is Dimension.REGION else filters.regions
        said = replace(intent, said_regions=filters.regions)
        return _with_regions(said, own or _subsystems(choice)), ()
    if len(filters.regions) > 1:
        return _several_regions(intent)
    if intent.numerator is None:
        for dimension, members in (
            (Dimension.SOURCE, filters.sources),
            (Dimension.PLANT, filters.plants),
            (Dimension.STATE, filters.states),
        ):
            if len(members) > 1 and dimension not in intent.by:
                intent = _each(intent, dimension)
    if filters.regions or filters.plants or filters.states:
        return intent, ()
    return _whole_system(intent, choice)


def _several_regions(intent: Intent) -> Scoped:
    if intent.operation is Operation.SHARE:
        raise Unclear("one_region")
    if intent.together:
        return intent, (Note.of("regions_added"),)
    return _each(intent, Dimension.REGION), (Note.of("each_region"),)


def _each(intent: Intent, dimension: Dimension) -> Intent:
    """One value for each thing named; a contest over them needs one at a time."""
    if intent.by or intent.order is not None:
        raise Unclear(f"one_{dimension.value}")
    return replace(intent, by=(dimension,), shape=Shape.TABLE)


def adds_up(metric: Metric) -> bool:
    """True when several things together have a value, be it a sum or a ratio of sums."""
    return metric.sin == "sum" or metric.ratio is not None


def _named_by_region(intent: Intent, choice: Choice) -> bool:
    """True for areas of load of which some are subsystems, when no other one is asked for."""
    apart = intent.filters.plants or Dimension.PLANT in intent.by
    return areas_are_regions(choice.option.dataset) and not apart


def areas_are_regions(dataset: Dataset) -> bool:
    """True when some entities of the dataset are subsystems: rows of others are parts of theirs."""
    return any(c.also == "region" for c in dataset.columns if c.role.startswith("entity"))


def _whole_system(intent: Intent, choice: Choice) -> Scoped:
    metric = choice.option.metric
    note = () if intent.whole_system else (Note.of("whole_system"),)
    if metric.sin == "row":
        return _with_regions(intent, ("SIN",)), note
    if adds_up(metric) and metric.by_plant and not _named_by_region(intent, choice):
        split = {Dimension.PLANT, Dimension.STATE} & set(intent.by)
        return intent, () if split else note
    if metric.ratio is not None:
        return _with_regions(intent, SUBSYSTEMS), (*note, Note.of("ratio_of_sums"))
    if metric.sin == "sum" and metric.regions:
        return _with_regions(intent, _subsystems(choice)), (Note.of("sum_of_countries"),)
    if metric.sin == "sum":
        return _with_regions(intent, SUBSYSTEMS), (*note, Note.of("sum_of_subsystems"))
    if intent.whole_system:
        raise Unclear("not_additive", metric=metric.title)
    if metric.by_plant and not _named_by_region(intent, choice):
        return intent, ()
    if not _subsystems(choice):
        return intent, ()
    return _each_region(intent, choice)


def _each_region(intent: Intent, choice: Choice) -> Scoped:
    """A price has no total: extremes name their region, everything else is given per region."""
    if intent.operation is not Operation.AGGREGATE or intent.by or intent.bucket is not None:
        raise Unclear("which_region", metric=choice.option.metric.title)
    changed = _with_regions(replace(intent, by=(Dimension.REGION,)), _subsystems(choice))
    if intent.aggregate in {Aggregate.MAX, Aggregate.MIN}:
        order = "desc" if intent.aggregate is Aggregate.MAX else "asc"
        return replace(changed, order=order, limit=1), (Note.of("any_region"),)
    note = Note.of("not_additive_each", metric=choice.option.metric.title)
    return replace(changed, shape=Shape.TABLE), (note,)


def _subsystems(choice: Choice) -> tuple[str, ...]:
    """The regions of the dataset that are told apart; none where its rows name none."""
    wanted = choice.option.metric.regions or SUBSYSTEMS
    return tuple(code for code in wanted if code in choice.knowledge.regions)


def _with_regions(intent: Intent, regions: tuple[str, ...]) -> Intent:
    return replace(intent, filters=replace(intent.filters, regions=regions))
