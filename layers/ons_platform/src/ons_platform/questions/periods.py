"""Time expressions of a question, in Portuguese and English, as exact half-open civil intervals.

Interface (what the rest of `questions/` calls):

    find_periods(text, *, now, language=None) -> list[PeriodMatch]
    find_hours(text) -> list[HourMatch]

`text` is the folded question (`catalog.vocabulary.fold`); spans are offsets into it, never overlap
and come in text order. Neither function raises, whatever the text.

- A match with `error` (a `Text`, pt + en) names a date that does not exist ("31/02/2023"):
  `start` and `end` are None and the caller asks back.
- A match with `vague` ("meados de 2023", "ultimos dias") carries the widest reading; ask back.
- `unit` is the granularity said: minute, hour, day, weekend, week, fortnight, month, bimester,
  quarter, quadrimester, half, year, decade, season, holiday, or "range" for every expression with
  two ends or an open side. "minute" is an instant such as
  14:30: use `start`; the interval is the hour from it.
- A range has `ends`: its two expressions as matches ("growth between 2010 and 2023" needs both).
- "since" and "after" end at `now`; "until" and "before" have `start` None.
- "ultimos 7 dias" is elapsed time that ends at `now`; "semana passada" a calendar week from Monday;
  seasons start on their nominal days; the wet season is December to April.
- "das 0h as 5h" without a date includes the hour 5 (ONS usage); "entre 18h e 21h", "6pm to 9pm" and
  any stretch said with a day end where the second time begins.
- Hours said with a day belong to its period; `find_hours` returns only hours said without one,
  always as a set of hours of the Brasília civil day (0..23).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ons_platform.catalog.model import Text
from ons_platform.questions.dates.calendar import CivilError, brasilia
from ons_platform.questions.dates.chart import Chart
from ons_platform.questions.dates.combine import read
from ons_platform.questions.dates.hours import hours_at
from ons_platform.questions.dates.nodes import Node, is_relative, is_vague
from ons_platform.questions.dates.numeric import year_node
from ons_platform.questions.dates.resolve import bind, resolve


@dataclass(frozen=True)
class PeriodMatch:
    """One period said: `start` and `end` in America/Sao_Paulo, half-open; None is an open side."""

    span: tuple[int, int]
    text: str
    start: datetime | None
    end: datetime | None
    unit: str
    relative: bool = False
    vague: bool = False
    error: Text | None = None
    ends: tuple[PeriodMatch, PeriodMatch] | None = None


@dataclass(frozen=True)
class HourMatch:
    """Hours of the civil day used as a filter ("na madrugada"); `said` is the text of the span."""

    span: tuple[int, int]
    hours: frozenset[int]
    said: str


def find_periods(text: str, *, now: datetime, language: str | None = None) -> list[PeriodMatch]:
    """Every period said in the folded `text`; `language` ("pt"/"en") settles ambiguous words."""
    chart, nodes = read(text, language)
    moment = brasilia(now)
    return [_match(chart, node, moment) for node in nodes]


def find_hours(text: str) -> list[HourMatch]:
    """Every filter by hour of the day in the folded `text` that belongs to no date."""
    chart, nodes = read(text)
    taken = {i for node in nodes for i in range(node.first, node.last)}
    found, i = [], 0
    while i < len(chart.tokens):
        hit = None if i in taken else hours_at(chart, i)
        if hit is None or taken.intersection(range(i, hit[1])):
            i += 1
            continue
        span = chart.tokens.span(i, hit[1])
        found.append(HourMatch(span, hit[0], text[slice(*span)]))
        i = hit[1]
    return found


def _match(chart: Chart, node: Node, now: datetime) -> PeriodMatch:
    """The node as the caller sees it; a date that does not exist becomes its `error`."""
    span = chart.tokens.span(node.first, node.last)
    said = chart.tokens.text[slice(*span)]
    unit = "range" if node.unit == "years" else node.unit
    relative = is_relative(node)
    try:
        start, end = resolve(node, now)
        ends = _ends(chart, node, now)
    except CivilError as error:
        return PeriodMatch(span, said, None, None, unit, relative, error=error.text)
    return PeriodMatch(span, said, start, end, unit, relative, vague=is_vague(node), ends=ends)


def _ends(chart: Chart, node: Node, now: datetime) -> tuple[PeriodMatch, PeriodMatch] | None:
    if node.unit == "years":
        left = year_node(node.args[0], node.last - 3, node.last - 2)
        right = year_node(node.args[1], node.last - 1, node.last)
    elif node.kind == "range":
        left, right = bind(node, now)
    else:
        return None
    return _match(chart, left, now), _match(chart, right, now)
