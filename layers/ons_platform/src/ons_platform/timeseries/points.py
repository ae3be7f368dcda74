"""How rows of the lake stand in the time-series store: one point per measurement (TSD-5 to 9, C5).

    lake row -> <bucket>: <measurement>,<tags> <field>=<value> <timestamp>

The measurement is named as its bucket; the ONS dataset is a tag, since several datasets give the
same quantity of the same region at the same instant. A row without a value keeps its place as
`<field>_missing=1`, so that what is counted in the lake can be counted in the store. Every number
is a float: the first write fixes a field's type for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ons_platform.catalog.model import Dataset

MISSING_SUFFIX = "_missing"
"""Of the field that stands where a row has no value."""
DATASET_TAG = "dataset"
ALIAS = "energy_data"
"""The name under which all buckets can be read (C5)."""
RETENTION_SECONDS = 7 * 365 * 86_400
"""Seven years: how long buckets keep their points (C2)."""
BUCKETS = ("generation_data", "consumption_data", "transmission_data", "operation_data")

_PLANT = {"entity_id": "plant_id", "entity_name": "plant_name"}


@dataclass(frozen=True)
class PointModel:
    """Where and how a dataset's rows stand.

    `fields` maps a measurement type to its field, `tags` a lake column to its tag: all columns by
    which rows are told apart or asked for. A null or empty text is a tag that the point lacks.
    """

    dataset: str
    bucket: str
    measurement: str
    fields: dict[str, str]
    tags: dict[str, str]


def point_model(dataset: Dataset) -> PointModel | None:
    """The model of a dataset; None for one that has no place in the store."""
    if dataset.influxdb is None:
        return None
    names = _PLANT if dataset.dataset_type == "generation" else {}
    return PointModel(
        dataset=dataset.dataset,
        bucket=dataset.influxdb.bucket,
        measurement=dataset.influxdb.bucket,
        fields=dict(dataset.influxdb.fields),
        tags={column: names.get(column, column) for column in dict.fromkeys(_columns(dataset))},
    )


def _columns(dataset: Dataset) -> Iterator[str]:
    """Lake columns that become tags."""
    yield from ("region", "state", "energy_source", "entity_id", "entity_name", "quality_flag")
    if dataset.column("region_to") is not None:
        yield "region_to"
    apart = {*dataset.key, *dataset.questions.versions}
    asked = {item.column for item in dataset.questions.filters}
    yield from (name for name in dataset.attributes if name in apart | asked)
