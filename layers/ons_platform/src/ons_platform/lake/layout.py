"""Names of things in the processed zone (LAK-1, LAK-2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LAKE_FILE = re.compile(
    r"(?:reference|dataset=(?P<kind>\w+)/year=(?P<year>\d{4})/month=(?P<month>\d{2}))"
    r"/(?P<dataset>[a-z0-9-]+)\.parquet"
)
SLICES = "_slices/"
"""Prefix of every slice."""


@dataclass(frozen=True, order=True)
class Partition:
    """One month of one dataset, by Brasília civil month, or a whole reference table (no month)."""

    dataset: str
    dataset_type: str
    year: int | None = None
    month: int | None = None

    @property
    def name(self) -> str:
        """Stable text form, such as `dataset=consumption/year=2023/month=01`."""
        if self.year is None:
            return "reference"
        return f"dataset={self.dataset_type}/year={self.year:04d}/month={self.month:02d}"

    @property
    def path(self) -> str:
        """Object path of the lake file readers see."""
        return f"{self.name}/{self.dataset}.parquet"

    def slice_path(self, slice_id: str) -> str:
        """Object path of one object version's immutable rows for this partition."""
        return f"{SLICES}{self.dataset}/{self.name}/{slice_id}.parquet"


def lake_partition(path: str) -> Partition | None:
    """The partition whose lake file has this path, None for another object.

    The type of reference data is not in the path: it is left empty.
    """
    found = _LAKE_FILE.fullmatch(path)
    if found is None:
        return None
    dataset, kind, year, month = (found[name] for name in ("dataset", "kind", "year", "month"))
    return Partition(dataset, kind or "", int(year) if year else None, int(month) if year else None)


def slice_partition(path: str, dataset_type: str) -> Partition:
    """The partition a slice's path says; the type is that of the dataset in the path."""
    _, dataset, *folders, _ = path.split("/")
    if folders == ["reference"]:
        return Partition(dataset, dataset_type)
    year, month = (int(folder.partition("=")[2]) for folder in folders[1:])
    return Partition(dataset, dataset_type, year, month)


def knowledge_path(dataset: str) -> str:
    """Object path of what is known of a dataset's coverage."""
    return f"_knowledge/{dataset}.json"


def revision_path(key: str, version_id: str) -> str:
    """Object path of what a version changed against the one before it."""
    return f"_revisions/{key}/{version_id}.json"
