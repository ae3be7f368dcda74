"""Parquet, streamed; ONS writes numbers as doubles in some files and as text in others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ons_platform.catalog.model import Column
from ons_platform.ingest.reading.source import Remark, SourceBatch, row_numbers
from ons_platform.ingest.reasons import Place, reject

_BATCH_ROWS = 65_536


class ParquetSource:
    """A Parquet file; every column as the file types it, all kinds of text as one."""

    def __init__(self, path: Path, name: str, limit: int) -> None:
        self.name = name
        try:
            self._file = pq.ParquetFile(path)
            self.header = tuple(self._file.schema_arrow.names)
        except (pa.ArrowException, OSError) as wrong:
            raise self._broken(wrong) from wrong
        self._check_size(limit)
        self.bad_rows: list[Place] = []
        self.bad_count = 0
        self.tolerant = False
        self.remarks: list[Remark] = []

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Batches of at most 65,536 rows; `rows` counts rows from 1."""
        names = {self.header[index]: column.name for index, column in wanted.items()}
        first = 1
        try:
            for batch in self._file.iter_batches(_BATCH_ROWS, columns=list(names)):
                columns = {names[name]: _plain(batch.column(name)) for name in batch.schema.names}
                yield SourceBatch(columns, row_numbers(first, batch.num_rows))
                first += batch.num_rows
        except (pa.ArrowException, OSError) as wrong:
            raise self._broken(wrong) from wrong

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _check_size(self, limit: int) -> None:
        """What the file says it holds; a few bytes can stand for any number of equal rows."""
        data = self._file.metadata
        groups = (data.row_group(index).total_byte_size for index in range(data.num_row_groups))
        size = max(sum(groups), 8 * data.num_rows)
        if size > limit:
            self.close()
            raise reject("expands_too_much", file=self.name, size=size, limit=limit)

    def _broken(self, wrong: Exception) -> Exception:
        problem = str(wrong).splitlines()[0]
        return reject("broken_file", file=self.name, format="Parquet", problem=problem)


def _plain(cells: pa.Array) -> pa.Array:
    """Text is text, however it is kept: large, viewed, as bytes, or in a dictionary of those."""
    types = pa.types
    kind = cells.type
    if types.is_dictionary(kind):
        return cells if kind.value_type == pa.string() else _plain(cells.dictionary_decode())
    texts = (
        types.is_large_string, types.is_binary, types.is_large_binary,
        types.is_string_view, types.is_binary_view, types.is_fixed_size_binary,
    )  # fmt: skip
    if not any(is_text(kind) for is_text in texts):
        return cells
    if types.is_fixed_size_binary(kind):
        cells = pc.cast(cells, pa.binary())
    return pc.cast(cells, pa.string())
