"""Dates in digits, years and months: "15/03/2023", "2023-03", "2022", "jan/23", "2021/22"."""

from __future__ import annotations

from ons_platform.catalog.model import Text
from ons_platform.questions.dates.calendar import YEARS, CivilError, instant
from ons_platform.questions.dates.chart import Chart
from ons_platform.questions.dates.nodes import YEAR_UNITS, Node
from ons_platform.questions.dates.tokens import Tokens

_MARKS = ("/", "-", ".", "–")


def full_date(chart: Chart, i: int) -> Node | None:
    """Day, month and year in digits; day before month unless that is impossible."""
    t = chart.tokens
    if t.digits(i) == 8:
        return _compact(t, i)
    if not _opens(t, i) or not (_joined(t, i + 1) and _joined(t, i + 3)):
        return None
    if t.word(i + 1) != t.word(i + 3) or _goes_on(t, i + 5, slashes=("/", t.word(i + 1))):
        return None
    sizes = (t.digits(i), t.digits(i + 2), t.digits(i + 4))
    first, month, last = (t.number(i) or 0, t.number(i + 2) or 0, t.number(i + 4) or 0)
    if sizes[0] == 4 and sizes[1] <= 2 and sizes[2] <= 2:
        return day_node(first, month, last, i, i + 5)
    if sizes[0] <= 2 and sizes[1] <= 2 and sizes[2] in (2, 4):
        year = last if sizes[2] == 4 else _century(last)
        if month > 12 >= first and month <= 31:
            first, month = month, first
        return day_node(year, month, first, i, i + 5)
    return None


def said_day(chart: Chart, i: int) -> Node | None:
    """ "dia 15/03/2023"."""
    node = chart.at(i + 1) if chart.tokens.word(i) in ("dia", "dias") else None
    digits = node is not None and node.unit == "day" and chart.tokens.number(i + 1) is not None
    return node.over(i, node.last) if node is not None and digits and not node.weak else None


def day_node(year: int, month: int, day: int, first: int, last: int) -> Node:
    """A day of the calendar, or the error that says it does not exist."""
    try:
        instant(year, month, day)
    except CivilError as error:
        return wrong(error.text, first, last)
    return Node("date", first, last, "day", (year, month, day))


def wrong(text: Text, first: int, last: int) -> Node:
    """An expression that names no date."""
    return Node("date", first, last, "day", error=text)


