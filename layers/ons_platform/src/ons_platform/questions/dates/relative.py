"""Expressions that start from now: "ontem", "semana passada", "ultimos 7 dias", "2 days ago"."""

from __future__ import annotations

from dataclasses import replace

from ons_platform.questions.dates.chart import Chart
from ons_platform.questions.dates.nodes import Node

_YEARLY = ("month", "season", "holiday", "part")


def named_day(chart: Chart, i: int) -> Node | None:
    """ "hoje", "ontem", "the day before yesterday"."""
    found = chart.lex.day_words.at(chart.tokens, i)
    if found is None or chart.phrase("today_stops", i):
        return None
    return Node("shift", i, found[1], "day", (found[0],), "day")


def deictic(chart: Chart, i: int) -> Node | None:
    """ "este mes", "last week", "semana passada", "ano retrasado", "the year before last"."""
    t = chart.tokens
    before = chart.lex.deictic_before.at(t, i)
    start = before[1] if before else i
    unit = chart.lex.units.at(t, start)
    if unit is None or unit[0] == "minute":
        return None
    after = chart.lex.deictic_after.at(t, unit[1])
    if before is not None and not (after and after[0] == -2 and before[0] == -1):
        if before[0] == -1 and unit[0] == "hour":
            return Node("rolling", i, unit[1], "hour", (-1,), "hour")
        return Node("shift", i, unit[1], unit[0], (before[0],), unit[0])
    if after is None or t.words[unit[1] : after[1]] == ("last",) or unit[0] == "hour":
        return None
    return Node("shift", i, after[1], unit[0], (after[0],), unit[0])


def yearly(chart: Chart, i: int) -> Node | None:
    """A yearly thing without year: "marco passado", "last summer", "this Christmas", "next Q1"."""
    t = chart.tokens
    before = chart.lex.deictic_before.at(t, i)
    if before is not None and before[0] in (-1, 0, 1):
        node = chart.at(before[1])
        return _recent(node, before[0], i, node.last) if node else None
    named = chart.lex.months.at(t, i) or chart.lex.seasons.at(t, i) or chart.lex.holidays.at(t, i)
    after = chart.lex.deictic_after.at(t, named[1]) if named else None
    if named is None or after is None or after[0] not in (-1, 0, 1):
        return None
    node = _plain(chart, i, named[1])
    return _recent(node, after[0], i, after[1]) if node else None


def _plain(chart: Chart, i: int, end: int) -> Node | None:
    for table, kind in ((chart.lex.seasons, "season"), (chart.lex.holidays, "holiday")):
        found = table.at(chart.tokens, i)
        if found is not None and found[1] == end:
            return Node(kind, i, end, kind, name=found[0], wants="year")
    month = chart.lex.months.at(chart.tokens, i)
    return Node("month", i, end, "month", (month[0],), wants="year") if month else None


def _recent(node: Node, shift: int, first: int, last: int) -> Node | None:
    if node.kind not in _YEARLY or node.inner is not None or node.wants != "year":
        return None
    return Node("recent", first, last, node.unit, (shift,), inner=replace(node, weak=False))


def rolling(chart: Chart, i: int) -> Node | None:
    """ "ultimos 7 dias", "past 3 months", "12 meses anteriores", "proximos 7 dias"."""
    t = chart.tokens
    sign, place = _direction(chart, i)
    if sign is None:
        return _counted_after(chart, i)
    count = chart.count(place)
    unit = chart.lex.units.at(t, count[1] if count else place)
    if count is not None and unit is not None:
        plain = chart.lex.deictic_after.at(t, unit[1]) or (0, unit[1])
        last = plain[1] if plain[0] == -1 else unit[1]
        return _window(sign * count[0], unit[0], i, last)
    few = chart.phrase("rolling.few", place)
    unit = chart.lex.units.at(t, few or place)
    if unit is not None and sign < 0 and (few or _plural(t.word(unit[1] - 1), t.word(i))):
        return Node("few", i, unit[1], unit[0], name=unit[0])
    one = chart.phrase("rolling.past_one", i)
    unit = chart.lex.units.at(t, one) if one else None
    return _window(-1, unit[0], i, unit[1]) if unit else None


