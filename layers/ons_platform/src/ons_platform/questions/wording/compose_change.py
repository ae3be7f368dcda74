"""Changes between two periods and differences between two things, in words and numbers."""

from __future__ import annotations

from ons_platform.questions.execute import Point
from ons_platform.questions.intent import Aggregate, Dimension, Shape, Unclear
from ons_platform.questions.units import Unit
from ons_platform.questions.wording import texts
from ons_platform.questions.wording.writer import Composed, Table, Value, Writer

_WORDS = {"pt": ("variacao", "variacao_percentual"), "en": ("change", "change_percent")}

Pair = tuple[Point, Point]
Labels = tuple[str, ...]


def change(writer: Writer) -> Composed:
    """Two periods: values, difference and percentage, perhaps per group."""
    pairs = _pairs(writer)
    if not pairs:
        raise Unclear("growth_since_when")
    if writer.plan.by != (Dimension.WINDOW,):
        return _by_group(writer, pairs)
    before, after = next(iter(pairs.values()))
    first, second = writer.number(before.value), writer.number(after.value)
    delta = round(second - first, 6)
    percent = round(100 * delta / first, 6) if first else None
    if writer.plan.aggregate is Aggregate.SHARE:
        percent = None
    text = writer.text(
        "change" if percent is not None else "change_plain",
        subject=writer.subject,
        before=writer.written(before.value),
        after=writer.written(after.value),
        first=writer.period(0),
        second=writer.period(1),
        delta=f"{texts.number(delta, writer.language)} {writer.unit.name}",
        percent=texts.number(percent or 0.0, writer.language),
    )
    value, unit = _value(writer, first, second, percent)
    return Composed(value, unit, text, (before, after), writer.unit)


def _value(writer: Writer, first: float, second: float, percent: float | None) -> tuple[Value, str]:
    """One number when one was asked for (a fall counts downwards), else all four."""
    intent, delta = writer.intent, round(second - first, 6)
    sign = -1 if intent.falling else 1
    if intent.percent and percent is not None:
        return sign * percent, "%"
    if intent.asks_amount:
        return sign * delta, writer.unit.name
    amount, share = _WORDS[writer.language]
    labels = [window.label for window in writer.plan.windows]
    table: Table = {labels[0]: first, labels[1]: second, amount: delta}
    if percent is not None:
        table[share] = percent
    return table, writer.unit.name


def _pairs(writer: Writer) -> dict[Labels, Pair]:
    found: dict[Labels, dict[int, Point]] = {}
    for point in writer.result.points:
        found.setdefault(point.labels, {})[point.window or 0] = point
    return {labels: (pair[0], pair[1]) for labels, pair in found.items() if len(pair) == 2}


def _by_group(writer: Writer, pairs: dict[Labels, Pair]) -> Composed:
    changes = {
        labels: round(100 * (after.value - before.value) / before.value, 6)
        for labels, (before, after) in pairs.items()
        if before.value
    }
    intent = writer.intent
    smallest_first = (intent.order == "asc") != intent.falling
    ordered = sorted(changes.items(), key=lambda item: item[1], reverse=not smallest_first)
    if intent.order is not None and not intent.percent:
        _check_absolute(pairs, ordered[0][0], smallest_first)
    if intent.shape is Shape.TABLE and intent.limit:
        ordered = ordered[: intent.limit]
    return _group_text(writer, ordered, pairs)


def _group_text(
    writer: Writer, ordered: list[tuple[Labels, float]], pairs: dict[Labels, Pair]
) -> Composed:
    intent, dimension = writer.intent, writer.plan.by[0]
    items = ", ".join(
        f"{writer.title(dimension, labels[0])} {texts.number(value, writer.language)}%"
        for labels, value in ordered
    )
    points = tuple(
        Point(labels, None, None, value, pairs[labels][1].n, pairs[labels][1].at, None)
        for labels, value in ordered
    )
    if intent.shape is Shape.LABEL:
        best = ordered[0][0][0]
        key = "fall" if intent.falling else "least" if intent.order == "asc" else "growth"
        places = {"label": writer.title(dimension, best), "subject": writer.subject, "items": items}
        return Composed(best, "%", writer.text(f"{key}_label", **places), points, Unit("%"))
    sign = -1 if intent.falling else 1
    table: Table = {labels[0]: sign * value for labels, value in ordered}
    text = writer.text("growth_table", subject=writer.subject, items=items)
    return Composed(table, "%", text, points, Unit("%"))


def _check_absolute(pairs: dict[Labels, Pair], best: Labels, smallest: bool) -> None:
    """The largest growth in percent need not be the largest in MW: when they differ, ask."""
    deltas = {labels: after.value - before.value for labels, (before, after) in pairs.items()}
    pick = min if smallest else max
    absolute = pick(deltas, key=lambda labels: deltas[labels])
    if absolute != best:
        raise Unclear("growth_measure", percent=best[0], absolute=absolute[0])


def difference(writer: Writer) -> Composed:
    """The first thing named minus the second."""
    order = _named_order(writer)
    points = sorted(writer.result.points, key=lambda point: order.index(point.labels[0]))
    if len(points) != 2:
        raise Unclear("compare_what")
    delta = points[0].value - points[1].value
    items = ", ".join(f"{writer.named(point)} {writer.written(point.value)}" for point in points)
    text = writer.text(
        "difference", subject=writer.subject, items=items, delta=writer.written(delta)
    )
    return Composed(writer.number(delta), writer.unit.name, text, tuple(points), writer.unit)


def _named_order(writer: Writer) -> tuple[str, ...]:
    filters = writer.intent.filters
    by_dimension = {
        Dimension.REGION: filters.regions,
        Dimension.SOURCE: filters.sources,
        Dimension.STATE: filters.states,
    }
    return by_dimension.get(writer.plan.by[0], writer.plan.rows.plants)
