"""What the migration does with InfluxDB: write, look back at what is there, delete its own points.

Every query and every deletion names `dataset=legacy`: no other point is ever read or touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ons_platform.errors import NotFound, RejectedPoints
from ons_platform.timeseries.annotated_csv import FluxTable
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.migration.chunks import nanoseconds_of
from ons_platform.timeseries.migration.legacy import DATASET, Series
from ons_platform.timeseries.points import DATASET_TAG

_MICROSECOND = timedelta(microseconds=1)
_KINDS = ("count", "sum", "min", "max", "first", "last")
_TAGS = ("measurement_type", "region", "energy_source", "quality_flag")
_MARGIN = timedelta(hours=1)
Group = tuple[str | None, ...]
"""What a figure is of: the values of the columns it is grouped by."""


@dataclass
class Held:
    """What the store holds of one series in a range; instants in nanoseconds since 1970 UTC."""

    count: int = 0
    total: float = 0.0
    lowest: float | None = None
    highest: float | None = None
    first: int | None = None
    last: int | None = None


class NewStore:
    """The three buckets as the migration uses them."""

    def __init__(self, client: InfluxClient) -> None:
        self._client = client.patient()

    def floor(self, table: str, now: datetime) -> datetime | None:
        """From when on points can be written: a whole hour within the bucket's retention.

        None where everything is kept. Raises `NotFound` without the bucket.
        """
        bucket = self._client.buckets().get(table)
        if bucket is None:
            raise NotFound(f"the time-series store has no bucket {table}: has it been set up?")
        if not bucket.retention_seconds:
            return None
        edge = now.astimezone(UTC) - timedelta(seconds=bucket.retention_seconds)
        return edge.replace(minute=0, second=0, microsecond=0) + 2 * _MARGIN

    def write(self, table: str, lines: Sequence[str]) -> list[tuple[int, str]]:
        """Write the lines; returns the place and reason of each that the store does not take.

        The store says how many points it dropped, not which: halves of a batch are tried until
        each is found. A point written twice is one point.
        """
        return list(self._attempt(table, lines, 0))

    def _attempt(self, table: str, lines: Sequence[str], offset: int) -> Iterator[tuple[int, str]]:
        try:
            self._client.write(table, "\n".join(lines).encode())
        except RejectedPoints as error:
            if len(lines) == 1:
                told: list[dict[str, Any]] = error.where.get("points", [])
                yield offset, str(told[0].get("reason", error.message) if told else error.message)
                return
            half = len(lines) // 2
            yield from self._attempt(table, lines[:half], offset)
            yield from self._attempt(table, lines[half:], offset + half)

    def held(self, table: str, start: datetime, end: datetime) -> dict[Series, Held]:
        """What is there of each series in [start, end)."""
        yields = (f'data() |> {kind}() |> yield(name: "{kind}")' for kind in _KINDS)
        found: dict[Series, Held] = {}
        for part in self._client.flux(f"{_data(table, start, end)}\n" + "\n".join(yields)):
            held = found.setdefault(_series(table, part), Held())
            _fill(held, part)
        return found

    def counts(self, table: str, start: datetime, end: datetime) -> dict[Series, int]:
        """How many points of each series are there in [start, end)."""
        found = self._client.flux(f"{_data(table, start, end)}\ndata() |> count()")
        return {_series(table, part): int(part.columns["_value"][0]) for part in found}

    def daily_means(self, table: str, start: datetime, end: datetime) -> dict[Group, float]:
        """Mean of each UTC day, measurement type, field and region, over all sources and flags."""
        groups = '["measurement_type", "_field", "region"]'
        query = (
            f"{_data(table, start, end)}\n"
            "data() |> filter(fn: (r) => r._field !~ /_missing$/)\n"
            f"|> group(columns: {groups})\n"
            '|> aggregateWindow(every: 1d, fn: mean, createEmpty: false, timeSrc: "_start")'
        )
        found: dict[Group, float] = {}
        for part in self._client.flux(query):
            names = (part.group.get("measurement_type"), part.group.get("_field"))
            place = part.group.get("region") or None
            pairs = zip(part.columns["_time"], part.columns["_value"], strict=True)
            found |= {(f"{day:%Y-%m-%d}", *names, place): value for day, value in pairs}
        return found

    def source_sums(self, table: str, start: datetime, end: datetime) -> dict[Group, float]:
        """Sum of each measurement type, field and source."""
        query = (
            f"{_data(table, start, end)}\n"
            "data() |> filter(fn: (r) => r._field !~ /_missing$/)\n"
            '|> group(columns: ["measurement_type", "_field", "energy_source"]) |> sum()'
        )
        return {
            (
                part.group.get("measurement_type"),
                part.group.get("_field"),
                part.group.get("energy_source") or None,
            ): part.columns["_value"][0]
            for part in self._client.flux(query)
        }

    def at(self, table: str, instants: Sequence[datetime]) -> set[tuple[Series, int, float]]:
        """Every point of these instants: series, nanoseconds and value."""
        parts = (
            f'{_from(table, at, at + _MICROSECOND)} |> yield(name: "{place}")'
            for place, at in enumerate(instants)
        )
        return {
            (_series(table, part), nanoseconds_of(at), value)
            for part in self._client.flux("\n".join(parts))
            for at, value in zip(part.columns["_time"], part.columns["_value"], strict=True)
        }

    def delete(self, table: str, start: datetime, end: datetime) -> None:
        """Delete the migrated points of [start, end)."""
        predicate = f'_measurement="{table}" AND {DATASET_TAG}="{DATASET}"'
        self._client.delete(table, start, end, predicate)


def _data(table: str, start: datetime, end: datetime) -> str:
    """A function of the range, so that each use of it is pushed down to the storage."""
    return f"data = () => {_from(table, start, end)}"


def _from(table: str, start: datetime, end: datetime) -> str:
    return (
        f'from(bucket: "{table}") |> range(start: {_flux(start)}, stop: {_flux(end)})'
        f' |> filter(fn: (r) => r._measurement == "{table}" and r.{DATASET_TAG} == "{DATASET}")'
    )


def _flux(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _series(table: str, part: FluxTable) -> Series:
    kind, region, source, flag = (part.group.get(name) or None for name in _TAGS)
    return Series(table, kind or "", region, source, flag, part.group["_field"])


def _fill(held: Held, part: FluxTable) -> None:
    value = part.columns["_value"][0]
    if part.name == "count":
        held.count = int(value)
    elif part.name == "sum":
        held.total = float(value)
    elif part.name == "min":
        held.lowest = float(value)
    elif part.name == "max":
        held.highest = float(value)
    elif part.name == "first":
        held.first = nanoseconds_of(part.columns["_time"][0])
    else:
        held.last = nanoseconds_of(part.columns["_time"][0])
