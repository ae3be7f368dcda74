"""Parts of longer periods: quarters, weeks of a month, seasons, holidays, the first ten days."""

from __future__ import annotations

from dataclasses import replace

from ons_platform.questions.dates import numeric as numeric
from ons_platform.questions.dates.calendar import YEARS
from ons_platform.questions.dates.chart import Chart
from ons_platform.questions.dates.nodes import Node

SIZES = (
    "hour", "day", "weekend", "week", "tenday", "fortnight", "month", "bimester", "quarter",
    "quadrimester", "half", "year", "decade",
)  # fmt: skip
_YEARLY = ("bimester", "quarter", "quadrimester", "half")
_WIDE = frozenset({*SIZES[6:], "season", "range"})
_SPAN = frozenset({*SIZES[2:], "season", "holiday"})
_DAY = frozenset({"day", "holiday"})
_LETTERS = {"q": "quarter", "t": "quarter", "tri": "quarter", "h": "half", "s": "half"}
_MOST = {"quarter": 4, "half": 2}


def ordinal_part(chart: Chart, i: int) -> Node | None:
    """ "1o trimestre de 2022", "first week of March", "ultimo dia do mes passado"."""
    ordinal = chart.ordinal(i) or chart.lex.romans.at(chart.tokens, i)
    if ordinal is None:
        return None
    t = chart.tokens
    place = ordinal[1] + 1 if t.word(ordinal[1]) == "-" else ordinal[1]
    unit = chart.lex.units.at(t, place)
    if unit is None or unit[0] in ("minute", "hour", "year", "decade"):
        return None
    return _part(chart, ordinal[0], unit[0], i, unit[1])


def _part(chart: Chart, n: int, unit: str, first: int, last: int) -> Node | None:
    container = _container(chart, unit, last)
    wants = "year" if unit in _YEARLY else "month"
    node = Node("part", first, last, unit, (n,), unit, wants=wants)
    if container is not None:
        return node.within(container)
    if unit in _YEARLY:
        tail = numeric.year_tail(chart, last)
        return node.within(tail) if tail is not None else node if n > 0 else None
    return node if n > 0 and unit in ("week", "fortnight", "tenday") else None


def _container(chart: Chart, unit: str, i: int) -> Node | None:
    """The longer period after a part; of a half also the month it halves."""
    rank = SIZES.index(unit) if unit != "half" else SIZES.index("fortnight")
    wider = frozenset({*SIZES[rank + 1 :], "season", "holiday", "years"})
    node = chart.container(i, wider) or this_unit(chart, i, wider)
    if node is not None and node.kind not in ("rolling", "few", "now"):
        return None if unit == "half" and node.unit == "half" else node
    return None


def this_unit(chart: Chart, i: int, units: frozenset[str]) -> Node | None:
    """ "do ano", "of the month": a bare unit with its article is the present one."""
    t = chart.tokens
    for place in chart.skip("links", i)[1:]:
        unit = chart.lex.units.at(t, place)
        if unit is not None and unit[0] in units and not t.word(place).endswith("s"):
            return Node("shift", place, unit[1], unit[0], (0,), unit[0])
        if unit is not None and t.word(place) == "mes":
            return Node("shift", place, unit[1], "month", (0,), "month")
    return None


def lettered(chart: Chart, i: int) -> Node | None:
    """ "Q3 2021", "3Q21", "1T2022", "H1 2023", "2021Q3", "2S20"."""
    t = chart.tokens
    if t.glued(i) and t.word(i - 1)[:1].isalnum():
        return None
    if t.digits(i) == 4:
        return _year_then_letter(chart, i)
    first, second = t.word(i), t.word(i + 1)
    letter, digit, behind = (first, i + 1, False) if first in _LETTERS else (second, i, True)
    unit = _LETTERS.get(letter)
    n = t.number(digit)
    if unit is None or n is None or t.digits(digit) != 1 or not t.glued(i + 1):
        return None
    if not 1 <= n <= _MOST[unit]:
        return None
    tail = _letter_year(chart, i + 2)
    node = Node("part", i, i + 2, unit, (n,), unit, wants="year")
    if tail is not None:
        clock = behind and letter == "h" and t.digits(tail.first) == 2
        return None if clock else node.within(tail)
    return node if letter in ("q", "h") and not behind and not t.glued(i + 2) else None


def _letter_year(chart: Chart, i: int) -> Node | None:
    t = chart.tokens
    if t.glued(i) and t.number(i) is not None:
        return numeric.short_year(t, i)
    return numeric.year_tail(chart, i)


def _year_then_letter(chart: Chart, i: int) -> Node | None:
    """ "2021Q3", "2021-Q3", "2023-W10"."""
    t = chart.tokens
    value = t.number(i) or 0
    place = i + 2 if t.word(i + 1) in ("-", " ", "/") and t.glued(i + 1) else i + 1
    letter, n = t.word(place), t.number(place + 1)
    if n is None or not t.glued(place + 1) or value not in YEARS:
        return None
    year = numeric.year_node(value, i, i + 1)
    if letter == "w":
        return Node("isoweek", i, place + 2, "week", (n,), inner=year, wants="year")
    unit = _LETTERS.get(letter)
    if unit is None or not 1 <= n <= _MOST[unit]:
        return None
    return Node("part", i, place + 2, unit, (n,), unit, inner=year, wants="year")


def numbered(chart: Chart, i: int) -> Node | None:
    """ "semana 10 de 2023", "week 10 of 2023", "trimestre 2 de 2022"."""
    t = chart.tokens
    unit = chart.lex.units.at(t, i)
    if unit is None or unit[0] not in ("week", *_YEARLY):
        return None
    n = t.number(unit[1])
    if n is None or t.digits(unit[1]) > 2 or not t.free(unit[1]):
        return None
    if unit[0] != "week":
        return _part(chart, n, unit[0], i, unit[1] + 1)
    tail = numeric.year_tail(chart, unit[1] + 1)
    node = Node("isoweek", i, unit[1] + 1, "week", (n,), wants="year")
    return node.within(tail) if tail else None


