"""Expressions to intervals, once `now` is known; kinds and the meaning of their `args` are here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ons_platform.questions.dates import calendar as civil
from ons_platform.questions.dates.calendar import Bounds, CivilError, Interval
from ons_platform.questions.dates.lexicon import lexicon
from ons_platform.questions.dates.nodes import Node, missing, put

Rule = Callable[[Node, datetime], Interval]


def resolve(node: Node, now: datetime) -> Interval:
    """Interval of `node`; raises `CivilError` when it names a date that does not exist."""
    if node.error is not None:
        raise CivilError(node.error.pt, node.error.en)
    return _RULES[node.kind](settle(node, now), now)


def settle(node: Node, now: datetime) -> Node:
    """`node` with what it lacks chosen: the latest such period that began by `now`."""
    lack = missing(node)
    if lack not in ("year", "month") or node.kind in ("range", "open"):
        return node
    problem: CivilError | None = None
    for back in range(9 if lack == "year" else 49):
        container = Node("shift", node.first, node.first, lack, (-back,), lack)
        candidate = settle(put(node, container), now)
        try:
            start, _ = _RULES[candidate.kind](candidate, now)
        except CivilError as error:
            problem = problem or error
            continue
        if start is None or start <= now:
            return candidate
    raise problem or CivilError("período não encontrado", "no such period")


def bounds(node: Node | None, now: datetime) -> Bounds:
    """Both ends of a node that has both."""
    if node is None:
        raise CivilError("período incompleto", "incomplete period")
    start, end = resolve(node, now)
    if start is None or end is None:
        raise CivilError("período aberto", "open period")
    return start, end


def _year(node: Node, _: datetime) -> Interval:
    first, last = node.args[0], node.args[-1]
    return civil.instant(first), civil.instant(last + 1)


def _shift(node: Node, now: datetime) -> Interval:
    return civil.unit_of(now, node.name, node.args[0])


def _rolling(node: Node, now: datetime) -> Interval:
    there = civil.add_units(now, node.name, node.args[0])
    return (there, now) if node.args[0] < 0 else (now, there)


def _few(node: Node, now: datetime) -> Interval:
    return civil.add_units(now, node.name, -3), now


def _month(node: Node, now: datetime) -> Interval:
    year = bounds(node.inner, now)[0].year
    start = civil.instant(year, node.args[0])
    return start, civil.add_months(start, 1)


def _day(node: Node, now: datetime) -> Interval:
    month = bounds(node.inner, now)[0]
    start = civil.instant(month.year, month.month, node.args[0])
    return start, civil.add_days(start, 1)


def _date(node: Node, _: datetime) -> Interval:
    start = civil.instant(*node.args)
    return start, civil.add_days(start, 1)


def _part(node: Node, now: datetime) -> Interval:
    parts = list(_parts(node.name, bounds(node.inner, now)))
    n = node.args[0]
    if not -len(parts) <= (n if n < 0 else n - 1) < len(parts):
        raise _no_part(n)
    return parts[n if n < 0 else n - 1]


def _several(node: Node, now: datetime) -> Interval:
    """The first (args > 0) or last (< 0) so many units of the container."""
    start, end = bounds(node.inner, now)
    count = node.args[0]
    if count > 0:
        return start, min(end, civil.add_units(start, node.name, count))
    return max(start, civil.add_units(end, node.name, count)), end


def _parts(unit: str, whole: Bounds) -> list[Bounds]:
    """The units of a container in order; its last week is its last seven days."""
    start, end = whole
    if unit == "half":
        return _halves(whole)
    if unit == "weekend":
        days = _parts("day", whole)
        return [(day[0], civil.add_days(day[0], 2)) for day in days if day[0].weekday() == 5]
    if unit in ("fortnight", "tenday"):
        return _inside(unit, whole)
    found: list[Bounds] = []
    here = start
    while here < end and len(found) < 4000:
        there = civil.add_units(here, unit, 1)
        found.append((here, min(there, end)))
        here = there
    if unit == "week" and len(found) > 1:
        found.append((civil.add_days(end, -7), end))
    return found


def _inside(unit: str, whole: Bounds) -> list[Bounds]:
    found = [civil.unit_of(whole[0], unit)]
    while found[-1][1] < whole[1]:
        found.append(civil.unit_of(found[-1][1], unit))
    return found


def _halves(whole: Bounds) -> list[Bounds]:
    start, end = whole
    months = (end.year - start.year) * 12 + end.month - start.month
    if months == 1:
        return _inside("fortnight", whole)
    if months % 2 == 0 and months:
        middle = civil.add_months(start, months // 2)
    else:
        middle = civil.add_days(start, round((end - start) / timedelta(days=2)))
    return [(start, middle), (middle, end)]


def _iso_week(node: Node, now: datetime) -> Interval:
    year, week = bounds(node.inner, now)[0].year, node.args[0]
    fourth = civil.instant(year, 1, 4)
    start = civil.add_days(fourth, (week - 1) * 7 - fourth.weekday())
    if not 1 <= week <= 53 or civil.add_days(start, 3).year != year:
        raise _no_part(week)
    return start, civil.add_days(start, 7)


def _week_of(node: Node, now: datetime) -> Interval:
    return civil.unit_of(bounds(node.inner, now)[0], node.unit)


def _weekday(node: Node, now: datetime) -> Interval:
    """args: weekday and mode (-1 before today, 0 latest, 1 after today, 9 of this week)."""
    weekday, mode = node.args
    if node.inner is not None:
        monday = civil.unit_of(bounds(node.inner, now)[0], "week")[0]
        return _day_from(monday, weekday)
    today = civil.midnight(now)
    if mode == 9:
        return _day_from(civil.unit_of(now, "week")[0], weekday)
    back = (today.weekday() - weekday) % 7
    if mode < 0:
        return _day_from(today, -(back or 7) - 7 * (-mode - 1))
    return _day_from(today, -back if mode == 0 else 7 - back)


def _nth_weekday(node: Node, now: datetime) -> Interval:
    weekday, n = node.args
    days = [d for d in _parts("day", bounds(node.inner, now)) if d[0].weekday() == weekday]
    if not -len(days) <= (n if n < 0 else n - 1) < len(days):
        raise _no_part(n)
    return days[n if n < 0 else n - 1]


def _day_from(start: datetime, days: int) -> Bounds:
    day = civil.add_days(start, days)
    return day, civil.add_days(day, 1)


def _season(node: Node, now: datetime) -> Interval:
    """A season of the southern hemisphere; in one year, the one that covers most of it."""
    start, end = bounds(node.inner, now)
    crosses = end.year - start.year > 1
    year = start.year if crosses or node.name not in ("summer", "wet") else start.year - 1
    opening, closing = lexicon().season_days[node.name]
    return civil.instant(year, *opening), civil.instant(year + (closing < opening), *closing)


def _summer_time(node: Node, now: datetime) -> Interval:
    return civil.summer_time(bounds(node.inner, now)[0].year)


def _holiday(node: Node, now: datetime) -> Interval:
    year = bounds(node.inner, now)[0].year
    rule = lexicon().holiday_rules[node.name]
    if "easter" in rule:
        offset, days = rule["easter"]
        sunday = civil.easter(year)
        start = civil.add_days(civil.instant(year, sunday.month, sunday.day), offset)
    elif "nth" in rule:
        month, nth, weekday = rule["nth"]
        first, days = civil.instant(year, month), 1
        start = civil.add_days(first, (weekday - first.weekday()) % 7 + 7 * (nth - 1))
    else:
        month, day, days = rule["fixed"]
        start = civil.instant(year, month, day)
    return start, civil.add_days(start, days)


def _clock(node: Node, now: datetime) -> Interval:
    """args: hour and minute, and the same of the end when one was said."""
    day, _ = bounds(node.inner, now)
    read = [
        civil.instant(day.year, day.month, day.day, *node.args[i : i + 2])
        for i in range(0, len(node.args), 2)
    ]
    end = read[1] if len(read) > 1 else read[0] + timedelta(hours=1)
    if end <= read[0]:
        end = civil.add_days(end, 1)
    if end.timestamp() <= read[0].timestamp():
        said = read[0].strftime("%H:%M %d/%m/%Y")
        raise CivilError(
            f"o horário {said} não existiu (começo do horário de verão)",
            f"the time {said} did not exist (start of daylight saving time)",
        )
    return read[0], end


def _edge(node: Node, now: datetime) -> Interval:
    return resolve(node.inner, now) if node.inner else (None, None)


def _recent(node: Node, now: datetime) -> Interval:
    """A yearly thing: the last that ended (-1), this year's (0), the next to begin (1)."""
    if node.inner is None:
        raise CivilError("período incompleto", "incomplete period")
    mode = node.args[0]
    order = (0,) if mode == 0 else (0, -1, -2, -3, -4) if mode < 0 else (0, 1, 2, 3, 4)
    for shift in order:
        year = Node("shift", node.first, node.first, "year", (shift,), "year")
        start, end = bounds(put(node.inner, year), now)
        if mode == 0 or (mode < 0 and end <= now) or (mode > 0 and start > now):
            return start, end
    raise CivilError("período não encontrado", "no such period")


