"""Results as answers: value, text and series of every operation on a time series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ons_platform.lake.zone import brasilia
from ons_platform.questions import texts
from ons_platform.questions.execute import Point, Result, passes
from ons_platform.questions.intent import (
    Aggregate,
    Bucket,
    Dimension,
    Intent,
    Note,
    Operation,
    Shape,
    Unclear,
)
from ons_platform.questions.lexicon import Language
from ons_platform.questions.plan import QueryPlan
from ons_platform.questions.resolve import Resolved
from ons_platform.questions.subject import subject
from ons_platform.questions.units import Unit, unit_of

Value = float | int | str | dict[str, float | int | str]


@dataclass(frozen=True)
class Composed:
    """The parts of an answer that depend on the operation."""

    value: Value
    unit: str | None
    text: str
    points: tuple[Point, ...]
    factor: Unit
    notes: tuple[Note, ...] = ()


def compose(resolved: Resolved, result: Result, language: Language) -> Composed:
    """Value and text of a result that has points."""
    plan, intent = result.plan, resolved.intent
    unit = unit_of(plan, intent, max((abs(point.value) for point in result.points), default=0.0))
    writer = _Writer(resolved, result, language, unit)
    if intent.operation is Operation.CHANGE and len(plan.windows) == 2:
        return writer.change()
    if intent.operation is Operation.CHANGE and intent.asks_amount:
        return writer.difference()
    if intent.operation is Operation.COUNT:
        return writer.count()
    if intent.operation is Operation.MATCHING:
        return writer.matching()
    if intent.operation is Operation.DIRECTION:
        return writer.direction()
    return writer.plain()


class _Writer:
    def __init__(self, resolved: Resolved, result: Result, language: Language, unit: Unit) -> None:
        self._intent: Intent = resolved.intent
        self._plan: QueryPlan = result.plan
        self._result = result
        self._language: Language = language
        self._unit = unit
        self._subject = subject(result.plan, resolved.intent, language)

    def plain(self) -> Composed:
        """One number, the label asked for, or numbers by label."""
        points = self._picked()
        notes = self._contest_notes(points)
        if self._intent.shape is Shape.LABEL:
            return self._label(points[0], notes)
        if self._intent.shape is Shape.TABLE:
            return self._table(points, notes)
        point = points[0]
        if len(points) > 1:
            return self._table(points, notes)
        return Composed(
            self._number(point.value),
            self._unit.name,
            self._statement(point),
            points,
            self._unit,
            notes,
        )

    def _picked(self) -> tuple[Point, ...]:
        points = self._result.points
        if self._plan.alternative is not None and self._plan.order is not None:
            self._check_alternative(points)
        return points[: self._plan.limit] if self._plan.limit is not None else points

    def _check_alternative(self, points: tuple[Point, ...]) -> None:
        """A day's largest load by mean or by peak: when they differ, ask which was meant."""
        largest = self._plan.order == "desc"
        ranked = sorted(points, key=lambda point: point.other or 0.0, reverse=largest)
        count = self._plan.limit or 1
        by_mean = [self._key(point) for point in points[:count]]
        by_other = [self._key(point) for point in ranked[:count]]
        if self._intent.shape is Shape.LABEL and by_mean != by_other:
            raise Unclear("ambiguous_extreme", mean=str(by_mean[0]), other=str(by_other[0]))

    def _contest_notes(self, points: tuple[Point, ...]) -> tuple[Note, ...]:
        if not self._result.left_out:
            return ()
        labels = tuple(str(self._key(point)) for point in self._result.left_out[:6])
        return (Note.of("incomplete_left_out", labels=labels),)

    def _label(self, point: Point, notes: tuple[Note, ...]) -> Composed:
        value = self._key(point)
        if point.bucket is None and not point.labels:
            value = point.at.astimezone(brasilia()).isoformat()
        text = texts.text(
            "label",
            self._language,
            label=self._named(point),
            subject=self._subject,
            value=self._written(point.value),
        )
        if (
            self._plan.operation is Operation.AGGREGATE
            and point.bucket is None
            and self._has_instant()
            and point.labels
        ):
            text = text[:-1] + f" ({texts.moment(point.at, self._language)})."
        return Composed(
            value,
            None if point.bucket is None and not point.labels else self._unit.name,
            text,
            self._result.points[:50],
            self._unit,
            notes,
        )

    def _table(self, points: tuple[Point, ...], notes: tuple[Note, ...]) -> Composed:
        value: dict[str, float | int | str] = {
            str(self._key(point)): self._number(point.value) for point in points
        }
        if len(points) <= 31:
            items = [
                f"{self._named(point)} {self._written(point.value)}{self._when(point)}"
                for point in points
            ]
            text = texts.text(
                "table", self._language, subject=self._subject, items=", ".join(items)
            )
        else:
            high, low = max(points, key=lambda p: p.value), min(points, key=lambda p: p.value)
            text = texts.text(
                "table_long", self._language, subject=self._subject, count=len(points),
                first=self._named(points[0]), last=self._named(points[-1]),
                high=f"{self._written(high.value)} ({self._named(high)})", low=f"{self._written(low.value)} ({self._named(low)})",
            )  # fmt: skip
        return Composed(value, self._unit.name, text, points, self._unit, notes)

    def _when(self, point: Point) -> str:
        if point.bucket is not None or not self._has_instant():
            return ""
        return f" ({texts.moment(point.at, self._language)})"

    def change(self) -> Composed:
        """Two periods: values, difference and percentage, perhaps per group."""
        pairs = self._pairs()
        if not pairs:
            raise Unclear("growth_since_when")
        if self._plan.by != (Dimension.WINDOW,):
            return self._group_change(pairs)
        (before, after) = next(iter(pairs.values()))
        first, second = (self._number(point.value) for point in (before, after))
        delta = round(second - first, 6)
        percent = round(100 * delta / first, 6) if first else None
        names = [
            texts.period(w.civil_start, w.civil_end, self._language) for w in self._plan.windows
        ]
        key = (
            "change"
            if percent is not None
            and self._plan.operation is Operation.CHANGE
            and self._plan.aggregate is not Aggregate.SHARE
            else "change_plain"
        )
        text = texts.text(
            key, self._language, subject=self._subject, before=self._written(before.value), after=self._written(after.value),
            first=names[0], second=names[1], delta=self._written(delta * self._unit.factor), percent=texts.number(percent or 0.0, self._language),
        )  # fmt: skip
        value, unit = self._change_value(first, second, delta, percent)
        return Composed(value, unit, text, (before, after), self._unit)

    def difference(self) -> Composed:
        """The first thing named minus the second."""
        order = self._named_order()
        points = sorted(self._result.points, key=lambda point: order.index(point.labels[0]))
        if len(points) != 2:
            raise Unclear("compare_what")
        first, second = points
        delta = first.value - second.value
        items = ", ".join(f"{self._named(point)} {self._written(point.value)}" for point in points)
        text = texts.text(
            "difference",
            self._language,
            subject=self._subject,
            items=items,
            delta=self._written(delta),
        )
        return Composed(self._number(delta), self._unit.name, text, tuple(points), self._unit)

    def _named_order(self) -> tuple[str, ...]:
        filters = self._intent.filters
        return {
            Dimension.REGION: filters.regions, Dimension.SOURCE: filters.sources, Dimension.STATE: filters.states,
        }.get(self._plan.by[0], self._plan.rows.plants)  # fmt: skip

    def _change_value(
        self, first: float, second: float, delta: float, percent: float | None
    ) -> tuple[Value, str]:
        if self._intent.percent and percent is not None:
            return (-percent if self._intent.falling else percent), "%"
        if self._intent.asks_amount:
            return (-delta if self._intent.falling else delta), self._unit.name
        labels = [window.label for window in self._plan.windows]
        words = (
            ("variacao", "variacao_percentual")
            if self._language == "pt"
            else ("change", "change_percent")
        )
        table: dict[str, float | int | str] = {labels[0]: first, labels[1]: second, words[0]: delta}
        if percent is not None:
            table[words[1]] = percent
        return table, self._unit.name

    def _pairs(self) -> dict[tuple[str, ...], tuple[Point, Point]]:
        found: dict[tuple[str, ...], dict[int, Point]] = {}
        for point in self._result.points:
            found.setdefault(point.labels, {})[point.window or 0] = point
        return {labels: (pair[0], pair[1]) for labels, pair in found.items() if len(pair) == 2}

    def _group_change(self, pairs: dict[tuple[str, ...], tuple[Point, Point]]) -> Composed:
        changes = {
            labels: round(100 * (after.value - before.value) / before.value, 6)
            for labels, (before, after) in pairs.items() if before.value
        }  # fmt: skip
        least = self._intent.order == "asc"
        falling = self._intent.falling
        ordered = sorted(changes.items(), key=lambda item: item[1], reverse=least == falling)
        if not self._intent.percent and self._intent.order is not None:
            self._check_absolute(pairs, ordered[0][0], least == falling)
        ordered = (
            ordered[: self._intent.limit or len(ordered)]
            if self._intent.shape is Shape.TABLE
            else ordered
        )
        sign = -1 if falling else 1
        dimension = self._plan.by[0]
        items = [
            f"{texts.title(dimension, labels[0], self._language)} {texts.number(value, self._language)}%"
            for labels, value in ordered
        ]
        points = tuple(
            Point(labels, None, None, value, pairs[labels][1].n, pairs[labels][1].at, None)
            for labels, value in ordered
        )
        percent = Unit("%")
        if self._intent.shape is Shape.LABEL:
            best = ordered[0][0][0]
            key = "fall_label" if falling else "least_label" if least else "growth_label"
            text = texts.text(
                key,
                self._language,
                label=texts.title(dimension, best, self._language),
                subject=self._subject,
                items=", ".join(items),
            )
            return Composed(best, "%", text, points, percent)
        text = texts.text(
            "growth_table", self._language, subject=self._subject, items=", ".join(items)
        )
        table: dict[str, float | int | str] = {labels[0]: sign * value for labels, value in ordered}
        return Composed(table, "%", text, points, percent)

    def _check_absolute(
        self,
        pairs: dict[tuple[str, ...], tuple[Point, Point]],
        best: tuple[str, ...],
        largest: bool,
    ) -> None:
        deltas = {labels: after.value - before.value for labels, (before, after) in pairs.items()}
        pick = max if largest else min
        absolute = pick(deltas, key=lambda labels: deltas[labels])
        if absolute != best:
            raise Unclear("growth_measure", percent=best[0], absolute=absolute[0])

    def count(self) -> Composed:
        """Intervals or longer stretches past a threshold."""
        threshold = self._intent.threshold
        assert threshold is not None  # noqa: S101 - a count always has one
        notes: tuple[Note, ...] = ()
        scale = 1.0
        if self._intent.counted is Bucket.HOUR and self._plan.hours == 0.5:
            scale, notes = 0.5, (Note.of("half_hours"),)
        counts: dict[str, float] = {}
        totals: dict[str, float] = {}
        for point in self._result.points:
            name = point.labels[0] if point.labels else ""
            amount, total = self._counted(point)
            counts[name] = counts.get(name, 0) + amount * scale
            totals[name] = totals.get(name, 0) + total * scale
        unit = texts.word("counted", self._intent.counted or Bucket.HOUR, self._language)
        condition = self._condition()
        lines = []
        for name in counts:
            label = f"{texts.title(self._plan.by[0], name, self._language)}, " if name else ""
            lines.append(
                self._count_text(label + self._subject, condition, counts[name], totals[name], unit)
            )
        values = {name: self._count_value(counts[name], totals[name]) for name in counts}
        value: Value = values[""] if "" in values else dict(values)
        return Composed(
            value,
            "%" if self._intent.percent else unit,
            " ".join(lines),
            self._result.points[:50],
            self._unit,
            notes,
        )

    def _counted(self, point: Point) -> tuple[float, float]:
        threshold = self._intent.threshold
        assert threshold is not None  # noqa: S101
        if self._plan.bucket is None:
            return point.value, point.n
        by_value = passes(point.value, threshold)
        if point.other is not None and passes(point.other, threshold) != by_value:
            other = sum(passes(p.other or 0.0, threshold) for p in self._result.points)
            mean = sum(passes(p.value, threshold) for p in self._result.points)
            raise Unclear("ambiguous_count", mean=str(mean), other=str(other))
        return float(by_value), 1.0

    def _count_value(self, amount: float, total: float) -> float | int:
        if self._intent.percent:
            return round(100 * amount / total, 6) if total else 0.0
        return int(amount) if float(amount).is_integer() else amount

    def _count_text(
        self, about: str, condition: str, amount: float, total: float, unit: str
    ) -> str:
        if self._intent.percent:
            return texts.text(
                "count_percent", self._language, subject=about, condition=condition, count=texts.number(amount, self._language),
                value=texts.number(100 * amount / total if total else 0.0, self._language), total=texts.number(total, self._language), unit=unit,
            )  # fmt: skip
        return texts.text(
            "count", self._language, subject=about, condition=condition, value=texts.number(amount, self._language),
            unit=unit, total=texts.number(total, self._language),
        )  # fmt: skip

    def _condition(self) -> str:
        threshold = self._intent.threshold
        assert threshold is not None  # noqa: S101
        value = f"{texts.number(threshold.value, self._language)} {self._plan.metric.unit}"
        return texts.text(
            "condition",
            self._language,
            comparison=texts.word("comparisons", threshold.comparison, self._language),
            value=value,
        )

    def matching(self) -> Composed:
        """The things that are past a threshold: with their value at one instant, else how often."""
        found = [point for point in self._result.points if point.value > 0]
        single = all(point.n == 1 for point in self._result.points)
        value: dict[str, float | int | str] = {
            point.labels[0]: (
                point.other if single and point.other is not None else int(point.value)
            )
            for point in found
        }
        if not found:
            text = texts.text(
                "matching_none", self._language, subject=self._subject, condition=self._condition()
            )
            return Composed(value, None, text, (), self._unit)
        items = ", ".join(
            f"{name} ({texts.written(amount, self._language)})" for name, amount in value.items()
        )
        if self._intent.shape is Shape.NUMBER:
            return self._how_many(tuple(found), items)
        text = texts.text(
            "matching",
            self._language,
            subject=self._subject,
            condition=self._condition(),
            items=items,
        )
        unit = (
            self._plan.metric.unit
            if single
            else texts.word("counted", _interval_word(self._plan), self._language)
        )
        return Composed(value, unit, text, tuple(found), self._unit)

    def _how_many(self, found: tuple[Point, ...], items: str) -> Composed:
        """How many things are past the threshold in at least one interval."""
        thing = texts.word("counted_things", self._plan.by[0].value, self._language)
        text = texts.text(
            "how_many",
            self._language,
            subject=self._subject,
            condition=self._condition(),
            count=len(found),
            thing=thing,
            items=items,
        )
        return Composed(len(found), thing, text, found, self._unit)

    def direction(self) -> Composed:
        """Export or import, by the sign of the net exchange."""
        point = self._result.points[0]
        exported = point.value >= 0
        window = self._plan.windows[0]
        region = texts.title(Dimension.REGION, self._plan.rows.regions[0], self._language)
        text = texts.text(
            "exported" if exported else "imported", self._language, region=region, value=self._written(abs(point.value)),
            period=texts.period(window.civil_start, window.civil_end, self._language),
        )  # fmt: skip
        value = texts.text("word_export" if exported else "word_import", self._language)
        if self._intent.asked is not None:
            value = texts.text(
                "yes" if (self._intent.asked == "export") == exported else "no", self._language
            )
            text = f"{value[0].upper()}{value[1:]}. {text}"
        return Composed(value, self._unit.name, text, (point,), self._unit)

    def _statement(self, point: Point) -> str:
        labels = [
            texts.title(d, code, self._language)
            for d, code in zip(self._plan.by, point.labels, strict=False)
        ]
        if point.bucket is not None:
            labels.append(
                texts.bucket(point.bucket, self._plan.bucket or Bucket.DAY, self._language)
            )
        places: dict[str, Any] = {"subject": self._subject, "value": self._written(point.value)}
        key = "statement"
        if labels:
            key, places["labels"] = key + "_of", texts.listed(labels, self._language)
        if point.bucket is None and self._has_instant():
            key, places["at"] = key + "_at", texts.moment(point.at, self._language)
        return texts.text(key, self._language, **places)

    def _has_instant(self) -> bool:
        return self._plan.aggregate in {
            Aggregate.MAX,
            Aggregate.MIN,
            Aggregate.LAST,
            Aggregate.RAMP_UP,
            Aggregate.RAMP_DOWN,
        }

    def _key(self, point: Point) -> str | int:
        if point.bucket is not None:
            label = texts.bucket_label(
                point.bucket, self._plan.bucket or Bucket.DAY, self._plan.dataset.grain
            )
            return f"{point.labels[0]} {label}" if point.labels else label
        if point.labels:
            return point.labels[0]
        return self._plan.windows[point.window or 0].label or "total"

    def _named(self, point: Point) -> str:
        parts = [
            texts.title(d, code, self._language)
            for d, code in zip(self._plan.by, point.labels, strict=False)
        ]
        if point.bucket is not None:
            parts.append(
                texts.bucket(point.bucket, self._plan.bucket or Bucket.DAY, self._language)
            )
        if point.window is not None:
            window = self._plan.windows[point.window]
            parts.append(texts.period(window.civil_start, window.civil_end, self._language))
        return " ".join(parts) or texts.moment(point.at, self._language)

    def _number(self, value: float) -> float:
        return round(self._unit.of(value), 6)

    def _written(self, value: float) -> str:
        return f"{texts.number(self._unit.of(value), self._language)} {self._unit.name}"


