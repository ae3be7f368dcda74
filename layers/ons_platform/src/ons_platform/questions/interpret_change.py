"""Comparisons: two periods, two regions (or sources, plants), growth over a range."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from ons_platform.questions.base import inner
from ons_platform.questions.facts import Facts
from ons_platform.questions.intent import Aggregate, Dimension, Intent, Note, Shape, Unclear
from ons_platform.questions.periods import PeriodMatch
from ons_platform.questions.shapes import extreme_order

_MEAN_OF_STEPS = re.compile(
    r"\bmedi[ao]s? (?:horari|diari|semana|mensa|anua)"
    r"|\b(?:hourly|daily|weekly|monthly|yearly|annual) (?:average|mean)"
    r"|\b(?:average|mean) (?:hourly|daily|weekly|monthly|yearly|annual)"
)
_MEAN_GROWTH = re.compile(
    r"\b(?:crescimento|aumento|variacao|queda|reducao|alta|elevacao) (?:percentual )?medi[ao]"
    r"|\b(?:average|mean) (?:annual |yearly |monthly |daily )?"
    r"(?:growth|increase|change|drop|decrease|fall|reduction|variation)"
)


def change(facts: Facts, intent: Intent) -> Intent:
    """A change over time when two moments were said, else a comparison of things."""
    facts.has("compare", "difference", "total")
    _check_meaning(facts)
    growth, fall = facts.has("growth"), facts.has("fall")
    if growth and fall:
        facts.has("or")
    how = _aggregate(facts)
    notes = () if how is not None else (Note.of("default_aggregate"),)
    intent = replace(
        intent, aggregate=how or Aggregate.MEAN, falling=fall and not growth, notes=notes
    )
    intent = replace(intent, percent=facts.has("share") or _says_percent(facts))
    facts.use("role:name")
    if _MEAN_OF_STEPS.search(facts.reading.sentence.folded) or facts.daily_name:
        facts.use(*(f"adjective:{bucket.value}" for bucket in facts.adjectives()))
    intent = replace(intent, previous_year=facts.said("previous_year"))
    windows = _windows(facts, moved=growth or fall)
    if len(windows) == 2 or intent.previous_year:
        instants = all(item.unit in {"hour", "minute", "day"} for item in windows)
        amount = (growth or fall) and (
            instants or facts.said("difference") or intent.unit is not None
        )
        return _over_time(facts, replace(intent, periods=windows, asks_amount=amount))
    if growth or fall:
        raise Unclear("growth_since_when")
    return _between_things(facts, intent)


def _check_meaning(facts: Facts) -> None:
    """Growth of a share, and a mean growth rate, are other things than growth."""
    shares = [m.text for m in facts.reading.sentence.all("marker") if m.value == "share"]
    if any(not re.search("percent|porcent|por cento", text) for text in shares):
        raise Unclear("growth_of_share")
    if _MEAN_GROWTH.search(facts.reading.sentence.folded):
        raise Unclear("mean_growth")


def _aggregate(facts: Facts) -> Aggregate | None:
    how = inner(facts)
    if how is not None:
        return how
    order = extreme_order(facts) if facts.said("maximum", "minimum") else None
    if order is None:
        return None
    return Aggregate.MAX if order == "desc" else Aggregate.MIN


def _says_percent(facts: Facts) -> bool:
    if facts.unit is not None and facts.unit.base == "%":
        return True
    return any(
        "percent" in m.text or "rate" in m.text
        for m in facts.reading.sentence.all("marker")
        if m.value in {"growth", "fall"}
    )


def _windows(facts: Facts, *, moved: bool) -> tuple[PeriodMatch, ...]:
    """The two periods to compare: said apart, or the two ends of one range."""
    if facts.has("previous_year"):
        if len(facts.periods) != 1:
            raise Unclear("growth_since_when")
        return facts.periods
    if len(facts.periods) > 2:
        raise Unclear("too_many_periods")
    if len(facts.periods) == 2:
        return facts.periods
    if moved and len(facts.periods) == 1 and (pair := _hour_ends(facts, facts.periods[0])):
        return pair
    if moved and facts.periods and facts.periods[0].ends is not None:
        return facts.periods[0].ends
    return facts.periods


def _hour_ends(facts: Facts, day: PeriodMatch) -> tuple[PeriodMatch, ...]:
    """The first and the last hour of "entre 7h e 9h de 15/08/2023"."""
    if day.start is None or day.end is None:
        return ()
    if facts.hour_pair is not None and day.unit == "day":
        facts.use("hour_pair")
        return tuple(_hour(day, day.start.replace(hour=hour)) for hour in facts.hour_pair)
    two_hours = len(re.findall(r"\d (?:h|am|pm)|\dh|\d:\d\d|\d(?:am|pm)", day.text)) > 1
    if day.unit == "hour" and (two_hours or day.end - day.start > timedelta(hours=1)):
        return _hour(day, day.start), _hour(day, day.end)
    return ()


def _hour(said: PeriodMatch, start: datetime) -> PeriodMatch:
    return replace(said, start=start, end=start + timedelta(hours=1), unit="hour", ends=None)


def _over_time(facts: Facts, intent: Intent) -> Intent:
    facts.use(
        "role:group", "role:target", "role:bare", "marker:ranking", "top", "marker:descending"
    )
    nouns = [noun for noun in facts.nouns if noun.role in {"target", "group", "bare"}]
    if any(noun.bucket is not None for noun in nouns):
        raise Unclear("two_groupings")
    by = tuple(dict.fromkeys(noun.dimension for noun in nouns if noun.dimension))
    by = by or _several(intent)
    target = next((noun for noun in nouns if noun.role != "group"), None)
    order = extreme_order(facts) if facts.said("most", "least") else None
    if target is None or order is None:
        if order is not None and not by:
            raise Unclear("which_extreme", word="maior")
        return replace(intent, by=by, order=order, shape=Shape.TABLE if by else Shape.NUMBER)
    single = not target.plural and facts.top is None
    return replace(
        intent, by=by, order=order, limit=facts.top or (1 if single else None),
        shape=Shape.LABEL if single else Shape.TABLE,
    )  # fmt: skip


def _several(intent: Intent) -> tuple[Dimension, ...]:
    filters = intent.filters
    sizes = {
        Dimension.REGION: len(filters.regions), Dimension.SOURCE: len(filters.sources),
        Dimension.STATE: len(filters.states), Dimension.PLANT: len(filters.plants),
    }  # fmt: skip
    return tuple(dimension for dimension, size in sizes.items() if size > 1)


def _between_things(facts: Facts, intent: Intent) -> Intent:
    several = _several(intent)
    facts.use("role:group", "role:bare", "marker:between_regions")
    grouped = tuple(
        noun.dimension for noun in facts.nouns if noun.role in {"group", "bare"} and noun.dimension
    )
    by = tuple(dict.fromkeys((*several, *grouped)))
    if facts.said("between_regions"):
        by = (Dimension.REGION,)
    if len(by) != 1 or (facts.whole_system and Dimension.REGION in by):
        raise Unclear("compare_what")
    if facts.said("most", "least"):
        raise Unclear("which_extreme", word="maior")
    if intent.percent:
        raise Unclear("percent_of_what")
    return replace(
        intent,
        by=by,
        shape=Shape.TABLE,
        asks_amount=facts.said("difference") and len(_members(intent, by[0])) == 2,
    )


def _members(intent: Intent, dimension: Dimension) -> tuple[object, ...]:
    filters = intent.filters
    return {
        Dimension.REGION: filters.regions, Dimension.SOURCE: filters.sources,
        Dimension.STATE: filters.states, Dimension.PLANT: filters.plants,
    }.get(dimension, ())  # fmt: skip