def _todate(node: Node, now: datetime) -> Interval:
    return civil.unit_of(now, node.name)[0], now


def _now(_: Node, now: datetime) -> Interval:
    return now, now


def range_end(node: Node, now: datetime, *, left: bool) -> datetime:
    """Where an expression puts the end of a range: its start at the left, else its end."""
    start, end = bounds(node, now)
    if node.kind == "edge" and node.name != "middle":
        return start if node.name == "start" else end
    if node.kind == "clock" and len(node.args) == 2:
        return start
    return start if left else end


def bind(node: Node, now: datetime) -> tuple[Node, Node]:
    """Both ends of a range with their years: a lacking one is the nearest that keeps the order."""
    left, right = node.inner, node.other
    if left is None or right is None:
        raise CivilError("período incompleto", "incomplete period")
    if left.kind == "weekday" and left.inner is None and left.args[1] == 0:
        left = _weekday_before(left, right, now)
    if missing(left) and missing(right):
        right = settle(right, now)
    if missing(left) == "year":
        year = bounds(right, now)[1] - timedelta(days=1)
        tries = [(put(left, _said(left, year.year - back)), right) for back in range(9)]
    elif missing(right) == "year":
        year = bounds(left, now)[0]
        tries = [(left, put(right, _said(right, year.year + on))) for on in range(9)]
    else:
        return left, right
    return next((pair for pair in tries if _ordered(*pair, now)), tries[0])


