"""An intent and what the lake holds become a plan: dataset, period, region and how values add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ons_platform.catalog.model import Dataset
from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.zone import brasilia
from ons_platform.questions.choose import (
    Choice,
    Coverage,
    capable,
    choices,
    last_year,
    latest_full_year,
)
from ons_platform.questions.intent import (
    Aggregate,
    Bucket,
    Dimension,
    Intent,
    Note,
    Operation,
    Shape,
    Unclear,
)
from ons_platform.questions.plan import SUBSYSTEMS, QueryPlan, Rows, Window
from ons_platform.questions.windows import civil, labelled_by_end, previous_year, window, window_of

BASES = {"MWmed": "MW", "MW": "MW"}
_BREAKS = (civil(2021, 3, 1), civil(2023, 4, 29))
_RECENT = timedelta(days=45)


@dataclass(frozen=True)
class Resolved:
    """A plan with the intent as it was completed, its knowledge and what was assumed."""

    plan: QueryPlan
    intent: Intent
    knowledge: Knowledge
    notes: tuple[Note, ...]


class NoData(Exception):  # noqa: N818 - it is an outcome, not a fault
    """Nothing is loaded for the question; says which datasets would answer and what they hold."""

    def __init__(
        self,
        key: str,
        datasets: tuple[Dataset, ...],
        held: tuple[Knowledge, ...] = (),
        **places: object,
    ) -> None:
        super().__init__(key)
        self.note = Note.of(key, **places)
        self.datasets = datasets
        self.held = held


def resolve(intent: Intent, coverage: Coverage) -> Resolved:
    """Choose, complete and plan; raises `Unclear` or `NoData`."""
    choice, notes = _choose(intent, coverage)
    dataset, metric = choice.option.dataset, choice.option.metric
    _check_units(intent, metric.unit, energy=metric.energy)
    intent = _own_regions(intent, choice)
    intent, region_notes = _regions(intent, choice)
    windows, period_notes = _windows(intent, choice)
    intent = _buckets(intent, windows, dataset)
    intent = _state_now(intent, choice)
    plants = _plant_names(intent, choice)
    rows = Rows(
        intent.filters.regions, intent.filters.sources, intent.filters.states, plants,
        tuple(sorted(intent.filters.hours or ())),
    )  # fmt: skip
    numerator, rows = _split_share(intent, rows)
    by = intent.by
    if len(windows) > 1:
        by = (*by, Dimension.WINDOW)
    plan = QueryPlan(
        dataset, metric, intent.operation, intent.aggregate, windows, rows,
        by=by, bucket=_bucket(intent, dataset),
        parts=_parts(intent, choice, rows),
        spread=(intent.filters.regions[0], intent.filters.regions[1]) if intent.spread else None,
        numerator=numerator, threshold=intent.threshold, alternative=_alternative(intent, dataset),
        order=intent.order, limit=intent.limit,
        label_days=6 if labelled_by_end(dataset) else 0, negate=intent.negate,
    )  # fmt: skip
    notes = intent.notes + notes + region_notes + period_notes + _method_notes(plan, intent)
    if len(plants) > len(intent.filters.plants):
        notes += (Note.of("units_plants_named", plants=plants),)
    notes += tuple(
        Note.of("plant_corrected", plants=tuple(p.name for p in naming.plants[:1]))
        for naming in intent.filters.plants
        if not naming.certain
    )
    return Resolved(plan, intent, choice.knowledge, notes)


def distinct(datasets: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """Each dataset once, in order."""
    return tuple({item.dataset: item for item in datasets}.values())


def _choose(intent: Intent, coverage: Coverage) -> tuple[Choice, tuple[Note, ...]]:
    able, reason = capable(intent)
    if not able:
        if reason == "too_coarse":
            raise NoData("too_coarse", distinct(option.dataset for option in intent.options))
        raise Unclear(reason or "no_metric", metric=intent.options[0].metric.title)
    found = choices(able, intent, coverage)
    if not found:
        raise NoData("not_loaded", distinct(option.dataset for option in able))
    best = found[0]
    if best.share <= 0 and intent.periods:
        held = tuple(item.knowledge for item in found)
        raise NoData("period_not_loaded", distinct(item.option.dataset for item in found), held)
    others = tuple(item.option.dataset.dataset for item in found[1:] if item.share > 0)
    if others:
        return best, (Note.of("chose_dataset", dataset=best.option.dataset.dataset, others=others),)
    return best, ()


def _check_units(intent: Intent, unit: str, *, energy: bool) -> None:
    base = BASES.get(unit, unit)
    if intent.aggregate is Aggregate.ENERGY:
        base = "MWh"
    if intent.threshold is not None and intent.threshold.unit not in {None, BASES.get(unit, unit)}:
        raise Unclear("threshold_unit", unit=intent.threshold.unit, own=unit)
    asked = intent.unit
    if asked is None:
        return
    percent = intent.operation in {Operation.SHARE, Operation.CHANGE} or intent.percent
    if asked.base == base or (asked.base == "%" and percent):
        return
    if asked.base == "MW" and base == "MWh" and energy:
        return
    raise Unclear("unit_mismatch", unit=asked.name, own=unit if base != "MWh" else "MWh")


def _own_regions(intent: Intent, choice: Choice) -> Intent:
    """Regions said that the dataset does not know at all are a misunderstanding."""
    unknown = [code for code in intent.filters.regions if code not in choice.knowledge.regions]
    if unknown:
        raise NoData(
            "no_such_region", (choice.option.dataset,), (choice.knowledge,), regions=tuple(unknown)
        )
    return intent


def _regions(intent: Intent, choice: Choice) -> tuple[Intent, tuple[Note, ...]]:
    """Complete the regions: the whole system by its own row or as a sum, never both."""
    metric, filters = choice.option.metric, intent.filters
    over_regions = Dimension.REGION in intent.by or intent.numerator is Dimension.REGION
    if over_regions or intent.spread:
        own = filters.regions if intent.numerator is not Dimension.REGION else ()
        said = replace(intent, said_regions=filters.regions)
        return _with_regions(said, own or _subsystems(choice)), ()
    if intent.operation is Operation.SHARE and len(filters.regions) > 1:
        raise Unclear("one_region")
    if len(filters.regions) > 1 and intent.together:
        return intent, (Note.of("regions_added"),)
    if len(filters.regions) > 1:
        by = (*intent.by, Dimension.REGION)
        if len(by) > 1 or intent.bucket is not None and intent.order is not None:
            raise Unclear("one_region")
        return replace(intent, by=by, shape=Shape.TABLE), (Note.of("each_region"),)
    if len(filters.sources) > 1 and intent.numerator is None and Dimension.SOURCE not in intent.by:
        if intent.by or intent.order is not None:
            raise Unclear("one_source")
        intent = replace(intent, by=(Dimension.SOURCE,), shape=Shape.TABLE)
    if (
        len(filters.plants) > 1
        and not intent.by
        and intent.numerator is None
        and intent.operation is not Operation.SHARE
    ):
        if intent.order is not None:
            raise Unclear("one_plant")
        intent = replace(intent, by=(Dimension.PLANT,), shape=Shape.TABLE)
    if len(filters.states) > 1 and not intent.by:
        if intent.order is not None:
            raise Unclear("one_state")
        intent = replace(intent, by=(Dimension.STATE,), shape=Shape.TABLE)
    if filters.regions or filters.plants or filters.states:
        return intent, ()
    return _whole_system(intent, choice)


def _whole_system(intent: Intent, choice: Choice) -> tuple[Intent, tuple[Note, ...]]:
    metric = choice.option.metric
    note = () if intent.whole_system else (Note.of("whole_system"),)
    if metric.sin == "row":
        return _with_regions(intent, ("SIN",)), note
    if metric.sin == "sum":
        if metric.by_plant:
            return (
                intent,
                note
                if Dimension.PLANT not in intent.by and Dimension.STATE not in intent.by
                else (),
            )
        return _with_regions(intent, SUBSYSTEMS), (*note, Note.of("sum_of_subsystems"))
    if intent.whole_system:
        raise Unclear("not_additive", metric=metric.title)
    if metric.by_plant:
        if Dimension.PLANT in intent.by:
            return intent, ()
        raise Unclear("which_plant", metric=metric.title)
    return _each_region(intent, choice)


def _each_region(intent: Intent, choice: Choice) -> tuple[Intent, tuple[Note, ...]]:
    """A price has no total: extremes name their region, everything else is given per region."""
    simple = intent.operation is Operation.AGGREGATE and not intent.by
    if simple and intent.bucket is None and intent.aggregate in {Aggregate.MAX, Aggregate.MIN}:
        order = "desc" if intent.aggregate is Aggregate.MAX else "asc"
        changed = replace(intent, by=(Dimension.REGION,), order=order, limit=1)
        return _with_regions(changed, _subsystems(choice)), (Note.of("any_region"),)
    if simple and intent.order is None and intent.bucket is None:
        changed = replace(intent, by=(Dimension.REGION,), shape=Shape.TABLE)
        return _with_regions(changed, _subsystems(choice)), (
            Note.of("not_additive_each", metric=choice.option.metric.title),
        )
    raise Unclear("which_region", metric=choice.option.metric.title)


def _subsystems(choice: Choice) -> tuple[str, ...]:
    return tuple(code for code in SUBSYSTEMS if code in choice.knowledge.regions)


def _with_regions(intent: Intent, regions: tuple[str, ...]) -> Intent:
    return replace(intent, filters=replace(intent.filters, regions=regions))


def _windows(intent: Intent, choice: Choice) -> tuple[tuple[Window, ...], tuple[Note, ...]]:
    dataset = choice.option.dataset
    if intent.periods:
        found = tuple(
            window_of(period, dataset, choice.first, choice.last) for period in intent.periods
        )
        if intent.previous_year:
            found = (previous_year(found[0], dataset), found[0])
        if len(found) == 2 and intent.operation is Operation.CHANGE:
            found = tuple(sorted(found, key=lambda item: item.start))
        if len(found) > 2:
            raise Unclear("too_many_periods")
        if (
            len(found) == 2
            and intent.operation is not Operation.CHANGE
            and (intent.bucket or intent.order or intent.by)
        ):
            raise Unclear("one_period")
        return found, ()
    return _default_window(intent, choice)


def _default_window(intent: Intent, choice: Choice) -> tuple[tuple[Window, ...], tuple[Note, ...]]:
    """No period was said: the last value, all data for records, else the latest whole year."""
    dataset = choice.option.dataset
    everything = Window(choice.first, choice.last, choice.first, choice.last, "")
    if intent.aggregate is Aggregate.LAST or _is_state(intent, choice):
        recent = replace(everything, start=max(choice.first, choice.last - _RECENT))
        return (recent,), ()
    scalar_extreme = intent.aggregate in {Aggregate.MAX, Aggregate.MIN} and intent.bucket is None
    yearly = intent.bucket is Bucket.YEAR
    if scalar_extreme or yearly or intent.operation is Operation.RAMP:
        whole = Window(choice.first, choice.last, _local(choice.first), _local(choice.last), "")
        return (whole,), (Note.of("all_data"),)
    if intent.operation is Operation.MATCHING:
        whole = Window(choice.first, choice.last, _local(choice.first), _local(choice.last), "")
        return (whole,), (Note.of("all_data"),)
    year = latest_full_year(choice.knowledge)
    key = "latest_full_year" if year is not None else "latest_year"
    year = year if year is not None else last_year(choice.knowledge)
    return (window(civil(year), civil(year + 1), dataset),), (Note.of(key, year=year),)


def _is_state(intent: Intent, choice: Choice) -> bool:
    """A level or a volume asked without period and aggregation is the one of now."""
    open_aggregate = any(item.key == "default_aggregate" for item in intent.notes)
    simple = (
        intent.operation is Operation.AGGREGATE and intent.bucket is None and not intent.periods
    )
    return open_aggregate and simple and choice.option.metric.unit in {"m", "%"}


def _state_now(intent: Intent, choice: Choice) -> Intent:
    if not _is_state(intent, choice):
        return intent
    kept = tuple(item for item in intent.notes if item.key != "default_aggregate")
    return replace(intent, aggregate=Aggregate.LAST, notes=kept)


def _local(moment: datetime) -> datetime:
    return moment.astimezone(brasilia())


def _buckets(intent: Intent, windows: tuple[Window, ...], dataset: Dataset) -> Intent:
    """A series needs more than one step: "média mensal em dezembro" is one number."""
    if not intent.if_several or intent.bucket is None:
        return intent
    days = sum((item.end - item.start).total_seconds() for item in windows) / 86_400
    if intent.bucket is Bucket.INTERVAL:
        return replace(intent, bucket=_said_bucket(intent) or _readable_bucket(days, dataset))
    least = {Bucket.WEEK: 8, Bucket.MONTH: 32, Bucket.YEAR: 367}.get(intent.bucket, 0)
    return intent if days >= least else replace(intent, bucket=None, shape=Shape.NUMBER)


def _said_bucket(intent: Intent) -> Bucket | None:
    """ "Entre março e maio" speaks of months."""
    units = {end.unit for period in intent.periods if period.ends for end in period.ends}
    return (
        {"day": Bucket.DAY, "month": Bucket.MONTH, "year": Bucket.YEAR}.get(units.pop())
        if len(units) == 1
        else None
    )


def _readable_bucket(days: float, dataset: Dataset) -> Bucket:
    if days <= 3:
        return Bucket.INTERVAL
    if days <= 92:
        return Bucket.DAY if dataset.grain != "P1W" else Bucket.INTERVAL
    return Bucket.MONTH if days <= 366 * 3 else Bucket.YEAR


def _bucket(intent: Intent, dataset: Dataset) -> Bucket | None:
    if intent.bucket is Bucket.WEEK and dataset.grain == "P1W":
        return Bucket.INTERVAL
    return intent.bucket


def _alternative(intent: Intent, dataset: Dataset) -> Aggregate | None:
    """Of daily data a day has one value: mean and maximum are the same."""
    return None if dataset.grain in {"P1D", "P1W"} else intent.alternative


def _plant_names(intent: Intent, choice: Choice) -> tuple[str, ...]:
    slug = choice.option.dataset.dataset
    names: list[str] = []
    for naming in intent.filters.plants:
        own = [plant.name for plant in naming.plants if plant.dataset == slug]
        if not own:
            near = tuple(plant.name for plant in naming.plants)
            raise NoData(
                "plant_not_in_dataset", (choice.option.dataset,), (choice.knowledge,), plants=near
            )
        if len(own) > 1 and choice.option.metric.sin == "none":
            raise Unclear("several_plants", plants=tuple(own))
        names += own
    return tuple(names)


def _split_share(intent: Intent, rows: Rows) -> tuple[Rows | None, Rows]:
    """The numerator's restriction leaves the denominator."""
    if intent.operation is not Operation.SHARE or intent.numerator is None:
        return None, rows
    if intent.numerator is Dimension.SOURCE:
        return Rows(sources=rows.sources), replace(rows, sources=())
    if intent.numerator is Dimension.PLANT:
        return Rows(plants=rows.plants), replace(rows, plants=())
    return Rows(regions=intent.said_regions), rows


