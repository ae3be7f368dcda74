"""The windows of a plan as stretches that do not overlap, and their civil months or years."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from ons_platform.lake.zone import brasilia
from ons_platform.questions.intent import Bucket, Dimension
from ons_platform.questions.plan import QueryPlan
from ons_platform.questions.windows import civil


@dataclass(frozen=True)
class Stretch:
    """[start, end), aware; `window` is the number of the window it belongs to where that counts."""

    start: datetime
    end: datetime
    window: int | None = None


def stretches(plan: QueryPlan) -> list[Stretch]:
    """All time the plan reads, each instant once, in order.

    Where windows are told apart, an instant of several belongs to the first of them.
    """
    told_apart = Dimension.WINDOW in plan.by
    edges = sorted({edge for item in plan.windows for edge in (item.start, item.end)})
    found: list[Stretch] = []
    for start, end in pairwise(edges):
        inside = [i for i, item in enumerate(plan.windows) if item.start <= start < item.end]
        if not inside:
            continue
        window = inside[0] if told_apart else None
        if found and found[-1].end == start and found[-1].window == window:
            start = found.pop().start
        found.append(Stretch(start, end, window))
    return found


def cells(stretch: Stretch, bucket: Bucket | None) -> Iterator[tuple[datetime | None, Stretch]]:
    """The parts of a stretch by civil month or year, with the naive civil start of each.

    Without a bucket the stretch is one part.
    """
    if bucket is None:
        yield None, stretch
        return
    start = stretch.start
    while start < stretch.end:
        local = start.astimezone(brasilia())
        year, month = local.year, local.month if bucket is Bucket.MONTH else 1
        months = 1 if bucket is Bucket.MONTH else 12
        following = civil(year + (month + months - 1) // 12, (month + months - 1) % 12 + 1)
        end = min(stretch.end, following)
        yield civil(year, month).replace(tzinfo=None), Stretch(start, end, stretch.window)
        start = end
