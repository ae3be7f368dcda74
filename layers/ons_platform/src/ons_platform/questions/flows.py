"""Exchange between two places, and what was scheduled: which metric of which dataset is meant.

"Intercâmbio" is a subsystem's net exchange; from one subsystem to another it is a flow, with a
country it is the international one. The catalogue says which metric is which (`Metric.of`).
"""

from __future__ import annotations

import re
from dataclasses import replace

from ons_platform.questions.facts import Facts, family
from ons_platform.questions.intent import Unclear
from ons_platform.questions.metrics import MetricOf, Names
from ons_platform.questions.tokens import Mention

_APART = re.compile(r"\b(?:entre|between|de|do|da|from|para|pro|ao|to|com|with)\b|[-→]")
_TOWARDS = re.compile(r"(?:\b(?:para|pro|ao|to|towards) (?:o |a |the )?|> ?)$")
_BY = re.compile(r"(?:\bpelo|\bpela|\bby(?: the)?) $")


def settle_places(facts: Facts, names: Names) -> None:
    """Turn an exchange into the flow or the international exchange that the places said mean."""
    ids = {option.metric.of or family(option.metric.id) for option in facts.options}
    special = names.special.get(next(iter(ids)), ()) if len(ids) == 1 else ()
    if not special:
        return
    places = facts.filters.regions
    abroad = tuple(code for code in places if any(code in o.metric.regions for o in special))
    apart = facts.said("compare") or any(noun.role == "group" for noun in facts.nouns)
    direct = tuple(option for option in facts.options if option.metric.of is not None)
    if abroad:
        _international(facts, special, abroad)
    elif len(places) == 2 and not apart:
        facts.options = tuple(o for o in special if o.dataset.column("region_to"))
        facts.filters = replace(facts.filters, pair=_pair(facts), regions=())
    elif len(places) > 2 and not apart:
        raise Unclear("exchange_pairs")
    elif direct and len(direct) == len(facts.options):
        facts.options = tuple(o for o in direct if not o.dataset.column("region_to"))
        if not facts.options or places:
            raise Unclear("which_flow")


def _international(facts: Facts, special: tuple[MetricOf, ...], abroad: tuple[str, ...]) -> None:
    if set(facts.filters.regions) - set(abroad):
        raise Unclear("exchange_pairs")
    facts.options = tuple(o for o in special if set(abroad) <= set(o.metric.regions))
    facts.filters = replace(facts.filters, regions=abroad)
    facts.whole_system = False
    facts.abroad = True
    facts.from_abroad = _acts(facts, abroad)


def _acts(facts: Facts, abroad: tuple[str, ...]) -> bool:
    """True when the country is the one that exports or imports: the sign is Brazil's."""
    sentence = facts.reading.sentence
    verbs = [m for m in sentence.all("metric", "marker") if re.match("(ex|im)port", m.text)]
    if not verbs:
        return False
    country = next(m for m in sentence.all("region") if m.value in abroad)
    active = re.fullmatch("(ex|im)port(ou|aram|a|am|ed|s)?", verbs[0].text) is not None
    if _BY.search(sentence.folded[: country.span[0]]):
        return True
    between = sentence.folded[country.span[1] : verbs[0].span[0]]
    ahead = country.span[1] <= verbs[0].span[0] and not sentence.has_between(country, verbs[0])
    return active and ahead and re.search(r"\b(?:o|a|the) (?:brasil|brazil)\b", between) is None


def _pair(facts: Facts) -> tuple[str, str]:
    """Origin and destination in the order said, unless the words turn it ("to B from A")."""
    sentence = facts.reading.sentence
    first, second = [m for m in sentence.all("region") if m.value != "SIN"][:2]
    if not _APART.search(_around(facts, first, second)):
        raise Unclear("exchange_pairs")
    if _TOWARDS.search(sentence.folded[: first.span[0]]) and not _TOWARDS.search(
        sentence.folded[: second.span[0]]
    ):
        first, second = second, first
    return first.value, second.value


def _around(facts: Facts, first: Mention, second: Mention) -> str:
    """The words that say how two places belong together."""
    text = facts.reading.sentence.folded
    before = text[: first.span[0]].split()[-2:]
    between = text[first.span[1] : second.span[0]]
    joined = re.fullmatch(r" (?:e|and)(?: (?:o|a|do|da|de|the|of the))? ", between)
    return " ".join(word for word in before if word in {"entre", "between"}) if joined else between


def settle_schedule(facts: Facts) -> None:
    """Turn a quantity said to be scheduled into its schedule, or both into their deviation."""
    planned = facts.has("scheduled")
    plans = _plans(facts)
    already = any(option.metric.plan_of for option in facts.options)
    if planned and not plans and not already:
        said = next(m for m in facts.reading.sentence.all("marker") if m.value == "scheduled")
        raise Unclear("unsupported_forecast", scope=True, word=said.text)
    if not plans or not (planned or already):
        return
    if facts.has("difference"):
        facts.use("marker:compare", "marker:mean")
        facts.options = tuple(_actual(option) for option in plans)
        facts.minus = plans[0].metric.measurement_type
    elif planned and not already:
        facts.options = plans


def _plans(facts: Facts) -> tuple[MetricOf, ...]:
    """The schedules of the quantities said, or those themselves."""
    found = []
    for option in facts.options:
        if option.metric.plan_of is not None:
            found.append(option)
            continue
        found += [
            MetricOf(option.dataset, metric)
            for metric in option.dataset.questions.metrics
            if metric.plan_of == option.metric.measurement_type
        ]
    return tuple(found)


def _actual(plan: MetricOf) -> MetricOf:
    """What then happened, as a metric of the same dataset."""
    kind = plan.metric.plan_of
    own = (m for m in plan.dataset.questions.metrics if m.measurement_type == kind)
    other = plan.metric.model_copy(update={"measurement_type": kind, "plan_of": None})
    return MetricOf(plan.dataset, next(own, other))
