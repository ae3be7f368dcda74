"""What InfluxQL answered, put together: sums at instants, aggregated stretches, counts of flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ons_platform.lake.quality import NOT_USED_IN_ANSWERS, QualityFlag
from ons_platform.questions.engines.influxql_text import to_instant
from ons_platform.questions.engines.sql import COLUMNS
from ons_platform.questions.engines.tally import Extreme, Group, Tallies, Tally, Value, ratio_of
from ons_platform.questions.intent import Dimension
from ons_platform.questions.plan import QueryPlan
from ons_platform.timeseries.client import QlSeries
from ons_platform.timeseries.points import PointModel

_UNUSED = {flag.value for flag in NOT_USED_IN_ANSWERS}
_OF_ANY_ROW = {
    "doubtful": QualityFlag.OUT_OF_RANGE,
    "suspect": QualityFlag.SUSPECT,
    "forecast": QualityFlag.FORECAST,
}
_AT_INSTANTS = frozenset({"raw", "value", "minus", "part", "terms"})


@dataclass(frozen=True)
class Read:
    """A statement and what its answer is.

    `way` tells values at instants (`raw` rows, sums called `value`, `minus` and `part`, and a
    ratio's `terms`), aggregated stretches (`totals`, `first`, `last`, `max`, `min`, `hits`) and
    `flags`. `window` and `bucket` are those all its values belong to.
    """

    text: str
    way: str
    model: PointModel
    window: int | None = None
    bucket: datetime | None = None


@dataclass(slots=True)
class _Sum:
    """What came together at an instant."""

    total: float = 0.0
    rows: int = 0
    ways: set[str] = field(default_factory=set)
    part: float = 0.0
    num: float = 0.0
    den: float = 0.0


def answered(
    plan: QueryPlan, reads: Sequence[Read], answers: Sequence[Sequence[QlSeries]]
) -> list[dict[str, Any]]:
    """Rows of a plan, in its order."""
    found = _Answers(plan)
    for read, answer in zip(reads, answers, strict=True):
        for series in answer:
            found.take(read, series)
    return found.rows()


def group_columns(plan: QueryPlan) -> list[str]:
    """Lake columns by which the series of an answer are told apart."""
    columns = [COLUMNS[item] for item in plan.by if item is not Dimension.WINDOW]
    if plan.spread is not None or plan.rows.pair is not None:
        columns.append(COLUMNS[Dimension.REGION])
    return columns


class _Answers:
    def __init__(self, plan: QueryPlan) -> None:
        self._plan = plan
        self._tallies = Tallies(plan)
        self._raw: dict[Group, list[Value]] = {}
        self._sums: dict[Group, dict[int, _Sum]] = {}
        self._counted = dict.fromkeys(_counted(plan), 0)

    def take(self, read: Read, series: QlSeries) -> None:
        """Take one series of a statement's answer in."""
        records = [dict(zip(series.columns, values, strict=True)) for values in series.values]
        if self._plan.rows.hours and (read.way in _AT_INSTANTS or read.way == "flags"):
            records = [r for r in records if self._tallies.counts(to_instant(r["time"]))]
        if read.way == "flags":
            self._count(read, series, records)
            return
        group = self._group(read, series)
        if read.way not in _AT_INSTANTS:
            for record in records:
                self._tallies.put(group, read.bucket, self._piece(read.way, record))
            return
        sign = self._sign(series.tags.get(read.model.tags["region"]))
        if read.way == "raw":
            sign = -sign if self._plan.negate else sign
            values = [Value(to_instant(r["time"]), sign * r["v"]) for r in records]
            self._raw.setdefault(group, []).extend(values)
            return
        sums = self._sums.setdefault(group, {})
        for record in records:
            self._add(sums.setdefault(record["time"], _Sum()), read.way, sign, record)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of all that was taken."""
        for group, values in self._raw.items():
            self._tallies.values(group, values)
        for group, sums in self._sums.items():
            self._tallies.values(group, self._whole(sums))
        return self._tallies.rows(self._counted)

    def _group(self, read: Read, series: QlSeries) -> Group:
        return tuple(
            read.window
            if item is Dimension.WINDOW
            else series.tags.get(read.model.tags[COLUMNS[item]]) or None
            for item in self._plan.by
        )

    def _sign(self, region: str | None) -> float:
        """-1 for what is taken away: the second region's, and a flow the other way round."""
        pair, spread = self._plan.rows.pair, self._plan.spread
        sign = -1.0 if pair is not None and region != pair[0] else 1.0
        return -sign if spread is not None and region != spread[0] else sign

    def _add(self, here: _Sum, way: str, sign: float, record: dict[str, Any]) -> None:
        if way == "part":
            here.part += sign * record["v"]
        elif way == "terms":
            self._add_terms(here, record)
        else:
            here.total += sign * record["v"] * (-1 if way == "minus" else 1)
            here.rows += record.get("n", 1)
            here.ways.add(way)

    def _add_terms(self, here: _Sum, record: dict[str, Any]) -> None:
        ratio, num, whole = self._plan.ratio, record["num"], record["den"]
        if ratio is not None and ratio.per is not None and whole is not None:
            per = record["per"]
            whole = whole * ratio.scale / per if per else None
        if num is None or whole is None:
            return
        here.num += num
        here.den += whole
        here.rows += 1

    def _whole(self, sums: dict[int, _Sum]) -> Iterator[Value]:
        """The instants at which everything is there."""
        plan = self._plan
        sign = -1.0 if plan.negate and plan.spread is None else 1.0
        for time, here in sums.items():
            if plan.ratio is not None:
                complete = here.rows >= max(plan.parts or 0, 1)
                v = ratio_of(plan.ratio, here.num, here.den)
            else:
                complete, v = self._complete(here), sign * here.total
            if complete:
                yield Value(to_instant(time), v, here.part, here.num, here.den)

    def _complete(self, here: _Sum) -> bool:
        if self._plan.minus is not None:
            return len(here.ways) == len(self._plan.kinds)
        if self._plan.spread is not None:
            return here.rows == len(self._plan.spread)
        return here.rows >= max(self._plan.parts or 0, 1)

    def _piece(self, way: str, record: dict[str, Any]) -> Tally:
        """What one statement says of a stretch; the others' pieces are added to it."""
        if way == "totals":
            n, v = record["n"], record["v"]
            return Tally(n=n, held=n, total=v, weighted=v * self._plan.hours)
        if way == "hits":
            return Tally(hits=record["n"])
        here = Extreme(record["v"], to_instant(record["time"]))
        if way == "first":
            return Tally(first=here.at)
        return {
            "last": Tally(last=here), "max": Tally(most=here), "min": Tally(least=here),
        }[way]  # fmt: skip

    def _count(self, read: Read, series: QlSeries, records: list[dict[str, Any]]) -> None:
        """Count rows by what their flag says; `n…` are those with a value, `m…` those without."""
        flag = series.tags[read.model.tags["quality_flag"]]
        there, missing = (
            sum(value or 0 for r in records for key, value in r.items() if key[0] == kind)
            for kind in ("n", "m")
        )
        found = {name: there + missing for name, of in _OF_ANY_ROW.items() if of.value == flag}
        found["missing"] = missing
        found["excluded"] = there if flag in _UNUSED else 0
        pair = self._plan.rows.pair
        if pair is not None and series.tags.get(read.model.tags["region"]) != pair[0]:
            found["turned"] = there + missing
        for name in self._counted:
            self._counted[name] += found.get(name, 0)


def _counted(plan: QueryPlan) -> list[str]:
    """What is counted over all rows the plan reads."""
    names = [] if "quality_flag" in plan.idle else ["missing", "excluded", *_OF_ANY_ROW]
    return [*names, "turned"] if plan.rows.pair is not None else names
