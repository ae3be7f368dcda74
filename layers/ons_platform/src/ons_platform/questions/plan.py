"""A query as a value, neutral of any engine: what SQL, Flux and InfluxQL are rendered from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ons_platform.catalog.model import Dataset, Metric, Ratio
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.quantities import Threshold

GRAIN_HOURS = {
    "PT30M": 0.5,
    "PT1H": 1.0,
    "P1D": 24.0,
    "P1W": 168.0,
    "P1M": 730.5,
    "P1Y": 8766.0,
    "event": 1.0,
}
"""Length of an interval; of months and years the mean, an event counts as its hour."""
SUBSYSTEMS = ("SE", "S", "NE", "N")


@dataclass(frozen=True)
class Window:
    """A half-open stretch of time: absolute instants (UTC) and the civil instants they stand for.

    `label` names it in answers. The civil ends are what the asker said; for data labelled by the
    end of their interval the absolute ones are shifted accordingly.
    """

    start: datetime
    end: datetime
    civil_start: datetime
    civil_end: datetime
    label: str


@dataclass(frozen=True)
class Rows:
    """Which rows are read. Empty means no restriction; `plants` are names as the data hold them.

    `attributes` are ONS columns with the values that count. `pair` is a flow from one place to
    another: rows that hold it the other way round count with their sign turned.
    """

    regions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    plants: tuple[str, ...] = ()
    hours: tuple[int, ...] = ()
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    pair: tuple[str, str] | None = None


@dataclass(frozen=True)
class QueryPlan:
    """One question to one measurement of one dataset.

    Rows of an instant (and group) are added up when `parts` is not None, and only where at least
    `parts` of them are present; with `spread` the first region minus the second. Then values are
    aggregated over each bucket and group, compared with the threshold, ordered and limited.
    `label_days` is added to a row's start to get the civil day that labels it (weekly data).
    `numerator` is what a share is of; the rest of `rows` is its denominator.
    `also` are datasets whose rows are read as if they were the dataset's: the same quantity of
    other sources. `minus` is a measurement type taken from the metric's at each instant. With
    `ratio` the value of an instant (and group) is `scale` x sum of numerators / sum of
    denominators, over rows that have both. Of rows that differ in `versions` only, the one with
    the greatest is read. `idle` names columns whose test would hold for every row there is
    (`region`, `measurement_type`, `quality_flag`, `energy_source`): an engine need not read them.
    """

    dataset: Dataset
    metric: Metric
    operation: Operation
    aggregate: Aggregate
    windows: tuple[Window, ...]
    rows: Rows
    by: tuple[Dimension, ...] = ()
    bucket: Bucket | None = None
    parts: int | None = None
    spread: tuple[str, str] | None = None
    numerator: Rows | None = None
    threshold: Threshold | None = None
    alternative: Aggregate | None = None
    order: str | None = None
    limit: int | None = None
    label_days: int = 0
    negate: bool = False
    idle: frozenset[str] = frozenset()
    also: tuple[Dataset, ...] = ()
    minus: str | None = None
    ratio: Ratio | None = None
    versions: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The measurement types that are read."""
        if self.ratio is not None:
            terms = (self.ratio.numerator, self.ratio.denominator, self.ratio.per)
            return tuple(dict.fromkeys(kind for kind in terms if kind is not None))
        return (self.metric.measurement_type, *((self.minus,) if self.minus else ()))

    @property
    def things(self) -> tuple[str, ...]:
        """Columns that tell the rows of an instant and measurement type apart, versions aside."""
        apart = {"timestamp", "measurement_type", *self.versions}
        return tuple(name for name in self.dataset.key if name not in apart)

    @property
    def hours(self) -> float:
        """Hours of one interval: what turns MWmed into MWh."""
        return GRAIN_HOURS[self.dataset.grain or "PT1H"]
