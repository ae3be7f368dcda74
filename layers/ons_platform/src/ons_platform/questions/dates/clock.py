"""Times and parts of the day, alone and with their day: "18h30", "6 pm", "madrugada de ontem"."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ons_platform.questions.dates.chart import Chart
from ons_platform.questions.dates.nodes import Node

DAY_UNITS = frozenset({"day", "holiday"})


@dataclass(frozen=True)
class Reading:
    """A time of day said before token `last`; `sure` when a mark tells it from a bare number."""

    hour: int
    minute: int
    last: int
    sure: bool
    half: str = ""


@dataclass(frozen=True)
class Stretch:
    """Two times of day; `closed` when the last hour is part of it ("0h as 5h")."""

    start: Reading
    end: Reading
    closed: bool


def reading(chart: Chart, i: int) -> Reading | None:
    """The time of day that starts at token `i`."""
    noon, midnight = chart.phrase("noon", i), chart.phrase("midnight", i)
    if noon or midnight:
        return Reading(12 if noon else 0, 0, noon or midnight or i, True)
    t = chart.tokens
    value = t.number(i)
    if value is None:
        word = chart.lex.numbers.at(t, i)
        if word is None or word[0] > 24 or t.word(i) in ("a", "an"):
            return None
        return _halved(chart, _worded(chart, word[0], word[1]))
    glued = t.glued(i) and (t.word(i - 1)[:1].isalnum() or t.word(i - 1) in ("_", "$", "/"))
    if t.digits(i) > 2 or (glued and t.word(i - 1) != "t") or value > 99:
        return None
    return _halved(chart, _marked(chart, i, value))


def _marked(chart: Chart, i: int, hour: int) -> Reading:
    """ "14:30", "14h30", "14h", "14"; seconds are dropped."""
    t = chart.tokens
    mark, minute = t.word(i + 1), t.number(i + 2)
    if mark in (":", "h") and t.glued(i + 1) and t.glued(i + 2) and t.digits(i + 2) == 2:
        last = i + 3
        if t.word(last) == ":" and t.glued(last) and t.number(last + 1) is not None:
            last += 2
        last += 1 if t.word(last) in ("min", "h", "m") and t.glued(last) else 0
        return Reading(hour, minute or 0, last, True)
    return _worded(chart, hour, i + 1)


def _worded(chart: Chart, hour: int, end: int) -> Reading:
    """An hour with the word that may follow it, and minutes after that."""
    last = chart.phrase("hour_words", end)
    t = chart.tokens
    if last is None:
        half_past = t.words[end : end + 2] == ("e", "meia")
        if half_past and chart.lex.meridiem.at(t, end + 2):
            return Reading(hour, 30, end + 2, False)
        return Reading(hour, 0, end, False)
    if t.word(last) == "e":
        if t.word(last + 1) == "meia":
            return Reading(hour, 30, last + 2, True)
        count = chart.count(last + 1)
        unit = chart.lex.units.at(t, count[1]) if count else None
        if count and unit and unit[0] == "minute":
            return Reading(hour, count[0], unit[1], True)
    return Reading(hour, 0, last, True)


def _halved(chart: Chart, said: Reading) -> Reading:
    """With "am", "pm", "da noite", "in the morning" taken into account."""
    half = chart.lex.meridiem.at(chart.tokens, said.last)
    if half is None or said.hour > 12:
        return replace(said, last=half[1]) if half and said.hour <= 24 else said
    if chart.tokens.word(said.last) in ("da", "de", "a") and not said.sure and said.hour == 0:
        return said
    return replace(said, hour=_of_half(said.hour, half[0]), last=half[1], sure=True, half=half[0])


def _of_half(hour: int, half: str) -> int:
    return hour % 12 + (12 if half == "pm" else 0)


def stretch(chart: Chart, i: int) -> tuple[Stretch, int] | None:
    """Two times of day: "entre 18h e 21h", "das 0h as 5h", "from 6 to 9pm", "8h-12h"."""
    between = chart.phrase("between", i)
    opener = between or chart.phrase("from", i)
    for place in _starts(chart, opener or i):
        first = reading(chart, place)
        if first is None:
            continue
        found = _second(chart, first, "and" if between else "to")
        if found is not None:
            second, mark = found
            first = _share_half(first, second)
            closed = (
                not between and mark in ("as", "ate", "a") and not (first.minute or second.minute)
            )
            return Stretch(first, second, closed and not second.half), second.last
    return None


def _starts(chart: Chart, i: int) -> list[int]:
    word = chart.tokens.word(i)
    return [i, i + 1] if word in ("as", "a", "o", "the", "das") else [i]


def _second(chart: Chart, first: Reading, key: str) -> tuple[Reading, str] | None:
    place = chart.phrase(key, first.last)
    if place is None:
        return None
    mark = chart.tokens.word(place - 1)
    for start in _starts(chart, place):
        second = reading(chart, start)
        if second is not None and (second.sure or (first.sure and second.hour <= 24)):
            other = not second.sure and _other_number(chart, start, second.last)
            return None if other else (second, "as" if mark in ("ate", "a", "as") else mark)
    return None


def _other_number(chart: Chart, i: int, end: int) -> bool:
    """Whether a bare number is a day or a quantity after all ("as 18h a 3 de maio", "5 MW")."""
    t = chart.tokens
    node = chart.at(i)
    if node is not None and not node.weak:
        return True
    return chart.counts_things(end) or (t.glued(end) and t.word(end) in ("/", "-", ".", ":"))


def _share_half(first: Reading, second: Reading) -> Reading:
    """ "6 to 9pm" is from 18, "11 to 1pm" from 11."""
    if first.sure or not second.half or first.hour > 12:
        return first
    shared = _of_half(first.hour, second.half)
    return replace(first, hour=shared if shared < second.hour else first.hour, sure=True)


def extend(chart: Chart, node: Node) -> Node:
    """A day lengthened by what follows it: its weekday, a time, a part of the day."""
    if node.weak or node.unit not in DAY_UNITS or node.error is not None:
        return node
    node = _weekday_after(chart, node)
    return (
        _stretch_after(chart, node) or _clock_after(chart, node) or _part_after(chart, node) or node
    )


def _weekday_after(chart: Chart, node: Node) -> Node:
    """ "15/03/2023 (quarta-feira)", "ontem, terca-feira"."""
    t = chart.tokens
    place = node.last + 1 if t.word(node.last) == "," else node.last
    bracket = t.word(place) == "("
    found = chart.lex.weekdays.at(t, place + bracket)
    if found is None or place == node.last or (bracket and t.word(found[1]) != ")"):
        return (
            replace(node, last=found[1] + 1)
            if found and bracket and t.word(found[1]) == ")"
            else node
        )
    return replace(node, last=found[1] + bracket)


def weekday_before(chart: Chart, i: int) -> Node | None:
    """ "quarta-feira, 15 de marco de 2023", "Wed 15/03/2023"."""
    t = chart.tokens
    found = chart.lex.weekdays.at(t, i)
    if found is None:
        return None
    for place in (found[1], found[1] + 1):
        if place > found[1] and t.word(found[1]) not in (",", "dia", "the"):
            continue
        node = chart.at(place)
        dated = node is not None and node.kind in ("day", "date", "clock") and not node.weak
        if node is not None and dated and not chart.ordinal(i):
            return replace(node, first=i)
        if node is not None and dated and place > found[1]:
            return replace(node, first=i)
    return None


def clock_node(
    day: Node | None, said: Reading, first: int, last: int, end: Reading | None = None
) -> Node:
    """A time of a day, or from one to another; without day it is weak."""
    args = (said.hour, said.minute) + ((end.hour, end.minute) if end else ())
    unit = "minute" if said.minute and end is None else "hour"
    return Node("clock", first, last, unit, args, inner=day, wants="day", weak=day is None)


def _stretch_after(chart: Chart, node: Node) -> Node | None:
    t = chart.tokens
    place = node.last + 1 if t.word(node.last) == "," else node.last
    for start in (place, place + 1) if t.word(place) in ("no", "(") else (place,):
        found = stretch(chart, start)
        if found is not None and _begins_stretch(chart, start, place):
            said, last = found
            last += 1 if t.word(place) == "(" and t.word(last) == ")" else 0
            return clock_node(node, said.start, node.first, last, said.end)
    return None


def _begins_stretch(chart: Chart, start: int, place: int) -> bool:
    opened = chart.phrase("between", start) or chart.phrase("from", start)
    return bool(opened) or start > place or chart.tokens.number(start) is not None


def _clock_after(chart: Chart, node: Node) -> Node | None:
    """ "ontem as 18h", "15/03/2023, 14:30", "2023-08-15T07:00"."""
    places = chart.skip("clock_links", node.last)
    for place in reversed(places):
        said = reading(chart, place)
        if said is None:
            continue
        bare = place > node.last and chart.tokens.word(place - 1) in ("as", "at")
        if said.sure or (bare and said.hour <= 24 and _closes(chart, said.last)):
            return clock_node(node, said, node.first, _zone(chart, said.last))
    return None


def _closes(chart: Chart, i: int) -> bool:
    word = chart.tokens.word(i)
    return not word or word in "?.,;!)"


def _zone(chart: Chart, i: int) -> int:
    """Behind a glued "-03:00", which is Brasília's own, or the word that says so."""
    t = chart.tokens
    if t.words[i : i + 4] == ("-", "03", ":", "00") and t.glued(i):
        return i + 4
    return i + 1 if t.word(i) == "brt" else i