def several(chart: Chart, i: int) -> Node | None:
    """ "primeiros 10 dias de janeiro", "last 3 months of 2022", "10 primeiros dias de maio"."""
    t = chart.tokens
    ordinal = chart.ordinal(i)
    count = chart.count(ordinal[1]) if ordinal else chart.count(i)
    if ordinal is None and count is not None:
        ordinal = chart.ordinal(count[1])
        place = ordinal[1] if ordinal else 0
    else:
        place = count[1] if count else 0
    if ordinal is None or count is None or ordinal[0] not in (1, -1):
        return None
    unit = chart.lex.units.at(t, place)
    if unit is None or unit[0] in ("minute", "weekend"):
        return None
    rank = SIZES.index(unit[0])
    wider = frozenset({*SIZES[rank + 1 :], "season"})
    container = chart.container(unit[1], wider) or this_unit(chart, unit[1], wider)
    if container is None or container.kind == "rolling":
        return None
    name = unit[0]
    return Node(
        "several", i, container.last, "range", (ordinal[0] * count[0],), name, inner=container
    )


def nth_weekday(chart: Chart, i: int) -> Node | None:
    """ "primeira segunda-feira de maio de 2023", "last Friday of 2022"."""
    ordinal = chart.ordinal(i)
    named = chart.lex.weekdays.at(chart.tokens, ordinal[1]) if ordinal else None
    if ordinal is None or named is None:
        return None
    container = chart.container(named[1], _WIDE)
    if container is None or container.kind == "rolling":
        return None
    args = (named[0], ordinal[0])
    return Node("nthweekday", i, container.last, "day", args, inner=container)


def week_of(chart: Chart, i: int) -> Node | None:
    """ "semana de 15/03/2023", "the weekend of 10 June 2023"."""
    unit = chart.lex.units.at(chart.tokens, i)
    if unit is None or unit[0] not in ("week", "weekend"):
        return None
    for place in chart.skip("links", unit[1])[1:]:
        node = chart.at(place)
        if node is not None and node.unit in _DAY and not node.weak and node.kind != "weekday":
            return Node("weekof", i, node.last, unit[0], inner=node)
    return None


def season(chart: Chart, i: int) -> Node | None:
    """ "verao de 2021/22", "periodo umido de 2022/2023"; a bare name needs an article."""
    t = chart.tokens
    dst = chart.phrase("summer_time", i)
    found = chart.lex.seasons.at(t, i)
    end = dst or (found[1] if found else None)
    if end is None or (dst is None and chart.follows("summer_time", i + 1)):
        return None
    doubtful = chart.phrase("doubtful_seasons", i) == end
    marked = chart.follows("season_markers", i)
    if doubtful and not marked and t.word(i) == "fall" and t.word(end) != "of":
        return None
    kind, name = ("summertime", "summertime") if dst or found is None else ("season", found[0])
    node = Node(kind, i, end, "season", name=name, wants="year")
    tail = _season_year(chart, end, drop=t.word(i) == "fall")
    if tail is not None:
        return node.within(tail)
    if kind == "summertime" or (doubtful and not marked):
        return None
    return replace(node, weak=not marked and end - i == 1)


def _season_year(chart: Chart, i: int, *, drop: bool) -> Node | None:
    """The year or pair of years of a season; "fall in 2023" is a drop."""
    t = chart.tokens
    if drop and t.word(i) == "in":
        return None
    for place in chart.skip("links", i):
        pair = numeric.year_pair(t, place)
        if pair is not None:
            return pair
    return numeric.year_tail(chart, i)


def holiday(chart: Chart, i: int) -> Node | None:
    """ "natal de 2022", "carnaval de 2023", "semana santa"; "Natal" alone is a city."""
    found = chart.lex.holidays.at(chart.tokens, i)
    if found is None:
        return None
    name, end = found
    node = Node("holiday", i, end, "holiday", name=name, wants="year")
    tail = numeric.year_tail(chart, end)
    if tail is not None:
        return node.within(tail)
    if chart.phrase("doubtful_holidays", i) == end and not chart.follows("holiday_markers", i):
        return None
    return node


def edge(chart: Chart, i: int) -> Node | None:
    """ "inicio de 2023", "meados de maio", "late 2022", "mid-2023"."""
    found = chart.lex.edges.at(chart.tokens, i)
    if found is None:
        return None
    dashed = chart.tokens.word(found[1]) == "-"
    place = found[1] + 1 if dashed else found[1]
    node = chart.container(place, _SPAN) or this_unit(chart, place, _SPAN)
    if node is None or node.kind in ("rolling", "few", "edge"):
        return None
    return Node("edge", i, node.last, node.unit, name=found[0], inner=node)


def same(chart: Chart, i: int) -> Node | None:
    """ "mesmo periodo do ano passado": vague, for what it repeats is said elsewhere."""
    end = chart.phrase("same", i)
    year = numeric.year_tail(chart, end) if end else None
    if year is None:
        return None
    return Node("edge", i, year.last, "year", name="middle", inner=year)


def bare_ordinal(chart: Chart, i: int) -> Node | None:
    """A weak ordinal that its companion's unit explains: "primeiro e segundo trimestres"."""
    ordinal = chart.ordinal(i)
    if ordinal is None:
        return None
    return Node("ordinal", i, ordinal[1], "ordinal", (ordinal[0],), weak=True)
