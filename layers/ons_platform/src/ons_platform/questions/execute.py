"""Running a plan, and the arithmetic on its few rows that no engine needs to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.zone import brasilia
from ons_platform.questions.engines.choice import Engine, PlanStore, Ran, run_plan
from ons_platform.questions.engines.sql import COLUMNS
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.plan import QueryPlan, Window

_LEAST_HELD = 0.9


@dataclass(frozen=True)
class Point:
    """One value: its group, its civil bucket, the instant of an extreme or of the last value."""

    labels: tuple[str, ...]
    bucket: datetime | int | None
    window: int | None
    value: float
    n: int
    at: datetime
    other: float | None


@dataclass(frozen=True)
class Result:
    """The points of a plan in its order, and what is known of the rows behind them."""

    plan: QueryPlan
    points: tuple[Point, ...]
    ran: Ran
    missing: int
    excluded: int
    doubtful: int
    suspect: int
    forecast: int
    turned: int
    first: datetime | None
    last: datetime | None
    left_out: tuple[Point, ...] = ()

    @property
    def intervals(self) -> int:
        """Intervals with a value, of the group that has fewest."""
        totals: dict[tuple[object, ...], int] = {}
        for point in (*self.points, *self.left_out):
            key = (*point.labels, point.window)
            totals[key] = totals.get(key, 0) + point.n
        return min(totals.values(), default=0)


def execute(
    plan: QueryPlan, known: Sequence[Knowledge], engine: Engine, store: PlanStore | None = None
) -> Result:
    """Run the plan where all of it is held.

    `known` is the coverage of the plan's datasets, in their order. A row of no interval, which SQL
    gives where nothing is grouped, is none.
    """
    ran = run_plan(plan, known, engine, store)
    rows = [row for row in ran.rows if row["n"]]
    points = [_point(plan, row) for row in rows if row["value"] is not None]
    if plan.aggregate is Aggregate.SHARE and plan.numerator is None:
        points = _shares(points)
    kept, left_out = _whole(plan, points)
    return Result(
        plan, tuple(kept), ran,
        missing=int(rows[0].get("missing", 0)) if rows else 0,
        excluded=int(rows[0].get("excluded", 0)) if rows else 0,
        doubtful=int(rows[0].get("doubtful", 0)) if rows else 0,
        suspect=int(rows[0].get("suspect", 0)) if rows else 0,
        forecast=int(rows[0].get("forecast", 0)) if rows else 0,
        turned=int(rows[0].get("turned", 0)) if rows else 0,
        first=min((row["first"] for row in rows if row["first"]), default=None),
        last=max((row["last"] for row in rows if row["last"]), default=None),
        left_out=tuple(left_out),
    )  # fmt: skip


def expected(plan: QueryPlan, windows: Sequence[Window] | None = None) -> int:
    """Intervals the windows would hold if nothing were missing."""
    total = 0.0
    for item in windows if windows is not None else plan.windows:
        hours = (item.end - item.start).total_seconds() / 3600
        total += round(hours / plan.hours) if plan.hours < 24 else round(hours / plan.hours + 0.001)
    if plan.rows.hours:
        total = total * len(plan.rows.hours) / 24
    if plan.operation is Operation.RAMP:
        total -= len(plan.windows)
    return round(total)


def _point(plan: QueryPlan, row: dict[str, Any]) -> Point:
    labels = tuple(str(row[COLUMNS[item]]) for item in plan.by if item is not Dimension.WINDOW)
    window = row.get("period")
    other = row.get("other")
    return Point(
        labels, row.get("bucket"), int(window) if window is not None else None,
        float(row["value"]), int(row["n"]), row["at"], float(other) if other is not None else None,
    )  # fmt: skip


def _shares(points: list[Point]) -> list[Point]:
    """Each group's part of its window's and bucket's total, in percent."""
    totals: dict[tuple[object, object], float] = {}
    for point in points:
        key = (point.bucket, point.window)
        totals[key] = totals.get(key, 0.0) + point.value
    return [
        Point(p.labels, p.bucket, p.window, 100 * p.value / total, p.n, p.at, p.other)
        for p in points
        if (total := totals[p.bucket, p.window])
    ]


def _whole(plan: QueryPlan, points: list[Point]) -> tuple[list[Point], list[Point]]:
    """In a contest of years, or for the least energy, stretches that are not whole are left out.

    A record is a record, whether or not its year is over.
    """
    if plan.aggregate in {Aggregate.MAX, Aggregate.MIN}:
        return points, []
    if plan.order is None or plan.bucket not in {Bucket.YEAR, Bucket.MONTH}:
        return points, []
    contest = plan.bucket is Bucket.YEAR or (
        plan.aggregate is Aggregate.ENERGY and plan.order == "asc"
    )
    if not contest or plan.operation is Operation.COUNT:
        return points, []
    whole = [point for point in points if point.n >= _LEAST_HELD * _bucket_intervals(plan, point)]
    return (whole, [point for point in points if point not in whole]) if whole else (points, [])


def _bucket_intervals(plan: QueryPlan, point: Point) -> float:
    start = point.bucket
    if not isinstance(start, datetime):
        return 1.0
    begin = start.replace(tzinfo=brasilia())
    end = begin.replace(year=begin.year + 1) if plan.bucket is Bucket.YEAR else _next_month(begin)
    held = [
        max((min(end, item.civil_end) - max(begin, item.civil_start)).total_seconds(), 0.0)
        for item in plan.windows
    ]
    asked = end - begin if plan.bucket is Bucket.YEAR else timedelta(seconds=max(held, default=0.0))
    share = len(plan.rows.hours) / 24 if plan.rows.hours else 1.0
    return asked.total_seconds() / 3600 / plan.hours * share


def _next_month(start: datetime) -> datetime:
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