def _part_after(chart: Chart, node: Node) -> Node | None:
    """ "ontem a noite", "15/03/2023 de madrugada", "yesterday morning"."""
    for place in chart.skip("daypart_markers", node.last):
        found = chart.lex.dayparts.at(chart.tokens, place)
        if found is not None and (place > node.last or not _doubtful(chart, place)):
            return _part_node(chart, node, found[0], node.first, found[1])
    return None


def _doubtful(chart: Chart, i: int) -> bool:
    return chart.phrase("doubtful_dayparts", i) is not None


def _part_node(chart: Chart, day: Node, hours: tuple[int, int], first: int, last: int) -> Node:
    own = bracketed(chart, last)
    if own is not None:
        said, last = own
        hours = (said.start.hour, said.end.hour + said.closed)
    return Node("clock", first, last, "hour", (hours[0], 0, hours[1], 0), inner=day, wants="day")


def bracketed(chart: Chart, i: int) -> tuple[Stretch, int] | None:
    """The hours a part of the day is explained with: "(0h as 5h)", ", das 0h as 5h"."""
    t = chart.tokens
    if t.word(i) not in ("(", ",", "-"):
        return None
    found = stretch(chart, i + 1)
    if found is None:
        return None
    said, last = found
    if t.word(i) == "(":
        return (said, last + 1) if t.word(last) == ")" else None
    return (said, last) if chart.phrase("from", i + 1) else None


