"""What the rows of lake files come to, whatever their order: a count, exact sums and a hash."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ons_platform.catalog.model import Dataset
from ons_platform.lake.keys import content_hashes
from ons_platform.lake.parquet import ROW_GROUP
from ons_platform.lake.revision import STAMPS, measured

_SCALE = 1200
"""Sums are whole multiples of 2^-1200: below the smallest double times its last digit."""
_HALF = 26


@dataclass
class ExactSum:
    """The sum of doubles without rounding, so that their order does not matter."""

    scaled: int = 0
    strange: int = 0

    def add(self, values: NDArray[np.float64]) -> None:
        """Add finite values; infinities and NaN are counted instead."""
        finite = np.isfinite(values)
        self.strange += int((~finite).sum())
        fractions, exponents = np.frexp(values[finite])
        if not len(fractions):
            return
        whole = np.ldexp(fractions, 53).astype(np.int64)
        high, low = whole >> _HALF, whole & (2**_HALF - 1)
        lowest = int(exponents.min())
        places = exponents - lowest
        sums = (np.bincount(places, weights=part.astype(np.float64)) for part in (high, low))
        for place, (more, less) in enumerate(zip(*sums, strict=True)):
            shift = _SCALE + lowest + place - 53
            self.scaled += ((int(more) << _HALF) + int(less)) << shift

    @property
    def value(self) -> float:
        """The nearest double."""
        try:
            return float(Fraction(self.scaled, 2**_SCALE))
        except OverflowError:
            return math.inf if self.scaled > 0 else -math.inf


@dataclass
class Fingerprint:
    """Equal for equal rows: `sums`, `values` and `nulls` are per measure.

    Two different sets of rows have the same `digest` once in 2^64; it holds within this process
    only. The columns that say when and by what a row was made do not count.
    """

    rows: int = 0
    digest: int = 0
    sums: dict[str, ExactSum] = field(default_factory=dict)
    nulls: dict[str, int] = field(default_factory=dict)

    def add(self, table: pa.Table, dataset: Dataset) -> None:
        """Take in one table of rows."""
        self.rows += table.num_rows
        names = [name for name in table.column_names if name not in STAMPS or name == "source_file"]
        hashes = content_hashes(table, names)
        self.digest = (self.digest + int(np.add.reduce(hashes, dtype=np.uint64))) % 2**64
        for name, values, mine in measured(dataset, table):
            self.sums.setdefault(name, ExactSum()).add(values.values[mine & values.valid])
            self.nulls[name] = self.nulls.get(name, 0) + int((mine & ~values.valid).sum())

    def as_dict(self) -> dict[str, Any]:
        """JSON form for people: rows, and per measure sum and nulls."""
        return {
            "rows": self.rows,
            "sums": {name: total.value for name, total in sorted(self.sums.items())},
            "nulls": dict(sorted(self.nulls.items())),
        }


def fingerprint(path: Path, dataset: Dataset) -> Fingerprint:
    """Of one Parquet file, a row group's worth at a time.

    `pa.ArrowException` or `OSError` when it cannot be read.
    """
    found = Fingerprint()
    for table in _tables(path):
        found.add(table, dataset)
    return found


def _tables(path: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as source:
        for batch in source.iter_batches(batch_size=ROW_GROUP):
            yield pa.Table.from_batches([batch])
