"""How often or which: answers to thresholds."""

from __future__ import annotations

from ons_platform.questions.execute import Point
from ons_platform.questions.intent import Bucket, Note, Shape, Unclear
from ons_platform.questions.wording import texts
from ons_platform.questions.wording.sentence import counted
from ons_platform.questions.wording.writer import Composed, Number, Table, Value, Writer

_INTERVALS = {0.5: "interval", 1.0: "hour", 24.0: "day"}
_SHOWN = 50


def count(writer: Writer) -> Composed:
    """Intervals or longer stretches past a threshold, per group when there are groups."""
    halves = writer.intent.counted is Bucket.HOUR and writer.plan.hours == 0.5
    scale = 0.5 if halves else 1.0
    counts: dict[str, float] = {}
    totals: dict[str, float] = {}
    for point in writer.result.points:
        name = point.labels[0] if point.labels else ""
        amount, total = _counted(writer, point)
        counts[name] = counts.get(name, 0.0) + amount * scale
        totals[name] = totals.get(name, 0.0) + total * scale
    unit = texts.word("counted", writer.intent.counted or Bucket.HOUR, writer.language)
    text = " ".join(_line(writer, name, counts[name], totals[name], unit) for name in counts)
    values = {name: _number(writer, counts[name], totals[name]) for name in counts}
    value: Value = values[""] if "" in values else dict(values)
    notes = (Note.of("half_hours"),) if halves else ()
    unit = "%" if writer.intent.percent else unit
    return Composed(value, unit, text, writer.result.points[:_SHOWN], writer.unit, notes)


def _counted(writer: Writer, point: Point) -> tuple[float, float]:
    """Past the threshold and in all. Where mean and peak of a day disagree, ask which counts."""
    threshold = writer.intent.threshold
    if writer.plan.bucket is None or threshold is None:
        return point.value, float(point.n)
    if point.other is not None and threshold.passes(point.other) != threshold.passes(point.value):
        points = writer.result.points
        by_mean = sum(threshold.passes(item.value) for item in points)
        by_other = sum(threshold.passes(item.other or 0.0) for item in points)
        raise Unclear("ambiguous_count", mean=str(by_mean), other=str(by_other))
    return float(threshold.passes(point.value)), 1.0


def _number(writer: Writer, amount: float, total: float) -> Number:
    if writer.intent.percent:
        return round(100 * amount / total, 6) if total else 0.0
    return int(amount) if amount.is_integer() else amount


def _line(writer: Writer, name: str, amount: float, total: float, unit: str) -> str:
    about = f"{writer.title(writer.plan.by[0], name)}, {writer.subject}" if name else writer.subject
    places = {
        "value": texts.number(_number(writer, amount, total), writer.language),
        "count": texts.number(amount, writer.language),
        "total": texts.number(total, writer.language),
        "unit": unit,
    }
    said = None if name else counted(writer, **places)
    if said is not None:
        return said
    key = "count_percent" if writer.intent.percent else "count"
    return writer.text(key, subject=about, condition=writer.condition, **places)


def matching(writer: Writer) -> Composed:
    """The things that are past a threshold: with their value at one instant, else how often."""
    points = writer.result.points
    found = tuple(point for point in points if point.value > 0)
    single = all(point.n == 1 for point in points)
    value: Table = {point.labels[0]: _amount(point, single) for point in found}
    places = {"subject": writer.subject, "condition": writer.condition}
    if writer.intent.shape is not Shape.NUMBER and not found:
        return Composed(value, None, writer.text("matching_none", **places), (), writer.unit)
    items = ", ".join(
        f"{name} ({texts.written(amount, writer.language)})" for name, amount in value.items()
    )
    if writer.intent.shape is Shape.NUMBER:
        thing = texts.word("counted_things", writer.plan.by[0].value, writer.language)
        text = writer.text("how_many", **places, count=len(found), thing=thing, items=items or "-")
        return Composed(len(found), thing, text, found, writer.unit)
    interval = _INTERVALS.get(writer.plan.hours, "week")
    unit = writer.plan.metric.unit if single else texts.word("counted", interval, writer.language)
    text = writer.text("matching", **places, items=items)
    return Composed(value, unit, text, found, writer.unit)


def _amount(point: Point, single: bool) -> Number:
    return point.other if single and point.other is not None else int(point.value)
