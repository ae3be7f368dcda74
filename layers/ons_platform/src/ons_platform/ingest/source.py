"""What every reader offers: a header, and batches of the wanted columns with their row numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ons_platform.catalog.model import Column
from ons_platform.ingest.reasons import Place


@dataclass(frozen=True)
class SourceBatch:
    """Some rows of a file.

    `columns` holds by catalogue name what the reader could make of each: typed where the file is
    typed or reads cleanly, otherwise text. `rows` are 1-based row numbers as a spreadsheet counts.
    """

    columns: dict[str, pa.Array]
    rows: NDArray[np.int64]

    def where(self, rows: NDArray[np.bool_]) -> SourceBatch:
        """These rows only."""
        keep = pa.array(rows)
        columns = {name: cells.filter(keep) for name, cells in self.columns.items()}
        return SourceBatch(columns, self.rows[rows])


class Source(Protocol):
    """An open file. `header` is as the file writes it; `bad_rows` grows while batches are read."""

    header: tuple[str, ...]
    bad_rows: list[Place]
    bad_count: int
    tolerant: bool

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Read the wanted columns, by position in the header, in file order."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def row_numbers(first: int, count: int) -> NDArray[np.int64]:
    """Consecutive row numbers."""
    return np.arange(first, first + count, dtype=np.int64)
