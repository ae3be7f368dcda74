"""Expressions joined: ranges, open sides and lists, each sharing the year or month said once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ons_platform.questions.dates import clock as clock
from ons_platform.questions.dates import named as named
from ons_platform.questions.dates import numeric as numeric
from ons_platform.questions.dates import parts as parts
from ons_platform.questions.dates import relative as relative
from ons_platform.questions.dates.chart import Chart
from ons_platform.questions.dates.nodes import YEAR_UNITS, Node, fill, find, missing

_PARSERS = (
    numeric.full_date, numeric.said_day, numeric.month_number, numeric.year, numeric.decade,
    numeric.year_with_prefix, named.month, named.day_of_month, named.month_then_day,
    named.year_then_day, named.weekday, relative.named_day, relative.deictic, relative.yearly,
    relative.rolling, relative.ago, relative.to_date, parts.ordinal_part, parts.lettered,
    parts.numbered,
    parts.several, parts.nth_weekday, parts.week_of, parts.season, parts.holiday, parts.edge,
    clock.weekday_before, clock.clock_before, clock.part_before,
    relative.now_word, parts.bare_ordinal, named.bare_number, parts.same,
)  # fmt: skip
_OPEN = ("before", "after", "until", "since")


def read(text: str, language: str | None = None) -> tuple[Chart, list[Node]]:
    """The chart of `text` and its periods, in order and without overlap."""
    chart = Chart(text, language)
    chart.fill(_PARSERS, clock.extend)
    return chart, list(_scan(chart))


def _scan(chart: Chart) -> Iterator[Node]:
    i = 0
    while i < len(chart.tokens):
        group = _group(chart, i)
        said = [node for node in group if not node.weak]
        yield from said
        i = max([i + 1, *(node.last for node in said), *(node.first for node in group)])


def _group(chart: Chart, i: int) -> list[Node]:
    """The list of periods that starts at `i`; empty when none does."""
    first = _one(chart, i, weak=True)
    if first is None:
        return []
    items = [first]
    shared: list[bool] = [False]
    while (found := _next(chart, items[-1].last)) is not None:
        node, sharing = found
        if node.weak and items[-1].kind == "year":
            break
        items.append(node)
        shared.append(sharing)
        tail = _year_of_list(chart, items)
        if tail is not None:
            last = items[-1].over(node.first, tail.last)
            items = [*(fill(item, tail) for item in items[:-1]), last]
            break
    return _distribute(items, shared)


def _year_of_list(chart: Chart, items: list[Node]) -> Node | None:
    """The year after a bare last day: "March 3, 4 and 5, 2023"."""
    last = items[-1]
    if not (last.weak and last.kind in ("day", "ordinal") and missing(items[0]) == "year"):
        return None
    return numeric.year_tail(chart, last.last)


def _next(chart: Chart, i: int) -> tuple[Node, bool] | None:
    end = chart.phrase("separators", i)
    if end is None and chart.tokens.word(i) == "to" and _comparing(chart, i):
        end = i + 1
    if end is None:
        return None
    sharing = chart.phrase("year_sharing", i) == end
    for place in chart.skip("articles", end, 3):
        node = _one(chart, place, weak=True)
        if node is not None:
            fixed = chart.tokens.words[end:place]
            return node, sharing and not {"em", "in", "on", "no", "na"}.intersection(fixed)
    return None


def _one(chart: Chart, i: int, *, weak: bool) -> Node | None:
    """A range, an open side or one expression at `i`."""
    found = _range(chart, i) or _open_after(chart, i) or _open(chart, i)
    node = chart.at(i)
    if found is not None and not (node and node.last >= found.last and not node.weak):
        return found
    if node is None or node.kind == "now" or (node.weak and not weak):
        return None
    return node


def _range(chart: Chart, i: int) -> Node | None:
    """ "entre A e B", "de A a B", "A - B"."""
    between = chart.phrase("between", i)
    opener = between or chart.phrase("from", i)
    key = "and" if between else "to"
    for start in chart.skip("articles", opener, 3) if opener else [i]:
        node = chart.at(start)
        if node is None or node.kind == "now":
            continue
        joined = _right_end(chart, node, key, opened=opener is not None)
        if joined is not None:
            left, right = joined
            return Node("range", i, right.last, "range", inner=left, other=right)
    return None


def _right_end(chart: Chart, left: Node, key: str, *, opened: bool) -> tuple[Node, Node] | None:
    t = chart.tokens
    place = left.last + 1 if t.word(left.last) == "," else left.last
    end = chart.phrase(key, place)
    if end is None or (not opened and t.word(place) == "to" and _comparing(chart, left.first)):
        return None
    for start in chart.skip("articles", end, 3):
        right = chart.at(start)
        if right is None or (right.kind == "ordinal" and start != end):
            continue
        pair = _pair(chart, left, right)
        if pair is not None:
            return pair
    return None


def _comparing(chart: Chart, i: int) -> bool:
    """ "compare January to July" is no range."""
    return any(chart.phrase("compare_words", place) for place in range(max(0, i - 8), i))


def _pair(chart: Chart, left: Node, right: Node) -> tuple[Node, Node] | None:
    """Both ends with what they share; None when they do not go together."""
    if left.kind in ("range", "open") or right.kind in ("range", "open"):
        return None
    left, right = _explain(chart, left, right)
    if left.weak and right.unit == "month" and left.unit == "month":
        left = replace(left, weak=False)
    if right.weak and left.unit == "month" and right.unit == "month":
        right = replace(right, weak=False)
    if right.kind == "now":
        right = replace(right, weak=False)
    if left.weak or right.weak:
        return None
    if left.kind == right.kind == "weekday" and left.inner is None:
        left = replace(left, inner=right.inner)
    if missing(right) == "month":
        right = fill(right, left)
    return (_before(left, right) if missing(left) == "month" else left), right


def _before(left: Node, right: Node) -> Node:
    """A day that borrows the month of the right end, or the month before ("28 a 3 de marco")."""
    month = find(right, frozenset({"month"}))
    last = find(right, frozenset({"day"}))
    if month is None or month.kind != "month" or last is None or left.kind != "day":
        return fill(left, right)
    if not last.args or left.args[0] <= last.args[0]:
        return fill(left, right)
    number = month.args[0] - 1
    inner = month.inner if number else None
    return replace(left, inner=replace(month, args=(number or 12,), inner=inner))


def _explain(chart: Chart, left: Node, right: Node) -> tuple[Node, Node]:
    """Bare numbers, ordinals and times explained by their companion."""
    if left.weak and not right.weak:
        left = _explained(left, right)
    elif right.weak and not left.weak:
        right = _explained(right, left)
        if right.kind == "day" and not right.weak and missing(left) == "year":
            tail = numeric.year_tail(chart, right.last)
            if tail is not None:
                left, right = fill(left, tail), replace(fill(right, tail), last=tail.last)
    return left, right


def _explained(weak: Node, strong: Node) -> Node:
    """A weak node made one like `strong`, or itself when `strong` explains nothing."""
    if weak.kind == "ordinal":
        return _ordinal_like(weak, strong)
    if weak.kind == "weekday" and strong.kind == "weekday":
        return replace(weak, inner=strong.inner, weak=False)
    if weak.kind == "day" and strong.kind in ("day", "clock"):
        month = find(strong, frozenset({"month"}))
        return replace(weak, weak=False) if month or strong.kind == "day" else weak
    if weak.kind == "clock" and strong.kind == "clock":
        return replace(fill(weak, strong), weak=False)
    return weak


def _ordinal_like(weak: Node, strong: Node) -> Node:
    """ "primeiro" beside a quarter, "segunda" beside a weekday, "primeiro" beside a day."""
    n = weak.args[0]
    if strong.kind == "part":
        return replace(strong, first=weak.first, last=weak.last, args=(n,))
    if strong.kind == "weekday" and 2 <= n <= 6:
        args = (n - 2, strong.args[1])
        return replace(strong, first=weak.first, last=weak.last, args=args)
    if strong.kind in ("day", "clock") and 1 <= n <= 31:
        day = Node("day", weak.first, weak.last, "day", (n,), wants="month", weak=True)
        return _explained(day, strong)
    return weak


def _open(chart: Chart, i: int) -> Node | None:
    """ "desde A", "ate A", "antes de A", "depois de A"."""
    for name in _OPEN:
        end = chart.phrase(name, i)
        if end is None or chart.tokens.word(i) in ("de", "from"):
            continue
        for start in chart.skip("articles", end, 2):
            node = chart.at(start)
            if node is not None and not node.weak and _bounds(node):
                last = chart.after("onwards", node.last) if name == "since" else node.last
                return _open_node(name, node, i, last)
    return None


def _bounds(node: Node) -> bool:
    return node.kind not in ("todate", "few")


def _open_node(name: str, node: Node, first: int, last: int) -> Node:
    if node.kind == "rolling" and name == "since":
        return node.over(first, last)
    if node.kind == "clock" and name in ("before", "after") and len(node.args) == 2:
        args = (0, 0, *node.args) if name == "before" else (*node.args, 24, 0)
        return replace(node, first=first, last=last, args=args, unit="range")
    return Node("open", first, last, "range", name=name, inner=node)


def _open_after(chart: Chart, i: int) -> Node | None:
    """ "2022 em diante", "de marco de 2023 para ca", "from 2019 onwards"."""
    opener = chart.phrase("from", i)
    for start in chart.skip("articles", opener, 2) if opener else [i]:
        node = chart.at(start)
        if node is None or node.weak or node.kind in ("rolling", "todate", "few"):
            continue
        end = chart.phrase("onwards", node.last)
        if end is not None and chart.tokens.words[node.last : end] != ("on",):
            return _open_node("since", node, i, end)
        if end is not None and opener and not chart.at(end):
            return _open_node("since", node, i, end)
    return None


def _distribute(items: list[Node], shared: list[bool]) -> list[Node]:
    """Each item with what a neighbour says for it: right to left, then left to right."""
    for k in range(len(items) - 2, -1, -1):
        items[k] = _given(items[k], items[k + 1])
    for k in range(1, len(items)):
        if shared[k]:
            items[k] = _other_year(items[k - 1], items[k])
        items[k] = _given(items[k], items[k - 1])
    return items


def _given(node: Node, donor: Node) -> Node:
    if node.weak and not donor.weak:
        node = _explained(node, donor)
        if node.weak and node.kind == donor.kind and node.kind in ("month", "season"):
            node = replace(node, weak=False)
    return node if node.weak or donor.weak else fill(node, donor)


def _other_year(left: Node, right: Node) -> Node:
    """ "janeiro de 2022 e 2023": the same part of another year."""
    if right.kind != "year" or right.unit != "year" or left.unit in YEAR_UNITS | {"decade"}:
        return right
    if left.unit == "range" and (left.kind != "range" or missing(left.inner or left) != "year"):
        return right
    year = find(left, YEAR_UNITS)
    if year is None or year.kind != "year" or year.unit != "year":
        return right
    return replace(_with_year(left, right), first=right.first, last=right.last)


def _with_year(node: Node, year: Node) -> Node:
    if node.kind == "range" and node.other is not None:
        return replace(node, other=_with_year(node.other, year))
    if node.inner is None:
        return node
    if node.inner.unit in YEAR_UNITS:
        return replace(node, inner=year)
    return replace(node, inner=_with_year(node.inner, year))
