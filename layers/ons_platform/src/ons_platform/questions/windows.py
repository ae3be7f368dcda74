"""Periods said, as absolute windows on one dataset's time axis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ons_platform.catalog.model import Dataset
from ons_platform.lake.zone import brasilia
from ons_platform.questions.periods import PeriodMatch
from ons_platform.questions.plan import Window

_WEEK = timedelta(days=7)


def civil(year: int, month: int = 1, day: int = 1) -> datetime:
    """Midnight in Brasília."""
    return datetime(year, month, day, tzinfo=brasilia())


def window_of(period: PeriodMatch, dataset: Dataset, first: datetime, last: datetime) -> Window:
    """The window of a period; an open side ends where the data do."""
    start = period.start or first.astimezone(brasilia())
    end = period.end or last.astimezone(brasilia())
    if period.unit == "minute" and period.start is not None:
        step = 30 if dataset.grain == "PT30M" else 60
        start = period.start.replace(
            minute=period.start.minute // step * step, second=0, microsecond=0
        )
        end = start + timedelta(minutes=step)
    return window(start, end, dataset, label=_label(start, end))


def window(start: datetime, end: datetime, dataset: Dataset, label: str | None = None) -> Window:
    """A window between two civil instants."""
    absolute = (start, end)
    if labelled_by_end(dataset):
        absolute = _weeks_labelled(start, end)
    elif dataset.grain == "P1W" and end - start <= timedelta(days=1):
        absolute = (start - timedelta(days=6), end)
    name = label if label is not None else _label(start, end)
    return Window(_utc(absolute[0]), _utc(absolute[1]), start, end, name)


def labelled_by_end(dataset: Dataset) -> bool:
    """True for weekly data that ONS labels by the last day of the week."""
    return dataset.grain == "P1W" and dataset.time is not None and dataset.time.label == "end"


def previous_year(item: Window, dataset: Dataset) -> Window:
    """The same stretch a year earlier."""
    return window(_year_before(item.civil_start), _year_before(item.civil_end), dataset)


def _year_before(moment: datetime) -> datetime:
    leap = moment.month == 2 and moment.day == 29
    return moment.replace(year=moment.year - 1, day=28 if leap else moment.day)


def _weeks_labelled(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Starts of the weeks whose last day lies in the window; for a day, of the week it lies in."""
    shift = timedelta(days=6)
    if end - start <= timedelta(days=1):
        day = start.replace(hour=0, minute=0, second=0, microsecond=0)
        return day - shift, day + timedelta(days=1)
    return start - shift, end - shift


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _label(start: datetime, end: datetime) -> str:
    """The shortest ISO name: 2023, 2023-07, 2023-07-15, 2023-07-15T18:00, or start/end."""
    if (start.month, start.day, start.hour) == (1, 1, 0) and end == civil(start.year + 1):
        return f"{start:%Y}"
    following = civil(start.year + start.month // 12, start.month % 12 + 1)
    if (start.day, start.hour) == (1, 0) and end == following:
        return f"{start:%Y-%m}"
    if (
        start.hour == 0
        and (end - start) <= timedelta(hours=25)
        and end.hour in {0, 1}
        and end.date() != start.date()
    ):
        return f"{start:%Y-%m-%d}"
    if end - start <= timedelta(hours=1):
        return f"{start:%Y-%m-%dT%H:%M}"
    if start.hour == end.hour == 0:
        return f"{start:%Y-%m-%d}/{end - timedelta(days=1):%Y-%m-%d}"
    return f"{start:%Y-%m-%dT%H:%M}/{end:%Y-%m-%dT%H:%M}"