def _interval_word(plan: QueryPlan) -> str:
    return {0.5: "interval", 1.0: "hour", 24.0: "day"}.get(plan.hours, "week")


def series_rows(
    plan: QueryPlan, composed: Composed, limit: int
) -> tuple[tuple[dict[str, Any], ...], bool]:
    """`time_series_data` rows, at most `limit` of them, and whether there were more."""
    rows = []
    for point in composed.points[:limit]:
        tags = {
            dimension.value: code for dimension, code in zip(plan.by, point.labels, strict=False)
        }
        if plan.rows.regions and "region" not in tags and len(plan.rows.regions) == 1:
            tags["region"] = plan.rows.regions[0]
        if plan.rows.sources and "source" not in tags and len(plan.rows.sources) == 1:
            tags["source"] = plan.rows.sources[0]
        if isinstance(point.bucket, int):
            tags["hour"] = str(point.bucket)
        rows.append(
            {
                "timestamp": _timestamp(point),
                "measurement": plan.metric.measurement_type,
                "value": round(composed.factor.of(point.value), 6),
                "tags": tags,
            }
        )
    return tuple(rows), len(composed.points) > limit


def _timestamp(point: Point) -> str:
    if isinstance(point.bucket, datetime):
        return point.bucket.replace(tzinfo=brasilia()).isoformat()
    return point.at.astimezone(brasilia()).isoformat()
