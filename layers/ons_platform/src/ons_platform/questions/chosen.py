"""The dataset that answers, with those of other sources that belong to it, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable

from ons_platform.catalog.model import Dataset, Text
from ons_platform.catalog.vocabulary import vocabulary
from ons_platform.lake.knowledge import Knowledge
from ons_platform.questions.choose import Choice, Coverage, capable, choices
from ons_platform.questions.intent import Dimension, Intent, Note, Unclear
from ons_platform.questions.metrics import MetricOf


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


def distinct(datasets: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """Each dataset once, in order."""
    return tuple({item.dataset: item for item in datasets}.values())


def choose(
    intent: Intent, coverage: Coverage
) -> tuple[Choice, tuple[Choice, ...], tuple[Note, ...]]:
    """The dataset that answers, those with the same of other sources, and why it was chosen."""
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
        held = tuple({item.knowledge.dataset: item.knowledge for item in found}.values())
        raise NoData("period_not_loaded", distinct(item.option.dataset for item in found), held)
    if intent.numerator is Dimension.SOURCE and "energy_source" in best.option.dataset.constants:
        raise Unclear("share_of_what")  # of one source's data its share is all
    partners = _partners(best, found, intent)
    notes: tuple[Note, ...] = ()
    if partners:
        both = (best, *partners)
        notes = (Note.of("sources_together", sources=tuple(_source(item) for item in both)),)
    elif not intent.filters.plants and _partial(best, able):
        notes = (Note.of("one_source_only", source=_source(best)),)
    others = tuple(
        {
            item.option.dataset.dataset: item
            for item in found[1:]
            if item.share > 0 and not _complements(best.option, item.option)
            if item.option.dataset is not best.option.dataset
        }
    )
    if others:
        key = "chose_dataset" if len(others) == 1 else "chose_dataset_of_many"
        notes += (Note.of(key, dataset=best.option.dataset.dataset, others=others),)
    return best, partners, notes


def _complements(one: MetricOf, other: MetricOf) -> bool:
    """True when two datasets hold the same quantity of different sources: together they are all."""
    sources = {item.dataset.constants.get("energy_source") for item in (one, other)}
    same = one.metric.measurement_type == other.metric.measurement_type
    return same and None not in sources and len(sources) == 2


def _partners(best: Choice, found: list[Choice], intent: Intent) -> tuple[Choice, ...]:
    """What is added to the best dataset: the same of another source, when none was said."""
    if intent.filters.sources or intent.filters.plants or best.option.metric.sin != "sum":
        return ()
    named = {item.dataset for item in intent.datasets}
    return tuple(
        item
        for item in found
        if item.share > 0
        and _complements(best.option, item.option)
        and (not named or {item.option.dataset.dataset, best.option.dataset.dataset} <= named)
    )


def _partial(best: Choice, able: tuple[MetricOf, ...]) -> bool:
    """True when another source's part of the quantity is not loaded, so that it is missing."""
    return any(_complements(best.option, option) for option in able)


def _source(item: Choice) -> Text:
    return vocabulary().sources[item.option.dataset.constants["energy_source"]].title
