"""Thresholds: how often, how long or which ones are above or below a value."""

from __future__ import annotations

import math
from dataclasses import replace

from ons_platform.questions.base import inner
from ons_platform.questions.facts import Facts
from ons_platform.questions.intent import (
    Aggregate,
    Bucket,
    Dimension,
    Intent,
    Operation,
    Shape,
    Unclear,
)
from ons_platform.questions.roles import Noun


def count(facts: Facts, intent: Intent) -> Intent:
    """Count intervals or days past a threshold, or list the things past it."""
    if len(facts.thresholds) != 1:
        raise Unclear("two_thresholds")
    facts.use("threshold")
    if math.isnan(facts.thresholds[0].value):
        raise Unclear("ambiguous_number")
    intent = replace(intent, threshold=facts.thresholds[0], spread=_is_spread(facts), unit=None)
    counted = next((noun for noun in facts.nouns if noun.role == "count" and noun.bucket), None)
    if counted is not None or facts.said("share"):
        return _counted(facts, intent, counted)
    listed = next(
        (
            noun
            for noun in facts.nouns
            if noun.role in {"target", "bare", "count"} and noun.dimension
        ),
        None,
    )
    if listed is None:
        raise Unclear("count_of_what")
    facts.use(
        "role:target", "role:bare", "role:count", "marker:count", "marker:generated", "marker:show"
    )
    if facts.said("mean"):
        facts.has("mean")
        raise Unclear("threshold_of_mean")
    shape = Shape.NUMBER if listed.role == "count" else Shape.TABLE
    return replace(intent, operation=Operation.MATCHING, by=(listed.dimension,), shape=shape)  # type: ignore[arg-type]


def _is_spread(facts: Facts) -> bool:
    if not facts.has("difference"):
        return False
    if len(facts.filters.regions) != 2:
        raise Unclear("spread_needs_two")
    return True


def _counted(facts: Facts, intent: Intent, noun: Noun | None) -> Intent:
    percent = facts.has("share")
    facts.use("role:count", "marker:count", "role:bare", "adjective:hour", "marker:total")
    bucket = noun.bucket if noun is not None else _bare_time(facts)
    if bucket is None:
        raise Unclear("count_of_what")
    by = tuple(n.dimension for n in facts.nouns if n.role == "group" and n.dimension)
    facts.use("role:group")
    if len(facts.filters.regions) > 1 and not intent.spread:
        by = (Dimension.REGION,)
    how = _how(facts) if bucket not in {Bucket.HOUR, Bucket.INTERVAL} else _no_aggregate(facts)
    return replace(
        intent, counted=bucket, percent=percent, aggregate=how or Aggregate.MEAN,
        bucket=None if bucket in {Bucket.HOUR, Bucket.INTERVAL} else bucket,
        alternative=Aggregate.MAX if how is None and bucket is Bucket.DAY else None,
        by=by, shape=Shape.TABLE if by else Shape.NUMBER,
    )  # fmt: skip


def _bare_time(facts: Facts) -> Bucket | None:
    return next((noun.bucket for noun in facts.nouns if noun.bucket), None)


def _no_aggregate(facts: Facts) -> Aggregate:
    """An interval has one value: nothing to average."""
    facts.use("adjective:day", "adjective:hour")
    if facts.said("mean", "maximum", "minimum") and Bucket.DAY in facts.adjectives():
        raise Unclear("count_of_what")
    facts.use("marker:mean")
    return Aggregate.MEAN


def _how(facts: Facts) -> Aggregate | None:
    """What of a day is compared: its mean, its maximum; None when the words leave it open."""
    facts.use("adjective:day", "adjective:month")
    if facts.has("maximum"):
        return Aggregate.MAX
    if facts.has("minimum"):
        return Aggregate.MIN
    found = inner(facts)
    if found is None and Bucket.DAY in facts.adjectives():
        return Aggregate.MEAN
    return found
