"""Values of a result as labels, numbers and words in the language of the question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ons_platform.lake.zone import brasilia
from ons_platform.questions.execute import Point, Result
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Intent, Note
from ons_platform.questions.lexicon import Language
from ons_platform.questions.plan import QueryPlan
from ons_platform.questions.units import Unit
from ons_platform.questions.wording import texts
from ons_platform.questions.wording.subject import subject

Number = float | int
Table = dict[str, float | int | str]
Value = Number | str | Table

_INSTANT = {
    Aggregate.MAX,
    Aggregate.MIN,
    Aggregate.LAST,
    Aggregate.RAMP_UP,
    Aggregate.RAMP_DOWN,
}


@dataclass(frozen=True)
class Composed:
    """The parts of an answer that depend on the operation; `factor` is the unit of `points`."""

    value: Value
    unit: str | None
    text: str
    points: tuple[Point, ...]
    factor: Unit
    notes: tuple[Note, ...] = ()


def civil_label(plan: QueryPlan, at: datetime) -> datetime:
    """The civil instant (of weekly data the day) by which ONS labels an interval's start."""
    return at.astimezone(brasilia()) + timedelta(days=plan.label_days)


class Writer:
    """One result in one language."""

    def __init__(self, intent: Intent, result: Result, language: Language, unit: Unit) -> None:
        self.intent = intent
        self.plan: QueryPlan = result.plan
        self.result = result
        self.language: Language = language
        self.unit = unit
        self.subject = subject(result.plan, intent, language)

    def text(self, key: str, **places: Any) -> str:
        """The text of a key."""
        return texts.text(key, self.language, **places)

    def number(self, value: float) -> float:
        """A value of the plan in the answer's unit."""
        return round(self.unit.of(value), 6)

    def written(self, value: float) -> str:
        """A value of the plan with its unit."""
        return f"{texts.number(self.unit.of(value), self.language)} {self.unit.name}"

    def key(self, point: Point) -> str | int:
        """The label that stands for the point in `value`: region code, ISO date, hour."""
        if point.bucket is not None:
            label = texts.bucket_label(point.bucket, self.bucket, self.plan.dataset.grain)
            return f"{point.labels[0]} {label}" if point.labels else label
        if point.labels:
            return point.labels[0]
        return self.plan.windows[point.window or 0].label or "total"

    def named(self, point: Point) -> str:
        """The point's label in words."""
        parts = self.titles(point)
        if point.bucket is not None:
            parts.append(texts.bucket(point.bucket, self.bucket, self.language))
        if point.window is not None:
            parts.append(self.period(point.window))
        return " ".join(parts) or self.moment(point)

    def moment(self, point: Point) -> str:
        """The point's instant in words; of daily and weekly data the day that labels it."""
        at = civil_label(self.plan, point.at)
        if self.plan.hours >= 24:
            return texts.bucket(at, Bucket.DAY, self.language)
        return texts.moment(at, self.language)

    def instant(self, point: Point) -> str:
        """The point's instant as `value` names it: ISO with offset, or the day."""
        at = civil_label(self.plan, point.at)
        return f"{at:%Y-%m-%d}" if self.plan.hours >= 24 else at.isoformat()

    def titles(self, point: Point) -> list[str]:
        """Names of the point's regions, sources, states and plants."""
        pairs = zip(self.plan.by, point.labels, strict=False)
        return [texts.title(dimension, code, self.language) for dimension, code in pairs]

    def title(self, dimension: Dimension, code: str) -> str:
        """The name of a region, source or state."""
        return texts.title(dimension, code, self.language)

    def period(self, window: int) -> str:
        """A window in words."""
        item = self.plan.windows[window]
        return texts.period(item.civil_start, item.civil_end, self.language)

    @property
    def bucket(self) -> Bucket:
        """The plan's bucket where points have one."""
        return self.plan.bucket or Bucket.DAY

    @property
    def has_instant(self) -> bool:
        """True when each value was reached at an instant worth telling."""
        return self.plan.aggregate in _INSTANT

    @property
    def condition(self) -> str:
        """The threshold in words."""
        threshold = self.intent.threshold
        if threshold is None:
            return ""
        comparison = texts.word("comparisons", threshold.comparison, self.language)
        value = f"{texts.number(threshold.value, self.language)} {self.plan.metric.unit}"
        return self.text("condition", comparison=comparison, value=value)
