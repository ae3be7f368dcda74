"""What "carga horária", "half-hourly CMO" ask for: the values of each step, while they are few."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from ons_platform.questions.facts import Facts
from ons_platform.questions.intent import Bucket
from ons_platform.questions.periods import PeriodMatch

FEW_DAYS = 7
"""The longest period, in days, of which each hour's value is given without being asked twice."""
_HALF = re.compile(r"\b(?:semi|half)")
_HOURLY = re.compile(r"horari[ao]|hourly")
_CURVE = re.compile(r"\bcurv")


def hourly(facts: Facts) -> Bucket | None:
    """The step said by an adjective or in a dataset's name ("carga horária"); None without one.

    A curve ("curva de carga horária") is a series of its own and not meant here.
    """
    sentence = facts.reading.sentence
    said = [m.text for m in sentence.all("adjective") if m.value == "hour"]
    said += [m.text for m in sentence.all("dataset") if _HOURLY.search(m.text)]
    said += [
        n.mention.text for n in facts.nouns if n.role == "bare" and n.mention.text == "horario"
    ]
    said = [text for text in said if not _CURVE.search(text)]
    if not said:
        return None
    facts.use("dimension:hour")
    return Bucket.INTERVAL if any(_HALF.search(text) for text in said) else Bucket.HOUR


def few_days(periods: Iterable[PeriodMatch]) -> bool:
    """True for periods with both ends that are together more than an hour and at most FEW_DAYS."""
    return timedelta(hours=1) < _length(periods) <= timedelta(days=FEW_DAYS, hours=1)


def many_days(periods: Iterable[PeriodMatch]) -> bool:
    """True for periods that are together longer than FEW_DAYS."""
    return _length(periods) > timedelta(days=FEW_DAYS, hours=1)


def _length(periods: Iterable[PeriodMatch]) -> timedelta:
    """Of all periods together; an open one is as long as can be, none is nothing."""
    total = timedelta()
    for item in periods:
        if item.start is None or item.end is None:
            return timedelta.max
        total += item.end - item.start
    return total
