"""Months, days and weekdays by name: "janeiro de 2023", "March 3rd, 2023", "na segunda"."""

from __future__ import annotations

from dataclasses import replace

from ons_platform.catalog.model import Text
from ons_platform.questions.dates import numeric as numeric
from ons_platform.questions.dates.chart import Chart
from ons_platform.questions.dates.nodes import Node

_MONTH = frozenset({"month"})
_WEEK = frozenset({"week"})


def month(chart: Chart, i: int) -> Node | None:
    """A month by name, with its year if said; "mar", "set", "may", ... alone are weak."""
    named = _month_name(chart, i)
    if named is None:
        return None
    value, end = named
    if not _letters_end(chart, i, end):
        return None
    tail = numeric.year_tail(chart, end)
    if tail is not None:
        return numeric.month_node(value, tail, i, tail.last)
    node = numeric.month_node(value, None, i, end)
    doubtful = chart.phrase("doubtful_months", i) == end
    return replace(node, weak=doubtful and not chart.marked_month(i))


def _month_name(chart: Chart, i: int) -> tuple[int, int] | None:
    """A month's number and end, behind "mes de" or in "mes 3"."""
    t = chart.tokens
    unit = chart.lex.units.at(t, i)
    if unit is None or unit[0] != "month":
        return chart.lex.months.at(t, i)
    for place in chart.skip("links", unit[1], 1):
        named = chart.lex.months.at(t, place)
        if named is not None and (place > unit[1] or not chart.phrase("doubtful_months", place)):
            return named
    value = t.number(unit[1])
    plain = value is not None and 1 <= value <= 12 and t.free(unit[1])
    return (value or 0, unit[1] + 1) if plain and t.word(unit[1] + 1) != "/" else None


def _letters_end(chart: Chart, i: int, end: int) -> bool:
    """Whether the name is a word of its own ("jan2023" and "15mar" are allowed)."""
    t = chart.tokens
    return t.word(i - 1) != "_" and t.word(end) != "_"


def day_of_month(chart: Chart, i: int) -> Node | None:
    """ "15 de marco de 2023", "1st of May", "15/mar/2023", "the 15th"."""
    start = i
    said = chart.tokens.word(i) in ("dia", "dias", "day", "the")
    place = i + 1 if said else i
    if said and chart.tokens.word(i) == "the" and chart.ordinal(place) is None:
        return None
    number = _day_number(chart, place)
    if number is None:
        return None
    day, end, ordinal = number
    tail = _month_after(chart, end)
    if tail is not None:
        return _in_month(day, tail, start)
    return _day_alone(chart, i, day, end, sure=said, ordinal=ordinal)


def _day_alone(
    chart: Chart, i: int, day: int, end: int, *, sure: bool, ordinal: bool
) -> Node | None:
    """ "dia 15", "the 15th of last month"."""
    if chart.tokens.word(i) == "the" and not ordinal:
        return None
    node = Node("day", i, end, "day", (day,), wants="month")
    container = chart.container(end, _MONTH) if sure or ordinal else None
    if container is not None and (sure or chart.phrase("day_links", end)):
        return node.within(container)
    return _checked(node) if sure and _alone(chart, end) else None


def _in_month(day: int, tail: Node, start: int) -> Node | None:
    return _checked(
        Node("day", start, tail.last, "day", (day,), inner=replace(tail, weak=False), wants="month")
    )


def _checked(node: Node) -> Node | None:
    """No day 0 or 47; "30 de fevereiro" is left to the calendar."""
    if 1 <= node.args[0] <= 31:
        return node
    if node.inner is None:
        return None
    said = node.args[0]
    text = Text(pt=f"o dia {said} não existe", en=f"there is no day {said}")
    return replace(node, error=text)


def _day_number(chart: Chart, i: int) -> tuple[int, int, bool] | None:
    """A day's number, its end, and whether it was said as an ordinal."""
    t = chart.tokens
    ordinal = chart.ordinal(i)
    if ordinal is not None and ordinal[0] > 0 and (t.number(i) is None or not _blocked(chart, i)):
        return (*ordinal, True)
    value = t.number(i)
    if value is None:
        word = chart.lex.numbers.at(t, i)
        article = t.word(i) in ("a", "an", "um", "uma")
        return (*word, False) if word and word[0] <= 31 and not article else None
    if t.digits(i) > 2 or _blocked(chart, i) or chart.follows("threshold_words", i):
        return None
    return value, i + 1, False


def _blocked(chart: Chart, i: int) -> bool:
    t = chart.tokens
    glued = t.glued(i) and (t.word(i - 1)[:1].isalnum() or t.word(i - 1) in "_:$/.#")
    return glued or t.word(i - 1) == "$" or t.word(i + 1) == ":"


