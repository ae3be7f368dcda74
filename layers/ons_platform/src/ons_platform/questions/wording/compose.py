"""Results as answers: one number, the label asked for, or numbers by label."""

from __future__ import annotations

from typing import Any

from ons_platform.questions.execute import Point, Result
from ons_platform.questions.intent import Dimension, Note, Operation, Shape, Unclear
from ons_platform.questions.lexicon import Language
from ons_platform.questions.resolve import Resolved
from ons_platform.questions.units import unit_of
from ons_platform.questions.wording import texts
from ons_platform.questions.wording.compose_change import change, difference
from ons_platform.questions.wording.compose_count import count, matching
from ons_platform.questions.wording.sentence import sentence
from ons_platform.questions.wording.writer import Composed, Table, Writer

_LISTED = 31
_SHOWN = 50


def compose(resolved: Resolved, result: Result, language: Language) -> Composed:
    """Value and text of a result that has points."""
    plan, intent = result.plan, resolved.intent
    largest = max((abs(point.value) for point in result.points), default=0.0)
    writer = Writer(intent, result, language, unit_of(plan, intent, largest))
    if intent.operation is Operation.CHANGE and len(plan.windows) == 2:
        return change(writer)
    if intent.operation is Operation.CHANGE and intent.asks_amount:
        return difference(writer)
    if intent.operation is Operation.COUNT:
        return count(writer)
    if intent.operation is Operation.MATCHING:
        return matching(writer)
    if intent.operation is Operation.DIRECTION:
        return _direction(writer)
    return _plain(writer)


def _plain(writer: Writer) -> Composed:
    points = _picked(writer)
    notes = _contest_notes(writer)
    if writer.intent.shape is Shape.LABEL:
        return _label(writer, points[0], notes)
    if writer.intent.shape is Shape.TABLE or len(points) > 1:
        return _table(writer, points, notes)
    text = sentence(writer, points[0]) or _statement(writer, points[0])
    value = writer.number(points[0].value)
    return Composed(value, writer.unit.name, text, points, writer.unit, notes)


def _picked(writer: Writer) -> tuple[Point, ...]:
    points, plan = writer.result.points, writer.plan
    if plan.alternative is not None and plan.order is not None:
        _check_alternative(writer)
    return points[: plan.limit] if plan.limit is not None else points


def _check_alternative(writer: Writer) -> None:
    """The day of the largest load, by mean or by peak: when they differ, ask which was meant."""
    if writer.intent.shape is not Shape.LABEL:
        return
    points = writer.result.points
    pick = max if writer.plan.order == "desc" else min
    other = pick(points, key=lambda point: point.other if point.other is not None else point.value)
    if writer.key(points[0]) != writer.key(other):
        mean, extreme = str(writer.key(points[0])), str(writer.key(other))
        raise Unclear("ambiguous_extreme", mean=mean, other=extreme)


def _contest_notes(writer: Writer) -> tuple[Note, ...]:
    notes: tuple[Note, ...] = ()
    if left_out := writer.result.left_out:
        labels = tuple(str(writer.key(point)) for point in left_out[:6])
        notes += (Note.of("incomplete_left_out", labels=labels),)
    points = writer.result.points
    if writer.intent.shape is Shape.LABEL and len(points) > 1:
        tied = [writer.named(point) for point in points if point.value == points[0].value]
        if len(tied) > 1:
            notes += (Note.of("tie", labels=tuple(tied[:6])),)
    return notes


def _label(writer: Writer, point: Point, notes: tuple[Note, ...]) -> Composed:
    instant = point.bucket is None and not point.labels
    value = writer.instant(point) if instant else writer.key(point)
    amount = writer.written(point.value)
    if point.labels and point.bucket is None and writer.has_instant:
        amount += f" ({writer.moment(point)})"
    text = writer.text("label", label=writer.named(point), subject=writer.subject, value=amount)
    points = writer.result.points[:_SHOWN]
    return Composed(value, writer.unit.name, text, points, writer.unit, notes)


def _table(writer: Writer, points: tuple[Point, ...], notes: tuple[Note, ...]) -> Composed:
    value: Table = {str(writer.key(point)): writer.number(point.value) for point in points}
    if len(points) <= _LISTED:
        items = ", ".join(_item(writer, point) for point in points)
        text = writer.text("table", subject=writer.subject, items=items)
    else:
        text = _long_table(writer, points)
    return Composed(value, writer.unit.name, text, points, writer.unit, notes)


def _item(writer: Writer, point: Point) -> str:
    item = f"{writer.named(point)} {writer.written(point.value)}"
    if point.bucket is None and writer.has_instant:
        item += f" ({writer.moment(point)})"
    return item


def _long_table(writer: Writer, points: tuple[Point, ...]) -> str:
    high = max(points, key=lambda point: point.value)
    low = min(points, key=lambda point: point.value)
    return writer.text(
        "table_long",
        subject=writer.subject,
        count=len(points),
        first=writer.named(points[0]),
        last=writer.named(points[-1]),
        high=f"{writer.written(high.value)} ({writer.named(high)})",
        low=f"{writer.written(low.value)} ({writer.named(low)})",
    )


def _statement(writer: Writer, point: Point) -> str:
    labels = writer.titles(point)
    if point.bucket is not None:
        labels.append(texts.bucket(point.bucket, writer.bucket, writer.language))
    places: dict[str, Any] = {"subject": writer.subject, "value": writer.written(point.value)}
    key = "statement"
    if labels:
        key, places["labels"] = f"{key}_of", texts.listed(labels, writer.language)
    if point.bucket is None and writer.has_instant:
        key, places["at"] = f"{key}_at", writer.moment(point)
    return writer.text(key, **places)


def _ends(writer: Writer) -> tuple[str, str] | None:
    """Between whom energy flowed, if it was not between a subsystem and all others."""
    rows, metric = writer.plan.rows, writer.plan.metric
    if rows.pair is not None:
        origin, destination = (writer.title(Dimension.REGION, code) for code in rows.pair)
        return origin, destination
    if metric.regions:
        countries = [writer.title(Dimension.REGION, code) for code in rows.regions]
        return writer.text("brazil"), texts.listed(countries, writer.language)
    return None


def _direction(writer: Writer) -> Composed:
    """Export or import, by the sign of the net exchange."""
    point, asked = writer.result.points[0], writer.intent.asked
    exported = point.value >= 0
    places = {"value": writer.written(abs(point.value)), "period": writer.period(0)}
    if ends := _ends(writer):
        key = "exported_to" if exported else "imported_from"
        places |= {"origin": ends[0], "destination": ends[1]}
    else:
        key = "exported" if exported else "imported"
        places["region"] = writer.title(Dimension.REGION, writer.plan.rows.regions[0])
    text = writer.text(key, **places)
    value = writer.text("word_export" if exported else "word_import")
    if asked is not None:
        value = writer.text("yes" if (asked == "export") == exported else "no")
        text = f"{value[0].upper()}{value[1:]}. {text}"
    return Composed(value, writer.unit.name, text, (point,), writer.unit)
