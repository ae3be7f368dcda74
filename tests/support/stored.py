"""A lake of a test's own in front of a real store: put rows in, load them, look what is there."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from influx import Influx
from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import Catalog, catalog
from ons_platform.config import Settings
from ons_platform.ingest.canonical_batch import series_schema
from ons_platform.lake.ledger import Ledger
from ons_platform.lake.ledger_sqlite import SqliteLedger
from ons_platform.storage import Storage
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.loading.load import Loader
from ons_platform.timeseries.loading.parts import Parts
from ons_platform.timeseries.points import point_model

JANUARY, FEBRUARY = (f"dataset=consumption/year=2023/month={month}" for month in ("01", "02"))
START = datetime(2023, 1, 1, 3, tzinfo=UTC)
"""Midnight in Brasília of the first day of 2023."""
Row = Mapping[str, Any]


def own(slug: str) -> Dataset:
    """A dataset of the catalogue under a name that no other test uses."""
    name = f"{slug}-{uuid.uuid4().hex[:8]}"
    return catalog()[slug].model_copy(update={"dataset": name})


def lake_table(dataset: Dataset, rows: Sequence[Row]) -> pa.Table:
    """Rows with defaults for what is not said, as the lake has them."""
    defaults = {
        "dataset_type": dataset.dataset_type,
        "dataset": dataset.dataset,
        "measurement_type": dataset.measures[0].measurement_type,
        "unit": dataset.measures[0].unit,
        "quality_flag": "ok",
        "processed_at": datetime(2026, 1, 1, tzinfo=UTC),
        "processor_version": "1",
        "source_file": "file.csv",
    }
    return pa.Table.from_pylist([{**defaults, **row} for row in rows], series_schema(dataset))


def hours(
    first: int, last: int, value: float = 100.0, region: str = "SE", **more: Any
) -> list[Row]:
    """A row an hour, counted from `START`; every seventh without a value."""
    return [
        {
            "timestamp": START + timedelta(hours=hour),
            "region": region,
            "value": None if hour % 7 == 6 else value + hour,
            **more,
        }
        for hour in range(first, last)
    ]


@dataclass
class Stored:
    """One dataset in a lake of its own and in the buckets of a server that others use too."""

    folder: Path
    influx: Influx
    dataset: Dataset
    settings: Settings = field(default_factory=Settings)
    row_group: int = 100_000

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.processed = Storage(f"file://{self.folder}/processed")
        self.failed = Storage(f"file://{self.folder}/failed")
        self.ledger: Ledger = SqliteLedger(self.folder / "ledger.db")
        self.client = InfluxClient(
            self.influx.url, self.influx.operator_token, self.influx.org, timeout=60
        )
        self.model = point_model(self.dataset)

    @property
    def slug(self) -> str:
        return self.dataset.dataset

    def close(self) -> None:
        self.client.close()
        self.ledger.close()

    def loader(self, wrap: Callable[[Any], Any] = lambda inner: inner, **changes: Any) -> Loader:
        """A loader whose ports go through `wrap`, where a test makes them fail."""
        settings = self.settings.model_copy(update=changes)
        catalogue = Catalog([self.dataset])
        return Loader(
            Parts(
                catalogue,
                wrap(self.ledger),
                wrap(self.processed),
                wrap(self.failed),
                wrap(self.client),
                settings,
            )
        )

    def put(self, rows: Sequence[Row], partition: str = JANUARY) -> str:
        """Make these the partition's rows in the lake; returns the file's etag."""
        return self.put_table(lake_table(self.dataset, rows), partition)

    def put_table(self, table: pa.Table, partition: str = JANUARY) -> str:
        file = self.folder / f"{uuid.uuid4().hex}.parquet"
        pq.write_table(table, file, row_group_size=self.row_group)
        return self.processed.adopt(f"{partition}/{self.slug}.parquet", file).etag

    def points(self) -> set[tuple[Any, ...]]:
        """Every point of the dataset in the store: field, instant, value, region and flag."""
        assert self.model is not None
        tables = self.client.flux(
            f'from(bucket: "{self.model.bucket}") |> range(start: 1970-01-01T00:00:00Z) '
            f'|> filter(fn: (r) => r.dataset == "{self.slug}") '
            '|> keep(columns: ["_time", "_value", "_field", "region", "quality_flag"])'
        )
        return {
            (field_name, at, value, region, flag)
            for table in tables
            for field_name, at, value, region, flag in zip(
                *(
                    table.columns[name]
                    for name in ("_field", "_time", "_value", "region", "quality_flag")
                ),
                strict=True,
            )
        }

    def expected(self, rows: Sequence[Row]) -> set[tuple[Any, ...]]:
        """The points that rows are, in plain Python."""
        assert self.model is not None
        name = self.model.fields[self.dataset.measures[0].measurement_type]
        return {
            (
                name if row["value"] is not None else f"{name}_missing",
                row["timestamp"],
                1.0 if row["value"] is None else row["value"],
                row["region"],
                row.get("quality_flag", "ok"),
            )
            for row in rows
        }
