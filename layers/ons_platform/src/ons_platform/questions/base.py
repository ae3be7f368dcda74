"""What every operation's intent starts from: the metric's datasets, filters, periods and unit."""

from __future__ import annotations

from ons_platform.questions.facts import Facts
from ons_platform.questions.intent import Aggregate, Intent, Operation, Unclear
from ons_platform.questions.metrics import MetricOf


def base_intent(facts: Facts, operation: Operation) -> Intent:
    """The intent's part that every operation shares."""
    options = facts.options
    if facts.datasets and options:
        slugs = {dataset.dataset for dataset in facts.datasets}
        options = tuple(option for option in options if option.dataset.dataset in slugs)
        if not options:
            raise Unclear("metric_not_in_dataset", dataset=facts.datasets[0])
    negate = False
    if _are_exchange(options):
        negate = (imports(facts) and not exports(facts)) != facts.from_abroad
        facts.use("marker:exported", "marker:imported")
    return Intent(
        operation,
        options=options,
        datasets=facts.datasets,
        preferred=facts.preferred,
        filters=facts.filters,
        periods=facts.periods,
        unit=facts.unit,
        whole_system=facts.whole_system,
        negate=negate,
        minus=facts.minus,
        narrowed=facts.narrowed,
        together=facts.said("total") and all(option.metric.energy for option in options),
    )


def exports(facts: Facts) -> bool:
    """True when an export was spoken of, by a marker or by the metric's own name."""
    return facts.said("exported") or _metric_text(facts, "export")


def imports(facts: Facts) -> bool:
    """True when an import was spoken of, by a marker or by the metric's own name."""
    return facts.said("imported") or _metric_text(facts, "import")


def _metric_text(facts: Facts, word: str) -> bool:
    """A commercial import is a quantity of its own, no direction of the exchange."""
    said = any(word in m.text for m in facts.reading.sentence.all("metric"))
    return said and _are_exchange(facts.options)


def _are_exchange(options: tuple[MetricOf, ...]) -> bool:
    kinds = {option.metric.of or option.metric.id for option in options}
    return bool(kinds) and kinds <= {"exchange", "scheduled_exchange"}


def inner(facts: Facts) -> Aggregate | None:
    """How values within a group become one, as far as the words say; None leaves it open."""
    energy = facts.options and all(option.metric.energy for option in facts.options)
    adds_up = {option.metric.aggregate for option in facts.options} == {"sum"}
    if energy and adds_up and facts.said("mean"):
        raise Unclear("mean_of_some", metric=facts.options[0].metric.title)
    if facts.has("mean"):
        return Aggregate.MEAN
    if facts.unit is not None and facts.unit.base == "MWh":
        facts.use("marker:total")
        return Aggregate.ENERGY
    if (
        facts.unit is not None
        and facts.unit.base == "MW"
        and energy
        and not facts.said("maximum", "minimum", "most", "least")
    ):
        return Aggregate.MEAN
    if energy and (facts.energy_verb or facts.said("total") or asks_energy(facts)):
        facts.use("marker:total")
        return Aggregate.ENERGY
    lasting = {option.metric.aggregate for option in facts.options} == {"last"}
    if lasting and not facts.said("maximum", "minimum"):
        return Aggregate.LAST
    if adds_up and not facts.said("maximum", "minimum", "latest"):
        facts.use("marker:total")
        return Aggregate.ENERGY if energy else Aggregate.SUM
    return None


def asks_energy(facts: Facts) -> bool:
    """True for "quanta energia", "electricity": more than a bare "how much"."""
    said = [m.text for m in facts.reading.sentence.all("marker") if m.value == "energy"]
    return any(text not in {"quanto", "how much"} for text in said)