def _month_after(chart: Chart, i: int) -> Node | None:
    """The month a day number is followed by, links and marks skipped."""
    t = chart.tokens
    marked = t.glued(i) and t.word(i) in ("/", "-", ".") and t.glued(i + 1)
    places = [i + 1] if marked else chart.skip("day_links", i, 2)
    for place in places:
        named = chart.lex.months.at(t, place)
        unit = chart.lex.units.at(t, place)
        if named is not None or (unit is not None and unit[0] == "month"):
            node = chart.at(place)
            if node is not None and node.unit == "month" and node.kind == "month":
                return None if _noun(chart, place) else node
    return None


def _noun(chart: Chart, i: int) -> bool:
    """ "2 days ago" is no August: doubtful names after a unit are other words."""
    return chart.lex.units.at(chart.tokens, i - 1) is not None


def _alone(chart: Chart, end: int) -> bool:
    """Whether a "dia 15" ends there: no unit, mark and digit, or ":" follows."""
    t = chart.tokens
    unit = chart.lex.units.at(t, end)
    return unit is None and not (t.glued(end) and t.word(end) in ("/", ":", "_", "%"))


def month_then_day(chart: Chart, i: int) -> Node | None:
    """ "March 3", "March the 3rd, 2023", "May first"."""
    t = chart.tokens
    named = chart.lex.months.at(t, i)
    if named is None or chart.phrase("english_months", i) != named[1]:
        return None
    end = named[1] + 1 if t.word(named[1]) == "." and t.number(named[1] + 1) else named[1]
    place = end + 1 if t.word(end) == "the" else end
    if t.glued(place) and t.word(place - 1)[:1].isalnum():
        return None
    number = _day_number(chart, place)
    if number is None or not 1 <= number[0] <= 31 or chart.counts_things(number[1]):
        return None
    if t.number(place) is None and not number[2]:
        return None
    if _goes_as_clock(chart, number[1]):
        return None
    tail = numeric.year_tail(chart, number[1])
    if tail is not None and t.digits(tail.first) == 2:
        tail = None
    inner = numeric.month_node(named[0], tail, i, named[1])
    last = tail.last if tail else number[1]
    return Node("day", i, last, "day", (number[0],), inner=inner, wants="month")


def _goes_as_clock(chart: Chart, i: int) -> bool:
    """ "March 6 pm": the number is an hour."""
    return chart.lex.meridiem.at(chart.tokens, i) is not None


def year_then_day(chart: Chart, i: int) -> Node | None:
    """ "2023 March 15"."""
    t = chart.tokens
    value = t.number(i)
    if t.digits(i) != 4 or value is None or not 1900 <= value <= 2100:
        return None
    node = chart.at(i + 2 if t.word(i + 1) == "," else i + 1)
    if node is None or node.kind != "day" or node.inner is None or node.inner.inner is not None:
        return None
    if node.inner.kind != "month" or t.number(node.first) is not None:
        return None
    year = numeric.year_node(value, i, i + 1)
    return replace(node, first=i, inner=replace(node.inner, inner=year))


def bare_number(chart: Chart, i: int) -> Node | None:
    """A weak day, week, quarter, ... that a companion must explain: "3" in "3 e 5 de marco"."""
    number = _day_number(chart, i)
    if number is None or not 1 <= number[0] <= 31 or chart.counts_things(number[1]):
        return None
    return Node("day", i, number[1], "day", (number[0],), wants="month", weak=True)


def weekday(chart: Chart, i: int) -> Node | None:
    """ "segunda-feira passada", "last Monday", "na sexta", "Monday of last week"."""
    t = chart.tokens
    mode, place = _weekday_mode(chart, i)
    named = chart.lex.weekdays.at(t, place)
    if named is None:
        return None
    value, end = named
    sure = mode is not None or chart.phrase("doubtful_weekdays", place) != end
    after = chart.lex.deictic_after.at(t, end)
    if after is not None and mode is None and chart.lex.units.at(t, after[1]) is None:
        return Node("weekday", i, after[1], "day", (value, _mode(after[0])))
    week = chart.container(end, _WEEK)
    if week is not None and week.kind in ("shift", "weekof"):
        return Node("weekday", i, week.last, "day", (value, 0), inner=week)
    marked = chart.phrase("weekday_markers", place - 1) == place and _noun_free(chart, end)
    weak = not (sure or marked)
    return Node("weekday", i, end, "day", (value, 0 if mode is None else mode), weak=weak)


def _weekday_mode(chart: Chart, i: int) -> tuple[int | None, int]:
    before = chart.lex.deictic_before.at(chart.tokens, i)
    return (_mode(before[0]), before[1]) if before else (None, i)


def _mode(shift: int) -> int:
    return 9 if shift == 0 else shift


def _noun_free(chart: Chart, end: int) -> bool:
    """Whether an ordinal-like weekday ("na segunda") has no noun after it to count."""
    word = chart.tokens.word(end)
    return (
        not word or not word.isalpha() or word in ("as", "a", "de", "entre", "na", "e", "foi", "at")
    )
