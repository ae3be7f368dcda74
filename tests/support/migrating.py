"""A migration to try out: an old Timestream, an organisation of its own in InfluxDB, a folder."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from influx import Influx
from ons_platform.storage import Storage
from ons_platform.timeseries.bootstrap import ENDLESS, Tokens, bootstrap
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.migration.chunks import Chunk
from ons_platform.timeseries.migration.copying import Parts
from ons_platform.timeseries.migration.journal import Entry, Journal
from ons_platform.timeseries.migration.newstore import NewStore
from ons_platform.timeseries.migration.oldsql import TABLES
from ons_platform.timeseries.migration.oldstore import open_old_store
from ons_platform.timeseries.points import RETENTION_SECONDS
from timestream import DATABASE, MULTI, OldTimestream, multi, served

ACCESS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
GENERATION = "generation_data"
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
"""The time of day of most tests."""


@dataclass
class Seen:
    """A watch that keeps what it hears."""

    began_chunks: list[Chunk] = field(default_factory=list)
    points: int = 0
    chunks: int = 0
    entries: list[Entry] = field(default_factory=list)

    def planned(self, chunks: int) -> None:
        self.chunks = chunks

    def began(self, chunk: Chunk) -> None:
        self.began_chunks.append(chunk)

    def wrote(self, points: int) -> None:
        self.points += points

    def ended(self, entry: Entry) -> None:
        self.entries.append(entry)


@dataclass
class Stage:
    """Old store, new store and journal, with a clock that tests set."""

    old: OldTimestream
    influx: Influx
    tokens: Tokens
    org: str
    folder: Path
    parts: Parts
    watch: Seen

    @property
    def client(self) -> InfluxClient:
        """Reads and writes the organisation."""
        return InfluxClient(self.influx.url, self.tokens.write, self.org)

    @property
    def environment(self) -> dict[str, str]:
        """For a process of its own."""
        return {
            **ACCESS,
            "AWS_ENDPOINT_URL_TIMESTREAM_QUERY": self.old.url,
            "ONS_STORAGE_URL": f"{self.folder.as_uri()}/{{bucket}}",
            "ONS_LEDGER_URL": f"sqlite://{self.folder}/ledger.db",
            "ONS_PROCESSED_BUCKET": "processed",
            "INFLUXDB_URL": self.influx.url,
            "INFLUXDB_ORG": self.org,
            "INFLUXDB_TOKEN": self.tokens.write,
        }

    def at(self, now: datetime) -> Parts:
        """The parts with another time of day."""
        return replace(self.parts, now=lambda: now)

    def count(self, predicate: str = 'r.dataset == "legacy"', table: str = GENERATION) -> int:
        """Points of the new store."""
        found = self.client.flux(
            f'from(bucket: "{table}")'
            " |> range(start: 1990-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)"
            f" |> filter(fn: (r) => {predicate}) |> group() |> count()"
        )
        return sum(value for part in found for value in part.columns["_value"])


@contextmanager
def staged(
    influx: Influx, folder: Path, now: datetime, *, endless: bool = True, **behaviour: Any
) -> Iterator[Stage]:
    """A stage with three empty tables of multi-measure records."""
    org = f"migration-{uuid.uuid4().hex[:12]}"
    tokens = bootstrap(
        influx.url,
        org,
        operator_token=influx.operator_token,
        retention_seconds=ENDLESS if endless else RETENTION_SECONDS,
    )
    store = OldTimestream(**behaviour)
    for table in TABLES:
        store.create(table, MULTI)
    with served(store), patch.dict(os.environ, ACCESS):
        os.environ["AWS_ENDPOINT_URL_TIMESTREAM_QUERY"] = store.url
        watch = Seen()
        parts = Parts(
            old=open_old_store(DATABASE, "us-east-1"),
            new=NewStore(InfluxClient(influx.url, tokens.write, org)),
            journal=Journal(Storage(f"{folder.as_uri()}/processed"), DATABASE),
            watch=watch,
            now=lambda: now,
        )
        yield Stage(store, influx, tokens, org, folder, parts, watch)


def hours(
    day: str,
    count: int = 24,
    regions: Iterable[str] = ("SE", "S"),
    kind: str = "generation",
    base: float = 100.0,
    **more: Any,
) -> list[dict[str, Any]]:
    """Hourly records from midnight on: each has a value of its own."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return [
        multi(
            f"{start + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}",
            kind,
            region,
            base + hour + place / 7,
            **{"energy_source": "hydro", **more},
        )
        for hour in range(count)
        for place, region in enumerate(regions)
    ]