def _weekday_before(left: Node, right: Node, now: datetime) -> Node:
    """The weekday a range starts with, in the week before its end ("from Monday to Friday")."""
    if bounds(left, now)[0] < bounds(right, now)[1]:
        return left
    back = -1 if left.args[0] == now.weekday() else -2
    return replace(left, args=(left.args[0], back))


def _said(node: Node, year: int) -> Node:
    return Node("year", node.first, node.first, "year", (year,))


def _ordered(left: Node, right: Node, now: datetime) -> bool:
    try:
        return range_end(left, now, left=True) < range_end(right, now, left=False)
    except CivilError:
        return False


def _range(node: Node, now: datetime) -> Interval:
    left, right = bind(node, now)
    for first, last in ((left, right), (right, left)):
        start, end = range_end(first, now, left=True), range_end(last, now, left=False)
        if start < end:
            return start, end
    raise CivilError("o período termina antes de começar", "the period ends before it starts")


def _open(node: Node, now: datetime) -> Interval:
    if node.inner is None:
        raise CivilError("período incompleto", "incomplete period")
    if node.name in ("until", "before"):
        return None, range_end(node.inner, now, left=node.name == "before")
    start = range_end(node.inner, now, left=node.name == "since")
    return start, now if start < now else None


def _no_part(n: int) -> CivilError:
    return CivilError(f"não existe a parte {n} desse período", f"that period has no part {n}")


_RULES: dict[str, Rule] = {
    "year": _year,
    "shift": _shift,
    "rolling": _rolling,
    "few": _few,
    "month": _month,
    "day": _day,
    "date": _date,
    "part": _part,
    "several": _several,
    "isoweek": _iso_week,
    "weekof": _week_of,
    "weekday": _weekday,
    "nthweekday": _nth_weekday,
    "season": _season,
    "summertime": _summer_time,
    "holiday": _holiday,
    "clock": _clock,
    "edge": _edge,
    "recent": _recent,
    "todate": _todate,
    "now": _now,
    "range": _range,
    "open": _open,
}