def _compact(t: Tokens, i: int) -> Node | None:
    """ "20230315"; other eight-digit numbers are codes."""
    value = t.number(i) or 0
    node = day_node(value // 10000, value // 100 % 100, value % 100, i, i + 1)
    return node if t.free(i) and node.error is None else None


def month_number(chart: Chart, i: int) -> Node | None:
    """ "03/2023", "2023-03", "2021/22" and "15/03"."""
    t = chart.tokens
    marks = ("/", ".") if t.word(i + 1) == "/" and t.digits(i + 2) == 4 else _MARKS
    if not _opens(t, i) or not _joined(t, i + 1) or _goes_on(t, i + 3, slashes=marks):
        return None
    left, right = t.number(i) or 0, t.number(i + 2) or 0
    sizes = (t.digits(i), t.digits(i + 2))
    if sizes[0] == 4 and left in YEARS:
        return _year_first(t, i, left, right)
    if (
        sizes[0] <= 2
        and sizes[1] == 4
        and right in YEARS
        and not chart.follows("threshold_words", i)
    ):
        return month_node(left, year_node(right, i + 2, i + 3), i, i + 3)
    if t.word(i + 1) == "/" and sizes[0] <= 2 and sizes[1] <= 2:
        return _day_and_month(chart, i, left, right)
    return None


def _year_first(t: Tokens, i: int, left: int, right: int) -> Node | None:
    size, mark = t.digits(i + 2), t.word(i + 1)
    if size == 4 and right == left + 1 and mark == "/":
        return year_pair(t, i)
    if size != 2:
        return None
    if mark == "/" and right == (left + 1) % 100:
        return year_pair(t, i)
    if right > left % 100 and right > 12:
        return Node("year", i, i + 3, "years", (left, left - left % 100 + right))
    return month_node(right, year_node(left, i, i + 1), i, i + 3)


def year_pair(t: Tokens, i: int) -> Node | None:
    """Two years that follow each other: "2021/22", "2021-2022"."""
    left, right, size = t.number(i) or 0, t.number(i + 2), t.digits(i + 2)
    if t.digits(i) != 4 or left not in YEARS or not _joined(t, i + 1) or right is None:
        return None
    if (size == 2 and right == (left + 1) % 100) or (size == 4 and right == left + 1):
        return Node("year", i, i + 3, "years", (left, left + 1))
    return None


def _day_and_month(chart: Chart, i: int, day: int, month: int) -> Node | None:
    """ "15/03": both in two digits or a word before that announces a day."""
    t = chart.tokens
    padded = t.digits(i) == 2 and t.digits(i + 2) == 2
    said = t.word(i - 1) in ("dia", "on", "desde", "ate", "since", "until", "entre")
    if not (padded or said) or chart.counts_things(i + 3) or chart.follows("threshold_words", i):
        return None
    if month > 12 >= day and month <= 31:
        day, month = month, day
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    inner = month_node(month, None, i + 2, i + 3)
    return Node("day", i, i + 3, "day", (day,), inner=inner, wants="month")


def month_node(month: int, year: Node | None, first: int, last: int) -> Node:
    """A month of a year, which may be lacking."""
    if 1 <= month <= 12:
        return Node("month", first, last, "month", (month,), inner=year, wants="year")
    text = Text(pt=f"o mês {month} não existe", en=f"there is no month {month}")
    return wrong(text, first, last)


def year_node(year: int, first: int, last: int) -> Node:
    """A year."""
    return Node("year", first, last, "year", (year,))


def year(chart: Chart, i: int) -> Node | None:
    """A year in four digits that no unit, threshold or code claims."""
    t = chart.tokens
    value = t.number(i)
    if t.digits(i) != 4 or value not in YEARS or not t.free(i) or not _opens(t, i):
        return None
    if _goes_on(t, i + 1) and not _year_at(t, i + 2):
        return None
    if chart.counts_things(i + 1) or chart.follows("threshold_words", i):
        return None
    return year_node(value or 0, i, i + 1)


def year_with_prefix(chart: Chart, i: int) -> Node | None:
    """ "ano de 2022", "the year 2022", "anos 2021"."""
    t = chart.tokens
    unit = chart.lex.units.at(t, i)
    if unit is None or unit[0] != "year":
        return None
    for place in chart.skip("links", unit[1], 1):
        node = chart.at(place)
        if node is not None and node.kind == "year" and t.number(place) is not None:
            return node.over(i, node.last)
    return None


def decade(chart: Chart, i: int) -> Node | None:
    """ "anos 90", "anos 2000", "decada de 2010", "the 2010s", "'90s"."""
    t = chart.tokens
    unit = chart.lex.units.at(t, i)
    if unit is not None and (unit[0] == "decade" or t.words[i : unit[1]] == ("anos",)):
        for place in chart.skip("links", unit[1], 1):
            first = _decade_start(t, place)
            plain = not (_goes_on(t, place + 1) or _another(t, place + 1))
            if first is not None and plain:
                return _decade(first, i, place + 1)
        return None
    first = _decade_start(t, i)
    if (
        first is not None
        and t.glued(i + 1)
        and t.word(i + 1) == "s"
        and t.free(i + 1, before=False)
    ):
        return _decade(first, i, i + 2)
    return None


def _another(t: Tokens, i: int) -> bool:
    """Whether years follow: "anos 2010 e 2011" are two, no decade."""
    return t.word(i) in ("e", "a", ",", "ate", "-", "and", "to", "ou") and _year_at(t, i + 1)


def _decade(first: int, start: int, last: int) -> Node:
    return Node("year", start, last, "decade", (first, first + 9))


def _decade_start(t: Tokens, i: int) -> int | None:
    value = t.number(i)
    if value is None or value % 10 or (t.glued(i) and t.word(i - 1).isalnum()):
        return None
    if t.digits(i) == 4:
        return value if value in YEARS else None
    return _century(value) if t.digits(i) == 2 else None


def year_tail(chart: Chart, i: int) -> Node | None:
    """The year after a month, season or quarter: "de 2023", "/23", ", 2023", "do ano passado"."""
    t = chart.tokens
    if t.glued(i) and t.word(i) in ("/", "-", "."):
        if t.glued(i + 1):
            return short_year(t, i + 1)
        return _linked_year(chart, i) if t.word(i) == "." else None
    if t.word(i) in ("'", "’", "´", "`"):
        return short_year(t, i + 1, two=True)
    if t.glued(i) and _year_at(t, i):
        return short_year(t, i)
    return _linked_year(chart, i)


def _linked_year(chart: Chart, i: int) -> Node | None:
    t = chart.tokens
    start = i
    if t.word(i) == "." and _year_word(chart, i + 1):
        start = i + 1
    if t.word(i) == ",":
        node = chart.at(i + 1)
        return node if node is not None and node.kind == "year" and node.unit == "year" else None
    node = chart.container(start, YEAR_UNITS)
    if node is not None and node.kind in ("year", "shift"):
        return node
    if t.word(start) in ("de", "do") and t.digits(start + 1) == 2 and t.free(start + 1):
        quantity = chart.counts_things(start + 2) or t.word(start + 2) in ("de", "h", ":", "/")
        return None if quantity else short_year(t, start + 1, two=True)
    return None


def _year_word(chart: Chart, i: int) -> bool:
    return any(_year_at(chart.tokens, place) for place in chart.skip("links", i, 1))


def short_year(t: Tokens, i: int, *, two: bool = False) -> Node | None:
    """A year at `i` in four or two digits (`two`: two only)."""
    value, size = t.number(i), t.digits(i)
    if value is None or _goes_on(t, i + 1, slashes=("/", ".")):
        return None
    if size == 4 and value in YEARS and not two:
        return year_node(value, i, i + 1)
    return year_node(_century(value), i, i + 1) if size == 2 else None


def _century(value: int) -> int:
    return value + (2000 if value < 50 else 1900)


def _year_at(t: Tokens, i: int) -> bool:
    return t.digits(i) == 4 and (t.number(i) or 0) in YEARS


def _joined(t: Tokens, mark: int) -> bool:
    """Whether a mark stands at `mark` between two numbers, without blanks."""
    between = t.glued(mark) and t.glued(mark + 1) and t.word(mark) in _MARKS
    return between and t.number(mark - 1) is not None and t.number(mark + 1) is not None


def _goes_on(t: Tokens, i: int, slashes: tuple[str, ...] = _MARKS) -> bool:
    """Whether a mark and a digit follow without blanks: a longer number starts before `i`."""
    digit = t.word(i + 1)[:1].isdigit()
    return t.word(i) in slashes and t.glued(i) and t.glued(i + 1) and digit


def _opens(t: Tokens, i: int) -> bool:
    """Whether the number at `i` is not the rest of a longer one such as "482/2012"."""
    if t.number(i) is None or (t.glued(i) and t.word(i - 1).isalnum()):
        return False
    if not (t.glued(i) and t.glued(i - 1) and t.word(i - 1) in _MARKS):
        return True
    before = t.word(i - 2)
    if not before[:1].isdigit():
        return t.word(i - 1) != "."
    dash = t.word(i - 1) in ("-", "–")
    return dash and (len(before) == len(t.word(i)) or t.word(i + 1) == "/")
