"""Over which stretches of time a question is answered, and in which steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ons_platform.catalog.model import Dataset
from ons_platform.lake.zone import brasilia
from ons_platform.questions.choose import Choice, last_year, latest_full_year
from ons_platform.questions.intent import Aggregate, Bucket, Intent, Note, Operation, Shape, Unclear
from ons_platform.questions.plan import Window
from ons_platform.questions.windows import civil, previous_year, window, window_of

_RECENT = timedelta(days=45)
_LEAST_DAYS = {Bucket.WEEK: 8, Bucket.MONTH: 32, Bucket.YEAR: 367}

Spans = tuple[tuple[Window, ...], tuple[Note, ...]]


def windows_of(intent: Intent, choice: Choice) -> Spans:
    """The windows of the periods said, or a sensible one that is named as an assumption."""
    if not intent.periods:
        return _default_window(intent, choice)
    dataset = choice.option.dataset
    found = tuple(
        window_of(period, dataset, choice.first, choice.last) for period in intent.periods
    )
    if intent.previous_year:
        found = (previous_year(found[0], dataset), found[0])
    if len(found) > 2:
        raise Unclear("too_many_periods")
    if len(found) == 2 and intent.operation is Operation.CHANGE:
        found = tuple(sorted(found, key=lambda item: item.start))
    elif len(found) == 2 and (intent.bucket or intent.order or intent.by):
        raise Unclear("one_period")
    return found, ()


def _default_window(intent: Intent, choice: Choice) -> Spans:
    """No period was said: the last value, all data for records, else the latest whole year."""
    ends = (choice.first.astimezone(brasilia()), choice.last.astimezone(brasilia()))
    everything = Window(choice.first, choice.last, *ends, "")
    if intent.aggregate is Aggregate.LAST or _is_state(intent, choice):
        recent = max(choice.first, choice.last - _RECENT)
        return (replace(everything, start=recent),), ()
    record = intent.aggregate in {Aggregate.MAX, Aggregate.MIN} and intent.bucket is None
    lasting = intent.operation in {Operation.RAMP, Operation.MATCHING} or intent.minus is not None
    if record or lasting or intent.bucket is Bucket.YEAR:
        return (everything,), (Note.of("all_data"),)
    year = latest_full_year(choice.knowledge)
    key = "latest_full_year" if year is not None else "latest_year"
    year = year if year is not None else last_year(choice.knowledge)
    chosen = window(civil(year), civil(year + 1), choice.option.dataset)
    return (chosen,), (Note.of(key, year=year),)


def state_now(intent: Intent, choice: Choice) -> Intent:
    """A level or a volume asked without period and aggregation is the one of now."""
    if not _is_state(intent, choice):
        return intent
    kept = tuple(item for item in intent.notes if item.key != "default_aggregate")
    return replace(intent, aggregate=Aggregate.LAST, notes=kept)


def _is_state(intent: Intent, choice: Choice) -> bool:
    unsaid = any(item.key == "default_aggregate" for item in intent.notes)
    simple = intent.operation is Operation.AGGREGATE and intent.bucket is None
    measures_state = choice.option.metric.unit in {"m", "%"}
    return unsaid and simple and measures_state and not intent.periods


def fit_buckets(intent: Intent, windows: tuple[Window, ...], dataset: Dataset) -> Intent:
    """A series needs more than one step: "média mensal em dezembro" is one number."""
    if not intent.if_several or intent.bucket is None:
        return intent
    days = sum((item.end - item.start).total_seconds() for item in windows) / 86_400
    if intent.bucket is Bucket.INTERVAL:
        return replace(intent, bucket=_said_bucket(intent) or _readable_bucket(days, dataset))
    if days >= _LEAST_DAYS.get(intent.bucket, 0):
        return intent
    return replace(intent, bucket=None, shape=Shape.NUMBER)


def _said_bucket(intent: Intent) -> Bucket | None:
    """The step of which "entre março e maio" speaks: months."""
    units = {end.unit for period in intent.periods if period.ends for end in period.ends}
    if len(units) != 1:
        return None
    return {"day": Bucket.DAY, "month": Bucket.MONTH, "year": Bucket.YEAR}.get(units.pop())


def _readable_bucket(days: float, dataset: Dataset) -> Bucket:
    if days <= 3:
        return Bucket.INTERVAL
    if days <= 92:
        return Bucket.DAY if dataset.grain != "P1W" else Bucket.INTERVAL
    return Bucket.MONTH if days <= 366 * 3 else Bucket.YEAR
