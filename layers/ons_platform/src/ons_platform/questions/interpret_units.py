"""Questions about the reference table of generating units: how many, how much power, where."""

from __future__ import annotations

from dataclasses import replace

from ons_platform.catalog.model import Dataset
from ons_platform.questions.base import base_intent
from ons_platform.questions.facts import Facts
from ons_platform.questions.intent import (
    Aggregate,
    Dimension,
    Intent,
    Note,
    Operation,
    Shape,
    Unclear,
)
from ons_platform.questions.shapes import TOP, extreme_order


def is_about_units(facts: Facts) -> bool:
    """True when capacity or generating units were asked for.

    So are quantities of other registers that add up (length of lines). Raises `Unclear` when such a
    register was named without one: what else it holds is asked in SQL.
    """
    named = [option.dataset for option in facts.options] or list(facts.datasets)
    if named:
        sums = [option.metric.aggregate in {"sum", "count"} for option in facts.options]
        summed = bool(sums) and all(sums)
        registers = [dataset for dataset in named if dataset.kind == "reference"]
        if len(registers) < len(named):
            return False
        for dataset in registers:
            if not summed and not holds_units(dataset):
                raise Unclear("register_by_sql", title=dataset.title, table=dataset.table)
        return True
    if facts.said("units_noun", "installed", "commissioned", "decommissioned") or _counts_plants(
        facts
    ):
        return True
    if _most_plants(facts):
        return True
    asks_megawatts = facts.unit is not None and facts.unit.base == "MW" and not facts.periods
    return (
        asks_megawatts
        and not facts.said("generated")
        and bool(facts.filters.sources or facts.filters.states)
    )


def holds_units(dataset: Dataset) -> bool:
    """Whether a dataset is the register of generating units, not that of something else."""
    is_capacity = any(metric.id == "capacity" for metric in dataset.questions.metrics)
    return dataset.kind == "reference" and is_capacity


def units(facts: Facts) -> Intent:
    """Count of units, of plants, or total power; by state, source, plant or region."""
    facts.has("installed", "units_noun", "total", "show", "energy", "latest", "generated", "or")
    facts.use(
        "role:name", "role:target", "role:bare", "role:group", "role:count", "top", "marker:count"
    )
    if facts.has("decommissioned"):
        raise Unclear("decommissioned")
    commissioned = facts.has("commissioned")
    if facts.periods and not commissioned:
        raise Unclear("capacity_in_time")
    if commissioned and len(facts.periods) != 1:
        raise Unclear("commissioned_when")
    if facts.filters.hours or facts.thresholds:
        raise Unclear("unused_words", words=("hora",))
    percent = facts.has("share", "mix")
    intent = replace(
        base_intent(facts, Operation.UNITS), units=_measures(facts), aggregate=_aggregate(facts)
    )
    return _laid_out(facts, replace(intent, percent=percent))


def _counts_plants(facts: Facts) -> bool:
    return any(noun.role == "count" and noun.dimension is Dimension.PLANT for noun in facts.nouns)


def _most_plants(facts: Facts) -> bool:
    """ "Which state has the most wind farms": the plants of each are counted."""
    target = facts.target()
    elsewhere = target is not None and target.dimension in {Dimension.STATE, Dimension.REGION}
    plants = any(n.dimension is Dimension.PLANT and n.role == "bare" for n in facts.nouns)
    return elsewhere and plants and facts.said("most", "least") and not facts.options


def _measures(facts: Facts) -> tuple[str, ...]:
    """`units` (how many), `plants` (how many), `power` (MW): what was asked for, in that order."""
    found = []
    counting = facts.said("count") or (facts.said("most", "least") and not facts.options)
    if counting and (_counts_plants(facts) or _most_plants(facts)):
        found.append("plants")
    elif counting and facts.said("units_noun"):
        found.append("units")
    if {option.metric.aggregate for option in facts.options} == {"count"}:
        facts.use("marker:where")
        return ("power",)
    if facts.options or facts.unit is not None or not found:
        found.append("power")
    return tuple(found)


def _aggregate(facts: Facts) -> Aggregate:
    if facts.has("mean"):
        raise Unclear("capacity_mean")
    return Aggregate.SUM


def _laid_out(facts: Facts, intent: Intent) -> Intent:
    facts.has("ranking", "compare", "between_regions")
    order = extreme_order(facts)
    if facts.has("ascending"):
        order = "asc"
    facts.has("descending")
    groups = [noun for noun in facts.nouns if noun.role == "group" and noun.dimension]
    targets = [noun for noun in facts.nouns if noun.role == "target" and noun.dimension]
    bare = [noun for noun in facts.nouns if noun.role == "bare" and noun.dimension]
    if any(noun.bucket for noun in facts.nouns if noun.role != "name"):
        raise Unclear("capacity_in_time")
    if targets and not all(noun is targets[0] for noun in bare):
        bare = []
    ranked = facts.said("ranking") or facts.top is not None or order is not None
    chosen = targets or groups or (bare if ranked else [])
    by = tuple(dict.fromkeys(noun.dimension for noun in chosen if noun.dimension)) or _several(
        facts
    )
    if facts.said("between_regions"):
        by = (Dimension.REGION,)
    if len(by) > 1:
        raise Unclear("two_groupings")
    if not by:
        if order is not None:
            raise Unclear("which_extreme", word="maior")
        return replace(intent, shape=Shape.NUMBER if len(intent.units) == 1 else Shape.TABLE)
    single = bool(targets) and not targets[0].plural and facts.top is None and order is not None
    if targets and order is None and not facts.said("ranking"):
        raise Unclear("which_extreme", word=targets[0].mention.text)
    limit = facts.top or (1 if single else None)
    if limit is None and by == (Dimension.PLANT,) and not facts.filters.plants:
        limit, intent = TOP, replace(intent, notes=(*intent.notes, Note.of("top_only", n=TOP)))
    outcome = Shape.LABEL if single else Shape.TABLE
    return replace(intent, by=by, order=order or "desc", limit=limit, shape=outcome)


def _several(facts: Facts) -> tuple[Dimension, ...]:
    filters = facts.filters
    sizes = (
        (Dimension.REGION, filters.regions),
        (Dimension.SOURCE, filters.sources),
        (Dimension.STATE, filters.states),
        (Dimension.PLANT, filters.plants),
    )
    return tuple(dimension for dimension, values in sizes if len(values) > 1)
