"""A chart's data, when a picture says more than the number."""

from __future__ import annotations

from datetime import datetime

from ons_platform.questions.answer import ChartSpec
from ons_platform.questions.intent import Bucket, Dimension
from ons_platform.questions.lexicon import Language
from ons_platform.questions.resolve import Resolved
from ons_platform.questions.wording import texts
from ons_platform.questions.wording.writer import Composed

_MOST = 400


def chart_of(resolved: Resolved, composed: Composed, language: Language) -> ChartSpec | None:
    """Lines over time, bars over anything else; None for a single value."""
    points = composed.points[:_MOST]
    if len(points) < 2:
        return None
    plan = resolved.plan
    over_time = isinstance(points[0].bucket, datetime) and plan.order is None
    labels: list[str] = []
    series: dict[str, dict[str, float]] = {}
    for point in points:
        named = [
            texts.title(d, code, language) for d, code in zip(plan.by, point.labels, strict=False)
        ]
        if point.bucket is not None:
            label, name = (
                _bucket_label(point.bucket, plan.bucket or Bucket.DAY, language),
                " ".join(named),
            )
        else:
            label, name = " ".join(named), ""
        if point.window is not None and Dimension.WINDOW in plan.by:
            window = plan.windows[point.window]
            name = texts.period(window.civil_start, window.civil_end, language)
            label = label or name
        if label not in labels:
            labels.append(label)
        series.setdefault(name or composed.factor.name, {})[label] = composed.factor.of(point.value)
    return ChartSpec(
        title=composed.text.split(":")[0],
        unit=composed.factor.name,
        kind="line" if over_time else "bar",
        labels=tuple(labels),
        series={name: tuple(map(values.get, labels)) for name, values in series.items()},
    )


def _bucket_label(bucket: datetime | int, kind: Bucket, language: Language) -> str:
    """An ISO instant, which the drawing makes readable; an hour of the day in words."""
    return (
        bucket.isoformat() if isinstance(bucket, datetime) else texts.bucket(bucket, kind, language)
    )
