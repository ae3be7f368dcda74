"""How a lake file is written: zstd, dictionaries, bounded row groups, its summary in the footer."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import LocalFileSystem

from ons_platform.catalog.model import Dataset
from ons_platform.lake.ledger import Summary
from ons_platform.lake.summary import SummaryBuilder

ROW_GROUP = 131_072
_SUMMARY = b"ons.summary"
_DISK = LocalFileSystem()
"""Named once: to find out anew what a path is takes longer than opening the file."""


class LakeFileWriter:
    """Streams tables of one schema into one Parquet file, about 131,000 rows a row group.

    Memory is the rows waiting for their row group; `flush` writes them at once.
    """

    def __init__(self, path: Path, schema: pa.Schema, dataset: Dataset) -> None:
        self.path = path
        self._schema = schema
        self._summary = SummaryBuilder(dataset, schema)
        self._waiting: list[pa.Table] = []
        self.waiting_rows = 0
        text = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        repeated = [name for name in ("timestamp", "processed_at") if name in schema.names]
        self._writer = pq.ParquetWriter(
            str(path),
            schema,
            filesystem=_DISK,
            compression="zstd",
            compression_level=1,
            use_dictionary=[*text, *repeated],
            write_page_index=False,
        )

    def __enter__(self) -> LakeFileWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, table: pa.Table) -> None:
        """Append rows; the table's schema must be the writer's."""
        self._waiting.append(table)
        self.waiting_rows += table.num_rows
        if self.waiting_rows >= ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if not self.waiting_rows:
            return
        table = pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()
        self._waiting, self.waiting_rows = [], 0
        self._summary.add(table)
        self._writer.write_table(table, row_group_size=2 * ROW_GROUP)

    def close(self) -> Summary:
        """Finish the file and return what it holds."""
        if self._writer.is_open:
            self.flush()
        summary = self._summary.summary()
        if self._writer.is_open:
            packed = zlib.compress(json.dumps(summary.as_dict()).encode())
            self._writer.add_key_value_metadata({_SUMMARY: base64.b64encode(packed)})
            self._writer.close()
        return summary


def read_summary(path: Path) -> Summary:
    """What a file written here holds, from its footer."""
    metadata = pq.read_metadata(path).metadata
    return Summary.from_dict(json.loads(zlib.decompress(base64.b64decode(metadata[_SUMMARY]))))
