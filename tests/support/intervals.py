"""How a file writes the interval of a row: the catalogue's time rule the other way round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ons_platform.catalog.model import Dataset

STEPS = {
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "P1D": timedelta(days=1),
    "P1W": timedelta(days=7),
    "event": timedelta(minutes=7, seconds=13),
}
"""From one row's start to the next; months and years go by the calendar, events as they like."""
_PARTS = {"PT30M": timedelta(minutes=30), "PT1H": timedelta(hours=1), "P1D": timedelta(days=1)}


def end(dataset: Dataset, start: datetime) -> datetime:
    """The civil end of an interval, exclusive."""
    if dataset.grain == "P1M":
        return (start + timedelta(days=32)).replace(day=1)
    if dataset.grain == "P1Y":
        return start.replace(year=start.year + 1)
    return start + STEPS[dataset.grain or "PT1H"]


def time_cells(dataset: Dataset, start: datetime) -> dict[str, str]:
    """What the file writes in the time column and its parts for an interval."""
    time = dataset.time
    assert time is not None
    daily = not any(unit in {"PT30M", "PT1H"} for unit in (part.unit for part in time.parts))
    dates = time.kind in {"local_date", "local_month"} and daily
    said = start
    if time.label == "end":
        said = end(dataset, start) - (timedelta(days=1) if dates else timedelta())
    if time.kind == "utc_instant":
        utc = said.replace(tzinfo=ZoneInfo("America/Sao_Paulo")).astimezone(UTC)
        return {time.column: f"{utc:%Y-%m-%dT%H:%M:%S}.000Z"}
    base = said
    if time.kind == "local_month" or any(part.unit == "P1D" for part in time.parts):
        base = said.replace(day=1, hour=0, minute=0, second=0)
    elif time.parts:
        base = said.replace(hour=0, minute=0, second=0)
    cells, rest = {}, said - base
    for part in time.parts:
        whole = rest // _PARTS[part.unit]
        cells[part.column] = str(part.first + whole)
        rest -= whole * _PARTS[part.unit]
    if time.kind == "local_month" and not time.parts:
        base = end(dataset, said) - timedelta(days=1)
    if time.kind == "local_month" and time.parts:
        cells[time.column] = f"{base:%Y%m}"
        return cells
    column = next(item for item in dataset.columns if item.name == time.column)
    cells[time.column] = f"{base:%Y-%m-%d}" if column.type == "date" else f"{base}"
    return cells
