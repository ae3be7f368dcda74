"""Which dataset answers: one that can, then full coverage, then the catalogue's preference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from ons_platform.catalog.model import Dataset
from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.zone import brasilia
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Intent, Operation
from ons_platform.questions.metrics import MetricOf
from ons_platform.questions.plan import GRAIN_HOURS, Window
from ons_platform.questions.quantities import UnitAsked
from ons_platform.questions.windows import civil, window_of

_SHORT = {Bucket.HOUR, Bucket.HOUR_OF_DAY}


class Coverage(Protocol):
    """What `KnowledgeBase` offers: the coverage of a dataset, None when nothing is loaded."""

    def get(self, dataset: str) -> Knowledge | None:
        """The coverage of one dataset."""
        ...


@dataclass(frozen=True)
class Choice:
    """A dataset that can answer, its knowledge and how much of the period it holds (0..1)."""

    option: MetricOf
    knowledge: Knowledge
    share: float

    @property
    def first(self) -> datetime:
        """Start of the data."""
        return datetime.fromisoformat(self.knowledge.first or "")

    @property
    def last(self) -> datetime:
        """End of the data, exclusive."""
        return datetime.fromisoformat(self.knowledge.last or "")


def capable(intent: Intent) -> tuple[tuple[MetricOf, ...], str | None]:
    """Options whose dataset has what the question needs; the first reason when none has."""
    reasons = [(_reason(option, intent), option) for option in intent.options]
    able = [option for reason, option in reasons if reason is None]
    if not able:
        return (), next((reason for reason, _ in reasons if reason), None)
    able = _in_unit(able, intent.unit)
    finest = min(_hours(option.dataset) for option in able)
    if _needs_finest(intent):
        able = [option for option in able if _hours(option.dataset) == finest]
    return tuple(able), None


def _in_unit(options: list[MetricOf], asked: UnitAsked | None) -> list[MetricOf]:
    """Of the same quantity in several units, those in the one asked for, if there are."""
    same = [option for option in options if asked is not None and asked.base == option.metric.unit]
    return same or options


def choices(options: tuple[MetricOf, ...], intent: Intent, coverage: Coverage) -> list[Choice]:
    """Loaded options, best first."""
    found = []
    for option in options:
        knowledge = coverage.get(option.dataset.dataset)
        if knowledge is None or not knowledge.rows or not knowledge.first or not knowledge.last:
            continue
        found.append(Choice(option, knowledge, _held(option.dataset, knowledge, intent)))
    found = _with_plants(found, intent)
    return sorted(found, key=lambda item: _rank(item, intent), reverse=True)


def _with_plants(found: list[Choice], intent: Intent) -> list[Choice]:
    """Those that hold every plant said, if there are."""
    named = [{plant.dataset for plant in item.plants} for item in intent.filters.plants]
    holding = [item for item in found if all(item.option.dataset.dataset in x for x in named)]
    return holding or found


def _rank(item: Choice, intent: Intent) -> tuple[float, ...]:
    named = item.option.dataset.dataset in intent.preferred
    whole = item.share >= 0.999
    return (whole, named, item.share if not whole else 1.0, item.option.metric.preference)


def _held(dataset: Dataset, knowledge: Knowledge, intent: Intent) -> float:
    first = datetime.fromisoformat(knowledge.first or "")
    last = datetime.fromisoformat(knowledge.last or "")
    if not intent.periods:
        return 1.0
    shares = []
    for period in intent.periods:
        item = window_of(period, dataset, first, last)
        start, end = item.start, min(item.end, max(last, item.start))
        length = max((item.end - item.start).total_seconds(), 1.0)
        shares.append(_overlap(knowledge, start, end) / length)
    return sum(shares) / len(shares)


def _overlap(knowledge: Knowledge, start: datetime, end: datetime) -> float:
    """Seconds of the stretch for which there are files."""
    total = 0.0
    for part in knowledge.partitions:
        if part["year"] is None or part["month"] is None:
            continue
        low = max(start, datetime.fromisoformat(part["first"]))
        high = min(end, datetime.fromisoformat(part["last"]))
        total += max((high - low).total_seconds(), 0.0)
    return total


def paths(knowledge: Knowledge, windows: tuple[Window, ...]) -> list[str]:
    """Lake files that may hold rows of the windows."""
    found = []
    for part in knowledge.partitions:
        first, last = datetime.fromisoformat(part["first"]), datetime.fromisoformat(part["last"])
        if any(first < item.end and last > item.start for item in windows):
            found.append(str(part["path"]))
    return found


def latest_full_year(knowledge: Knowledge) -> int | None:
    """The last civil year of which every month has a file and the ends are there."""
    first, last = (
        datetime.fromisoformat(knowledge.first or ""),
        datetime.fromisoformat(knowledge.last or ""),
    )
    months: dict[int, set[int]] = {}
    for part in knowledge.partitions:
        if part["year"] is not None:
            months.setdefault(int(part["year"]), set()).add(int(part["month"]))
    full = [
        year
        for year, held in months.items()
        if len(held) == 12
        and first <= civil(year).astimezone(UTC)
        and last >= civil(year + 1).astimezone(UTC)
    ]
    return max(full, default=None)


def last_year(knowledge: Knowledge) -> int:
    """The civil year of the last interval."""
    return datetime.fromisoformat(knowledge.last or "").astimezone(brasilia()).year


def _reason(option: MetricOf, intent: Intent) -> str | None:
    metric, filters = option.metric, intent.filters
    asked = {item.column for item in option.dataset.questions.filters}
    if not {column for column, _ in filters.attributes} <= asked:
        return "no_filter"
    if filters.pair is not None and option.dataset.column("region_to") is None:
        return "exchange_pairs"
    if filters.regions and metric.regions and not set(filters.regions) <= set(metric.regions):
        return "no_such_place"
    dimensions = set(intent.by) | ({intent.numerator} if intent.numerator else set())
    if (filters.states or Dimension.STATE in dimensions) and not metric.by_state:
        return "no_states"
    if (filters.plants or Dimension.PLANT in dimensions) and not metric.by_plant:
        return "no_plants"
    if filters.sources or Dimension.SOURCE in dimensions:
        if not metric.by_source:
            return "no_sources"
        every = option.dataset.constants.get("energy_source")
        own = {measure.energy_source or every for measure in option.dataset.measures} - {None}
        if own and not set(filters.sources) <= own:
            return "no_such_source"
    if _needs_hours(intent) and _hours(option.dataset) > 1:
        return "too_coarse"
    return None


def _needs_hours(intent: Intent) -> bool:
    if (
        intent.filters.hours is not None
        or intent.bucket in _SHORT
        or intent.operation is Operation.RAMP
    ):
        return True
    if intent.counted in {Bucket.HOUR, Bucket.INTERVAL}:
        return True
    short = [period for period in intent.periods if period.start and period.end]
    return any((period.end - period.start).total_seconds() < 80_000 for period in short)  # type: ignore[operator]


def _needs_finest(intent: Intent) -> bool:
    """Extremes of hourly values are not extremes of daily means."""
    if (
        intent.bucket is not None
        and intent.bucket is not Bucket.INTERVAL
        and intent.alternative is None
    ):
        return intent.aggregate in {Aggregate.MAX, Aggregate.MIN}
    return (
        intent.aggregate in {Aggregate.MAX, Aggregate.MIN, Aggregate.LAST}
        or intent.alternative is not None
    )


def _hours(dataset: Dataset) -> float:
    return GRAIN_HOURS[dataset.grain or "PT1H"]