def clock_before(chart: Chart, i: int) -> Node | None:
    """ "as 23h de 31/12/2023", "6pm yesterday", "das 8h as 18h de ontem"; alone it is weak."""
    found = stretch(chart, i)
    if found is not None:
        said, last = found
        day = _day_after(chart, last)
        return clock_node(day, said.start, i, day.last, said.end) if day else None
    start = chart.after("clock_openers", i)
    one = reading(chart, start)
    if one is None or not (one.sure or start > i):
        return None
    day = _day_after(chart, one.last)
    if day is None:
        return clock_node(None, one, i, one.last) if one.sure and start == i else None
    if not one.sure and chart.tokens.word(start - 1) not in ("as", "at", "hora", "hour"):
        return None
    return clock_node(day, one, i, day.last)


def _day_after(chart: Chart, i: int) -> Node | None:
    t = chart.tokens
    place = i + 1 if t.word(i) == "," else i
    if t.glued(i) and t.word(i) in ("-", "/"):
        return None
    return chart.container(place, DAY_UNITS, "parts_links")


def part_before(chart: Chart, i: int) -> Node | None:
    """ "madrugada de 1o de janeiro de 2023", "early morning of January 1", "last night"."""
    t = chart.tokens
    said = chart.lex.said_parts.at(t, i)
    if said is not None:
        (shift, *hours), last = said
        day = Node("shift", i, last, "day", (shift,), "day")
        return _part_node(chart, day, (hours[0], hours[1]), i, last)
    found = chart.lex.dayparts.at(t, i)
    if found is None:
        return None
    own = bracketed(chart, found[1])
    day_found = chart.container(own[1] if own else found[1], DAY_UNITS, "parts_links")
    if day_found is None:
        return None
    node = _part_node(chart, day_found, found[0], i, found[1])
    return replace(node, last=max(node.last, day_found.last))
