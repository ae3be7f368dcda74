"""Where a plan's points are: the ranges, filters, windows and tags that its reads have in common.

Everything here is pushed down: the storage engine itself finds the points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from ons_platform.catalog.model import Dataset
from ons_platform.questions.engines.clock import Clock
from ons_platform.questions.engines.flux_rows import UNUSED
from ons_platform.questions.engines.flux_text import column, duration, flux_string, one_of
from ons_platform.questions.engines.notrenderable import NotRenderable
from ons_platform.questions.engines.sql import COLUMNS
from ons_platform.questions.engines.stretches import Stretch
from ons_platform.questions.intent import Bucket, Dimension
from ons_platform.questions.plan import QueryPlan
from ons_platform.timeseries.instants import rfc3339
from ons_platform.timeseries.points import DATASET_TAG, MISSING_SUFFIX, point_model

EVERY = {
    Bucket.HOUR: ("1h", timedelta(hours=1)),
    Bucket.DAY: ("1d", timedelta(days=1)),
    Bucket.WEEK: ("1w", timedelta(weeks=1)),
    Bucket.MONTH: ("1mo", timedelta(days=31)),
    Bucket.YEAR: ("1y", timedelta(days=366)),
}
"""Flux's windows, and how long they are at most."""
_MONDAY = timedelta(days=4)
"""From the beginning of Unix time, a Thursday."""
_HOUR = timedelta(hours=1)


class Source:
    """The points of one dataset that a plan reads.

    Raises `NotRenderable` where the store has no field or tag for what is asked.
    """

    def __init__(self, plan: QueryPlan, dataset: Dataset) -> None:
        self._plan = plan
        found = point_model(dataset)
        if found is None:
            raise NotRenderable(f"{dataset.dataset} has no place in the time-series store")
        self.model = found

    def text(self, stretch: Stretch, tests: Sequence[str]) -> str:
        """The points of a stretch that pass the tests."""
        model = self.model
        own = [one_of("_measurement", [model.measurement]), one_of(DATASET_TAG, [model.dataset])]
        tests = [*own, *tests, *self._conditions()]
        start, stop = rfc3339(stretch.start), rfc3339(stretch.end)
        return (
            f"from(bucket: {flux_string(self.model.bucket)})\n"
            f"  |> range(start: {start}, stop: {stop})\n"
            f"  |> filter(fn: (r) => {' and '.join(tests)})"
        )

    def usable(self) -> list[str]:
        """Rows with a value that does not contradict its file."""
        tests = [self.fields(missing=False)]
        if "quality_flag" not in self._plan.idle:
            flag = column(self.tag("quality_flag"))
            tests += [f"{flag} != {flux_string(value)}" for value in sorted(UNUSED)]
        return tests

    def fields(self, *, missing: bool, held: bool = True) -> str:
        """The fields of rows with a value, and of those without."""
        fields = []
        for kind in self._plan.kinds:
            if kind not in self.model.fields:
                raise NotRenderable(f"{self.model.dataset} has no field for {kind}")
            fields.append(self.model.fields[kind])
        without = [f"{field}{MISSING_SUFFIX}" for field in fields] if missing else []
        return one_of("_field", [*(fields if held else []), *without])

    def _conditions(self) -> Iterator[str]:
        """Tests of the plan's restrictions."""
        rows, idle = self._plan.rows, self._plan.idle
        said = (
            ("region", rows.regions), ("energy_source", rows.sources), ("state", rows.states),
            ("entity_name", rows.plants),
        )  # fmt: skip
        for name, values in said:
            if values and name not in idle:
                yield one_of(self.tag(name), values)
        for name, values in rows.attributes:
            yield one_of(self.tag(name), values)
        if rows.pair is not None:
            here, there = self.tag("region"), self.tag("region_to")
            ways = [
                f"({one_of(here, [origin])} and {one_of(there, [end])})"
                for origin, end in (rows.pair, rows.pair[::-1])
            ]
            yield f"({' or '.join(ways)})"

    def groups(self) -> list[str]:
        """Tags that tell the plan's rows apart."""
        groups = [item for item in self._plan.by if item is not Dimension.WINDOW]
        return [self.tag(COLUMNS[item]) for item in groups]

    def tags(self) -> list[str]:
        """Tags that tell apart what is added up apart."""
        plan, columns = self._plan, list[str]()
        if plan.spread is not None or plan.rows.pair is not None:
            columns.append("region")
        if plan.numerator is not None:
            columns += ["region", "energy_source", "state", "entity_name"]
            columns += [name for name, _ in plan.numerator.attributes]
        if plan.ratio is not None or plan.versions:
            columns += [name for name in plan.things if name in self.model.tags]
        if plan.versions:
            columns += [*plan.versions, "quality_flag", "region"]
        several = len(plan.kinds) > 1 or plan.ratio is not None or bool(plan.versions)
        tags = dict.fromkeys((*self.groups(), *map(self.tag, columns)))
        return [*tags, "_field"] if several else [*tags]

    def tag(self, name: str) -> str:
        """The tag of a lake column."""
        if name not in self.model.tags:
            raise NotRenderable(f"{self.model.dataset} has no tag for {name}")
        return self.model.tags[name]


def window_of(plan: QueryPlan, leg: Clock) -> str:
    """Flux's windows that are the plan's buckets under the clock of the stretch."""
    if plan.bucket is None:
        raise NotRenderable("a window needs a bucket")
    every, length = EVERY[plan.bucket]
    behind = -leg.offset - timedelta(days=plan.label_days)
    if plan.bucket in {Bucket.MONTH, Bucket.YEAR}:
        if behind < timedelta():
            every, length = EVERY[Bucket.DAY]
        else:
            length = behind + _HOUR
    offset = (behind + (_MONDAY if plan.bucket is Bucket.WEEK else timedelta())) % length
    return f"every: {every}, offset: {duration(offset)}"


def follow(hours: Sequence[int]) -> bool:
    """True for hours that follow each other: selected by the server, others as they come."""
    return bool(hours) and hours[-1] - hours[0] == len(hours) - 1


def runs(hours: Sequence[int], offset: timedelta) -> list[str]:
    """The civil hours that are read, as runs of hours in UTC; all of them need no selection."""
    if not hours:
        return [""]
    if offset % _HOUR:
        raise NotRenderable("clocks of Brasília were not whole hours from UTC")
    found = sorted((hour - offset // _HOUR) % 24 for hour in hours)
    runs = [
        [hour for _, hour in run]
        for _, run in groupby(enumerate(found), key=lambda item: item[1] - item[0])
    ]
    return [f"\n  |> hourSelection(start: {run[0]}, stop: {run[-1]})" for run in runs]
