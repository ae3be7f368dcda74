"""Parquet, streamed; ONS writes numbers as doubles in some files and as text in others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ons_platform.catalog.model import Column
from ons_platform.ingest.reasons import Place, reject
from ons_platform.ingest.source import SourceBatch, row_numbers

_BATCH_ROWS = 65_536


class ParquetSource:
    """A Parquet file; every column as the file types it."""

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        try:
            self._file = pq.ParquetFile(path)
            self.header = tuple(self._file.schema_arrow.names)
        except (pa.ArrowException, OSError) as wrong:
            raise self._broken(wrong) from wrong
        self.bad_rows: list[Place] = []
        self.bad_count = 0
        self.tolerant = False

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Batches of at most 65,536 rows; `rows` counts rows from 1."""
        names = {self.header[index]: column.name for index, column in wanted.items()}
        first = 1
        try:
            for batch in self._file.iter_batches(_BATCH_ROWS, columns=list(names)):
                columns = {names[name]: batch.column(name) for name in batch.schema.names}
                yield SourceBatch(columns, row_numbers(first, batch.num_rows))
                first += batch.num_rows
        except (pa.ArrowException, OSError) as wrong:
            raise self._broken(wrong) from wrong

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _broken(self, wrong: Exception) -> Exception:
        problem = str(wrong).splitlines()[0]
        return reject("broken_file", file=self._name, format="Parquet", problem=problem)
