"""The building blocks of lake rows that are the same for every dataset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ons_platform.catalog.model import Canonical, Column, Dataset, Role
from ons_platform.ingest.texts import TEXT, constant, encoded
from ons_platform.ingest.timeline import FLAGS
from ons_platform.lake.canonical import CANONICAL_SCHEMA

HELPERS: dict[Canonical, Role] = {
    "region": "region",
    "state": "state",
    "energy_source": "source",
    "entity_id": "entity_id",
    "entity_name": "entity_name",
}
"""Canonical text columns and the role of the ONS column each comes from."""

REGION_TO = "region_to"
"""The region a flow goes to; only datasets of flows have that column."""
UTC_TIME = pa.timestamp("us", tz="UTC")
ATTRIBUTE_TYPES = {
    "string": TEXT,
    "number": pa.float64(),
    "date": pa.date32(),
    "instant": pa.timestamp("us"),
}
"""Types of ONS columns kept as they are; instants among them are Brasília civil time."""


@dataclass(frozen=True)
class Stamp:
    """STR-4: when, by what and from which object rows were made."""

    processed_at: datetime
    processor_version: str
    source_file: str

    def columns(self, rows: int) -> dict[str, pa.Array]:
        """The three columns."""
        moment = np.full(rows, np.datetime64(self.processed_at.replace(tzinfo=None), "us"))
        return {
            "processed_at": pa.array(moment).cast(UTC_TIME),
            "processor_version": constant(self.processor_version, rows),
            "source_file": constant(self.source_file, rows),
        }


class CanonicalBatch(NamedTuple):
    """Lake rows, with the row of the file each comes from (as a spreadsheet counts).

    `months` (Brasília civil, year * 100 + month) is None for reference data, and so is `rows`.
    """

    table: pa.Table
    months: NDArray[np.int32] | None
    rows: NDArray[np.int64] | None = None


def flags_column(codes: NDArray[np.uint8]) -> pa.DictionaryArray:
    """Flag codes as the `quality_flag` column."""
    return encoded(codes, [flag.value for flag in FLAGS])


def series_schema(dataset: Dataset) -> pa.Schema:
    """Canonical columns, where flows go, then the dataset's attributes under their ONS names."""
    schema = CANONICAL_SCHEMA
    if dataset.column("region_to"):
        schema = schema.append(pa.field(REGION_TO, TEXT))
    for column in dataset.columns:
        if column.role == "attribute":
            schema = schema.append(_field(column))
    return schema


def reference_schema(dataset: Dataset) -> pa.Schema:
    """ONS columns, then helpers that have the same name in every dataset."""
    own = [_field(column) for column in dataset.columns if column.role != "unused"]
    helpers = [pa.field(name, TEXT) for name in HELPERS]
    stamps = [
        CANONICAL_SCHEMA.field(name)
        for name in ("quality_flag", "processed_at", "processor_version", "source_file")
    ]
    return pa.schema([*own, *helpers, *stamps])


def _field(column: Column) -> pa.Field:
    return pa.field(column.name, ATTRIBUTE_TYPES[column.type])