def _direction(chart: Chart, i: int) -> tuple[int | None, int]:
    for key, sign in (("rolling.past", -1), ("rolling.past_one", -1), ("rolling.future", 1)):
        end = chart.phrase(key, i)
        if end is not None:
            return sign, end
    return None, i


def _plural(unit: str, opener: str) -> bool:
    return unit.endswith("s") and (opener.endswith("s") or opener in ("last", "past", "recent"))


def _counted_after(chart: Chart, i: int) -> Node | None:
    """ "7 ultimos dias", "12 meses anteriores"."""
    t = chart.tokens
    count = chart.count(i)
    if count is None:
        return None
    sign, place = _direction(chart, count[1])
    unit = chart.lex.units.at(t, place)
    if unit is None:
        return None
    if sign is not None:
        return _window(sign * count[0], unit[0], i, unit[1])
    end = chart.phrase("rolling.past_after", unit[1])
    return _window(-count[0], unit[0], i, end) if end else None


def _window(count: int, unit: str, first: int, last: int) -> Node | None:
    """A window of so many units that ends (or begins) now."""
    if unit == "weekend":
        return None
    return Node("rolling", first, last, unit, (count,), unit) if count else None


def ago(chart: Chart, i: int) -> Node | None:
    """ "ha 2 dias", "tres semanas atras", "2 days ago", "a year ago": that day, week, year."""
    future = chart.phrase("ago.future_before", i)
    before = future or chart.phrase("ago.before", i)
    said = _amount(chart, before or i)
    if said is None or chart.tokens.word(i - 1) == "half":
        return None
    count, unit, end = said
    after = chart.phrase("ago.after", end)
    later = chart.phrase("ago.future_after", end)
    if not (before or after or later):
        return None
    sign = 1 if future or later else -1
    return Node("shift", i, after or later or end, unit, (sign * count,), unit)


def _amount(chart: Chart, i: int) -> tuple[int, str, int] | None:
    """So many units and where they end; half years are counted in months."""
    half = chart.phrase("half_year", i)
    if half is not None:
        return 6, "month", half
    count = chart.count(i)
    unit = chart.lex.units.at(chart.tokens, count[1]) if count else None
    if count is None or unit is None:
        return None
    more = chart.phrase("and_a_half", unit[1])
    if more is None:
        return count[0], unit[0], unit[1]
    return (count[0] * 12 + 6, "month", more) if unit[0] == "year" else None


def to_date(chart: Chart, i: int) -> Node | None:
    """ "year to date", "este ano ate agora", "so far this year"."""
    t = chart.tokens
    said = chart.lex.to_date_units.at(t, i)
    if said is not None:
        return Node("todate", i, chart.after("to_date", said[1]), "range", name=said[0])
    lead = chart.phrase("to_date", i)
    if lead is not None:
        place = next((p for p in chart.skip("links", lead, 1) if _this(chart, p)), lead)
        node = _this(chart, place)
        return Node("todate", i, node.last, "range", name=node.name) if node else None
    node = deictic(chart, i)
    if node is None or node.kind != "shift" or node.args != (0,):
        return None
    end = chart.phrase("to_date", node.last)
    return Node("todate", i, end, "range", name=node.name) if end else None


def _this(chart: Chart, i: int) -> Node | None:
    node = chart.at(i)
    return node if node is not None and node.kind == "shift" and node.args == (0,) else None


def now_word(chart: Chart, i: int) -> Node | None:
    """ "agora", "to date": only as the end of a range."""
    end = chart.phrase("now_words", i)
    return Node("now", i, end, "minute", weak=True) if end else None
