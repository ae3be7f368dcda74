"""Hours of the day said without a date: filters such as "na madrugada" or "entre 18h e 21h"."""

from __future__ import annotations

from ons_platform.questions.dates import clock as clock
from ons_platform.questions.dates.chart import Chart
from ons_platform.questions.dates.clock import Reading, Stretch

Found = tuple[frozenset[int], int]


def hours_at(chart: Chart, i: int) -> Found | None:
    """The hours said from token `i` on, and where that ends."""
    named = chart.lex.hour_sets.at(chart.tokens, i)
    if named is not None:
        return named
    found = _stretch(chart, i) or _side(chart, i) or _instant(chart, i) or _part(chart, i)
    return found if found and found[0] else None


def _stretch(chart: Chart, i: int) -> Found | None:
    found = clock.stretch(chart, i)
    if found is None:
        return None
    said, last = found
    named = said.start.sure or chart.phrase("between", i) or chart.phrase("from", i)
    hours = hours_of(said)
    return (hours, last) if hours and named else None


def hours_of(said: Stretch) -> frozenset[int]:
    """The hours of a stretch of the day, past midnight if it ends before it starts."""
    start, end = said.start.hour, said.end.hour + (said.closed or said.end.minute > 0)
    if start > 23 or said.end.hour > 24:
        return frozenset()
    end = min(end, 24) if end > start else end + 24
    return frozenset(hour % 24 for hour in range(start, min(end, start + 24)))


def _side(chart: Chart, i: int) -> Found | None:
    """ "depois das 18h", "before 6am", "a partir das 18h", "ate as 6h"."""
    for name in ("before", "after", "until", "since"):
        end = chart.phrase(name, i)
        if end is None or chart.tokens.word(i) == "from":
            continue
        for place in chart.skip("articles", end, 2):
            said = clock.reading(chart, place)
            if said is not None and said.sure and said.hour <= 23:
                return _beside(name, said), said.last
    return None


def _beside(name: str, said: Reading) -> frozenset[int]:
    if name in ("before", "until"):
        return frozenset(range(said.hour + (said.minute > 0 or name == "until")))
    return frozenset(range(said.hour, 24))


def _instant(chart: Chart, i: int) -> Found | None:
    """ "as 7h", "a das 9h", "a hora das 7h", "at 6 pm", "14:30", "hora 18"."""
    start = chart.after("clock_openers", i)
    said = clock.reading(chart, start)
    if said is None or said.hour > 23:
        return None
    t = chart.tokens
    hour_said = t.word(start - 1) in ("hora", "hour") and start > i
    if not said.sure and not hour_said:
        return None
    numeric = t.word(start + 1) == ":" or said.half
    if start == i and not numeric and not chart.phrase("noon", i):
        return None
    if _lasting(chart, said, start):
        return None
    return frozenset({said.hour}), said.last


def _lasting(chart: Chart, said: Reading, start: int) -> bool:
    """Whether the words before make it a duration: "a 24 horas", "de 3 horas"."""
    t = chart.tokens
    opener = t.word(start - 1)
    spelled = t.word(said.last - 1) in ("hours", "hour", "hora", "hrs", "hr")
    return opener in ("a", "ao", "from", "by") and spelled


def _part(chart: Chart, i: int) -> Found | None:
    """ "na madrugada", "madrugada (0h as 5h)", "in the evening"."""
    t = chart.tokens
    for place in chart.skip("daypart_markers", i):
        found = chart.lex.dayparts.at(t, place)
        if found is None:
            continue
        doubtful = chart.phrase("doubtful_dayparts", place) is not None
        stopped = chart.phrase("daypart_stops", place - 1) or chart.phrase("daypart_stops", place)
        if stopped or (doubtful and place == i and not chart.follows("daypart_markers", i)):
            return None
        (start, end), last = found
        own = clock.bracketed(chart, last)
        if own is not None:
            return hours_of(own[0]), own[1]
        return frozenset(range(start, end)), last
    return None
