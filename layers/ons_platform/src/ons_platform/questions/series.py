"""`time_series_data`: the points behind an answer, as rows (QRY-2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ons_platform.lake.zone import brasilia
from ons_platform.questions.execute import Point
from ons_platform.questions.plan import QueryPlan
from ons_platform.questions.wording.writer import Composed, civil_label


def series_rows(
    plan: QueryPlan, composed: Composed, limit: int
) -> tuple[tuple[dict[str, Any], ...], bool]:
    """At most `limit` rows {timestamp, measurement, value, tags}, and whether there were more."""
    rows = tuple(
        {
            "timestamp": _timestamp(plan, point),
            "measurement": plan.metric.measurement_type,
            "value": round(composed.factor.of(point.value), 6),
            "tags": _tags(plan, point),
        }
        for point in composed.points[:limit]
    )
    return rows, len(composed.points) > limit


def _tags(plan: QueryPlan, point: Point) -> dict[str, str]:
    tags = {item.value: code for item, code in zip(plan.by, point.labels, strict=False)}
    if len(plan.rows.regions) == 1:
        tags.setdefault("region", plan.rows.regions[0])
    if len(plan.rows.sources) == 1:
        tags.setdefault("source", plan.rows.sources[0])
    if isinstance(point.bucket, int):
        tags["hour"] = str(point.bucket)
    return tags


def _timestamp(plan: QueryPlan, point: Point) -> str:
    if isinstance(point.bucket, datetime):
        return point.bucket.replace(tzinfo=brasilia()).isoformat()
    return civil_label(plan, point.at).isoformat()
