"""What every reader offers: a header, and batches of the wanted columns with their row numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ons_platform.catalog.model import Column
from ons_platform.ingest.reasons import Place

Decimal = Literal[".", ","]
"""What stands before the fraction of a number."""


@dataclass(frozen=True)
class SourceBatch:
    """Some rows of a file.

    `columns` holds by catalogue name what the reader could make of each: typed where the file is
    typed or reads cleanly, otherwise text. `rows` are 1-based row numbers as a spreadsheet counts.
    `decimals` says how a column of text writes its numbers where the reader knows it from elsewhere
    in the file; `pointed` names those whose whole numbers keep their point (`527.0`). `doubtful`
    marks rows that stand beside damage and may be damaged themselves.
    """

    columns: dict[str, pa.Array]
    rows: NDArray[np.int64]
    decimals: Mapping[str, Decimal] = field(default_factory=dict)
    pointed: frozenset[str] = frozenset()
    doubtful: NDArray[np.bool_] | None = None

    def where(self, rows: NDArray[np.bool_]) -> SourceBatch:
        """These rows only."""
        keep = pa.array(rows)
        return replace(
            self,
            columns={name: cells.filter(keep) for name, cells in self.columns.items()},
            rows=self.rows[rows],
            doubtful=None if self.doubtful is None else self.doubtful[rows],
        )


class Remark(NamedTuple):
    """Something to say of the file as a whole: an entry of `remarks` in the YAML, its details."""

    code: str
    details: dict[str, Any]


class Source(Protocol):
    """An open file.

    `name` is the file's own name (in an archive the table's), `header` as the file writes it;
    `bad_rows`, `bad_count` and `remarks` grow while batches are read.
    """

    name: str
    header: tuple[str, ...]
    bad_rows: list[Place]
    bad_count: int
    tolerant: bool
    remarks: list[Remark]

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Read the wanted columns, by position in the header, in file order."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def row_numbers(first: int, count: int) -> NDArray[np.int64]:
    """Consecutive row numbers."""
    return np.arange(first, first + count, dtype=np.int64)