def _parts(intent: Intent, choice: Choice, rows: Rows) -> int | None:
    """How many rows an instant needs to be whole; None when there is one row per instant."""
    metric, dataset = choice.option.metric, choice.option.dataset
    if metric.by_plant:
        return 0 if metric.sin == "sum" else None
    sources = [
        measure
        for measure in dataset.measures
        if measure.measurement_type == metric.measurement_type
    ]
    parts = 1
    if Dimension.SOURCE not in intent.by:
        parts *= len(rows.sources) or max(len(sources), 1)
    if Dimension.REGION not in intent.by:
        parts *= max(len(rows.regions), 1)
    return parts if parts > 1 else None


def _method_notes(plan: QueryPlan, intent: Intent) -> tuple[Note, ...]:
    notes: list[Note] = []
    if "thermal" in plan.rows.sources and plan.metric.sin == "row":
        notes.append(Note.of("thermal_includes"))
    if plan.metric.measurement_type == "exchange":
        notes.append(Note.of("exchange_sign"))
    if plan.label_days:
        notes.append(Note.of("weeks_by_friday"))
    if plan.bucket is Bucket.WEEK:
        notes.append(Note.of("weeks_from_monday"))
    if plan.metric.measurement_type == "load":
        starts, ends = (
            min(item.start for item in plan.windows),
            max(item.end for item in plan.windows),
        )
        crossed = tuple(moment for moment in _BREAKS if starts < moment.astimezone(UTC) < ends)
        compared = intent.operation is Operation.CHANGE or intent.bucket in {
            Bucket.YEAR,
            Bucket.MONTH,
        }
        if crossed and compared:
            notes.append(Note.of("method_break", moments=crossed))
    return tuple(notes)
