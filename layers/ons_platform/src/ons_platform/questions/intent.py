"""What a question asks for, typed: the only thing a plan is built from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ons_platform.catalog.model import Dataset, Text
from ons_platform.questions.entities import Naming
from ons_platform.questions.metrics import MetricOf
from ons_platform.questions.periods import PeriodMatch
from ons_platform.questions.quantities import Threshold, UnitAsked


class Operation(StrEnum):
    """Kinds of answer."""

    AGGREGATE = "aggregate"
    SHARE = "share"
    CHANGE = "change"
    COUNT = "count"
    MATCHING = "matching"
    RAMP = "ramp"
    DIRECTION = "direction"
    COVERAGE = "coverage"
    INVENTORY = "inventory"
    QUALITY = "quality"
    UNITS = "units"


class Aggregate(StrEnum):
    """How values over time become one."""

    MEAN = "mean"
    ENERGY = "energy"
    MAX = "max"
    MIN = "min"
    LAST = "last"
    COUNT = "count"
    SHARE = "share"
    RAMP_UP = "ramp_up"
    RAMP_DOWN = "ramp_down"
    SUM = "sum"


class Bucket(StrEnum):
    """Civil time (Brasília) in which values are grouped."""

    INTERVAL = "interval"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    HOUR_OF_DAY = "hour_of_day"


class Dimension(StrEnum):
    """What a series can be split by."""

    REGION = "region"
    STATE = "state"
    SOURCE = "source"
    PLANT = "plant"
    WINDOW = "window"


class Shape(StrEnum):
    """What `value` is: a number, the label asked for, numbers by label."""

    NUMBER = "number"
    LABEL = "label"
    TABLE = "table"


@dataclass(frozen=True)
class Note:
    """A sentence of texts.yaml with its places filled in when the answer is written."""

    key: str
    places: tuple[tuple[str, object], ...] = ()

    @classmethod
    def of(cls, key: str, **places: object) -> Note:
        """A note with named places."""
        return cls(key, tuple(places.items()))


@dataclass(frozen=True)
class Filters:
    """Which rows count. Empty means no restriction.

    `attributes` are ONS columns with the values said; `pair` is a flow's origin and destination.
    """

    regions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    plants: tuple[Naming, ...] = ()
    hours: frozenset[int] | None = None
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    pair: tuple[str, str] | None = None


@dataclass(frozen=True)
class Intent:
    """A question understood. `options` are the dataset metrics that could answer, same quantity.

    `minus` is the measurement type of the schedule that a deviation is from. `narrowed` are the
    words for `filters.attributes` in both languages. `flags` are the kinds of odd records a
    question about quality names; none means every kind.
    """

    operation: Operation
    options: tuple[MetricOf, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    preferred: tuple[str, ...] = ()
    filters: Filters = Filters()
    said_regions: tuple[str, ...] = ()
    periods: tuple[PeriodMatch, ...] = ()
    previous_year: bool = False
    aggregate: Aggregate = Aggregate.MEAN
    alternative: Aggregate | None = None
    bucket: Bucket | None = None
    by: tuple[Dimension, ...] = ()
    order: str | None = None
    limit: int | None = None
    shape: Shape = Shape.NUMBER
    numerator: Dimension | None = None
    threshold: Threshold | None = None
    spread: bool = False
    percent: bool = False
    counted: Bucket | None = None
    unit: UnitAsked | None = None
    negate: bool = False
    whole_system: bool = False
    falling: bool = False
    asks_amount: bool = False
    asked: str | None = None
    together: bool = False
    units: tuple[str, ...] = ()
    if_several: bool = False
    flags: tuple[str, ...] = ()
    minus: str | None = None
    narrowed: tuple[Text, ...] = ()
    notes: tuple[Note, ...] = field(default=())


class Unclear(Exception):
    """The question is not answered: why, and what could be asked instead."""

    def __init__(
        self, key: str, *, scope: bool = False, suggestions: tuple[str, ...] = (), **places: object
    ) -> None:
        super().__init__(key)
        self.note = Note.of(key, **places)
        self.out_of_scope = scope
        self.suggestions = suggestions
