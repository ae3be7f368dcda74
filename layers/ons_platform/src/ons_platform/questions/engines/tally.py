"""Rows of a plan from values at instants, or from what an engine made of a stretch of them.

For engines that add up what stands at one instant and know nothing of civil time in Brasília:
buckets, extremes with their instants, thresholds and ratios over time are worked out here, and
come out in the columns of `questions/sql.render`.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from ons_platform.catalog.model import Ratio
from ons_platform.lake.zone import brasilia
from ons_platform.questions.engines.sql import COLUMNS
from ons_platform.questions.intent import Aggregate, Bucket, Operation
from ons_platform.questions.plan import QueryPlan

Group = tuple[str | int | None, ...]
"""The values of the plan's dimensions, in their order; of `Dimension.WINDOW` the number."""
BucketValue = datetime | int | None
_HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Value:
    """What holds at an instant; `part` is a share's numerator, `num` and `den` are a ratio's."""

    at: datetime
    v: float | None
    part: float = 0.0
    num: float = 0.0
    den: float = 0.0


@dataclass(slots=True)
class Extreme:
    """The greatest (or least) value so far and the first instant it was reached."""

    v: float
    at: datetime


@dataclass(slots=True)
class Tally:
    """What is known of the values of one group and bucket; tallies of its pieces can be added.

    Of `n` instants `held` have a value: a ratio whose parts add up to nothing has none. `first` and
    `end` are the first and the last instant of all, `last` is the last value.
    """

    n: int = 0
    held: int = 0
    total: float = 0.0
    weighted: float = 0.0
    part: float = 0.0
    num: float = 0.0
    den: float = 0.0
    hits: int = 0
    first: datetime | None = None
    end: datetime | None = None
    last: Extreme | None = None
    most: Extreme | None = None
    least: Extreme | None = None

    def add(self, other: Tally) -> None:
        """Take another piece's values in."""
        for name in ("n", "held", "total", "weighted", "part", "hits"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for at in (other.first, other.end):
            if at is not None:
                self.span(at)
        self.last = _later(self.last, other.last)
        self.most = _further(self.most, other.most, 1)
        self.least = _further(self.least, other.least, -1)

    def span(self, at: datetime) -> None:
        """There is a value then, if only an undefined one."""
        if self.first is None or at < self.first:
            self.first = at
        if self.end is None or at > self.end:
            self.end = at

    def see(self, here: Extreme) -> None:
        """A value that may be the greatest, the least or the last."""
        if self.last is None or here.at > self.last.at:
            self.last = here
        if self.most is None or (here.v, self.most.at) > (self.most.v, here.at):
            self.most = here
        if self.least is None or (here.v, here.at) < (self.least.v, self.least.at):
            self.least = here


def _later(one: Extreme | None, other: Extreme | None) -> Extreme | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda item: item.at)


def _further(one: Extreme | None, other: Extreme | None, sign: int) -> Extreme | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda item: (-sign * item.v, item.at))


