"""Where a partition stands: in the lake, in the store, and the copies kept to go back to."""

from __future__ import annotations

from dataclasses import dataclass

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import Catalog
from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.loading.span import Span, span_of
from ons_platform.timeseries.points import PointModel, point_model


@dataclass(frozen=True)
class Place:
    """One partition of one dataset that has a place in the store."""

    dataset: Dataset
    model: PointModel
    partition: str
    span: Span

    @property
    def path(self) -> str:
        """Of the lake file."""
        return f"{self.partition}/{self.dataset.dataset}.parquet"

    @property
    def copies(self) -> str:
        """Prefix of the copies of lake files that were loaded."""
        return f"_timeseries_files/{self.dataset.dataset}/{self.partition}/"

    def kept(self, load_id: str) -> str:
        """Of the copy a load was made of."""
        return f"{self.copies}{load_id}.parquet"


def place_of(catalog: Catalog, slug: str, partition: str) -> Place:
    """The place; `InvalidRequest` for reference data and partitions that are no months."""
    dataset = catalog[slug]
    model, span = point_model(dataset), span_of(partition)
    if model is None or span is None:
        raise InvalidRequest(f"{slug} {partition} has no place in the time-series store")
    return Place(dataset, model, partition, span)