class Tallies:
    """Gathers what a plan's rows are made of."""

    def __init__(self, plan: QueryPlan) -> None:
        self._plan = plan
        self._zone = brasilia()
        self._found: dict[tuple[Group, BucketValue], Tally] = {}

    def put(self, group: Group, bucket: BucketValue, tally: Tally) -> None:
        """Add the tally of a stretch that lies in one bucket."""
        self._found.setdefault((group, bucket), Tally()).add(tally)

    def values(self, group: Group, values: Iterable[Value]) -> None:
        """Add values of a group at instants, in any order."""
        if self._plan.operation is Operation.RAMP:
            values = self._steps(sorted(values, key=lambda item: item.at))
        for value in values:
            tally = self._found.setdefault((group, self.bucket(value.at)), Tally())
            self._take(tally, value)

    def counts(self, at: datetime) -> bool:
        """Whether the hour of the day is among those the plan reads."""
        hours = self._plan.rows.hours
        return not hours or at.astimezone(self._zone).hour in hours

    def bucket(self, at: datetime) -> BucketValue:
        """The civil bucket of an instant: a naive civil time, or the hour of the day."""
        bucket = self._plan.bucket
        if bucket is None:
            return None
        local = at.astimezone(self._zone).replace(tzinfo=None)
        return floor(local + timedelta(days=self._plan.label_days), bucket)

    def rows(self, counted: Mapping[str, int]) -> list[dict[str, Any]]:
        """The plan's rows in its order, each with what was `counted` over all rows read."""
        names = [COLUMNS[item] for item in self._plan.by]
        rows = []
        for (group, bucket), tally in self._found.items():
            row: dict[str, Any] = dict(zip(names, group, strict=True))
            if self._plan.bucket is not None:
                row["bucket"] = bucket
            rows.append({**row, **self._columns(tally), **counted})
        return ordered(self._plan, names, rows)

    def _take(self, tally: Tally, value: Value) -> None:
        tally.n += 1
        tally.num += value.num
        tally.den += value.den
        tally.part += value.part
        tally.span(value.at)
        if value.v is None:
            return
        tally.held += 1
        tally.total += value.v
        if self._plan.aggregate is Aggregate.ENERGY:
            tally.weighted += value.v * self._hours(value.at)
        if self._plan.threshold is not None:
            tally.hits += self._passes(value.v)
        tally.see(Extreme(value.v, value.at))

    def _hours(self, at: datetime) -> float:
        """Length of the interval that begins then; months and years are not all equally long."""
        grain = self._plan.dataset.grain
        if grain not in {"P1M", "P1Y"}:
            return self._plan.hours
        local = at.astimezone(self._zone).replace(tzinfo=None)
        months = 1 if grain == "P1M" else 12
        year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
        day = min(local.day, monthrange(year, month + 1)[1])
        end = local.replace(year=year, month=month + 1, day=day, tzinfo=self._zone)
        return (end - at) / _HOUR

    def _passes(self, v: float) -> int:
        threshold = self._plan.threshold
        if threshold is None:
            return 0
        amount = abs(v) if self._plan.spread else v
        return int(threshold.passes(amount))

    def _steps(self, values: list[Value]) -> Iterable[Value]:
        """Changes from the interval before, where there is one."""
        grain = timedelta(hours=self._plan.hours)
        for before, now in pairwise(values):
            if now.at - before.at == grain and now.v is not None and before.v is not None:
                yield Value(now.at, now.v - before.v)

    def _columns(self, tally: Tally) -> dict[str, Any]:
        plan = self._plan
        row: dict[str, Any] = {"value": self._value(tally), "n": tally.n}
        if plan.alternative is not None:
            row["other"] = _simple(plan.alternative, tally)
        elif plan.operation is Operation.MATCHING and plan.threshold is not None:
            low = plan.threshold.comparison.startswith("<")
            row["other"] = _simple(Aggregate.MIN if low else Aggregate.MAX, tally)
        last = tally.last.at if tally.last else tally.end
        if last is not None and tally.end is not None:
            last = max(last, tally.end)
        row["at"] = last
        if plan.aggregate in {Aggregate.MAX, Aggregate.RAMP_UP}:
            row["at"] = tally.most.at if tally.most else None
        elif plan.aggregate in {Aggregate.MIN, Aggregate.RAMP_DOWN}:
            row["at"] = tally.least.at if tally.least else None
        return row | {"first": tally.first, "last": last}

    def _value(self, tally: Tally) -> float | int | None:
        plan = self._plan
        if plan.threshold is not None and plan.bucket is None:
            return tally.hits
        if plan.aggregate is Aggregate.ENERGY:
            return tally.weighted
        if plan.aggregate is Aggregate.SHARE:
            share = plan.numerator is not None
            return _percent(tally.part, tally.total) if share else tally.total
        if plan.aggregate is Aggregate.LAST:
            return tally.last.v if tally.last else None
        if plan.aggregate is Aggregate.MEAN and plan.ratio and plan.ratio.over_time == "sum":
            return ratio_of(plan.ratio, tally.num, tally.den)
        return _simple(plan.aggregate, tally)


def ratio_of(ratio: Ratio, num: float, den: float) -> float | None:
    """What one is of the other, times the ratio's scale."""
    return ratio.scale * num / den if den else None


def floor(local: datetime, bucket: Bucket) -> BucketValue:
    """The bucket of a naive civil time."""
    if bucket is Bucket.INTERVAL:
        return local
    if bucket is Bucket.HOUR_OF_DAY:
        return local.hour
    if bucket is Bucket.HOUR:
        return local.replace(minute=0, second=0, microsecond=0)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if bucket is Bucket.DAY:
        return day
    if bucket is Bucket.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if bucket is Bucket.MONTH else day.replace(month=1, day=1)


def ordered(plan: QueryPlan, names: list[str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in the plan's order: by value where one was said, else by bucket and dimensions."""
    bucketed = plan.bucket is not None
    if plan.order is not None and plan.operation is not Operation.CHANGE:
        rows = _sorted(rows, [*names, *(["bucket"] if bucketed else [])])
        held = [row for row in rows if row["value"] is not None]
        held.sort(key=lambda row: row["value"], reverse=plan.order == "desc")
        return held + [row for row in rows if row["value"] is None]
    return _sorted(rows, ["bucket", *names] if bucketed else names)


def _sorted(rows: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    """By the columns, nulls last."""
    for name in reversed(names):
        filled = [row for row in rows if row[name] is not None]
        filled.sort(key=lambda row: row[name])
        rows = filled + [row for row in rows if row[name] is None]
    return rows


def _simple(aggregate: Aggregate, tally: Tally) -> float | None:
    if aggregate in {Aggregate.MAX, Aggregate.RAMP_UP}:
        return tally.most.v if tally.most else None
    if aggregate in {Aggregate.MIN, Aggregate.RAMP_DOWN}:
        return tally.least.v if tally.least else None
    if not tally.held:
        return None
    return tally.total / tally.held if aggregate is Aggregate.MEAN else tally.total


def _percent(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None
