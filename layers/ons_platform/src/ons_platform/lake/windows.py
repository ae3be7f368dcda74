"""Several Parquet files of one partition read side by side, one time window after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ons_platform.lake.parquet import ROW_GROUP

ROWS_AT_ONCE = 1_000_000

Window = tuple[int, int] | None
"""Half-open range of timestamps (µs); None is all rows."""


def unified_schema(sources: Sequence[pq.ParquetFile]) -> pa.Schema:
    """All columns of all slices; files of different years may lack some."""
    schemas = [source.schema_arrow.remove_metadata() for source in sources]
    return pa.unify_schemas(schemas, promote_options="permissive")


def windows(sources: Sequence[pq.ParquetFile]) -> list[Window]:
    """Half-open ranges of timestamps (µs) covering the files, of about a million rows each.

    None is "all rows": few enough, or without timestamps.
    """
    rows = sum(source.metadata.num_rows for source in sources)
    instants = [instant for source in sources for both in _bounds(source) for instant in both]
    count = -(-rows // ROWS_AT_ONCE)
    if count <= 1 or not instants:
        return [None]
    edges = np.linspace(min(instants), max(instants) + 1, count + 1).astype(np.int64).tolist()
    return list(pairwise(edges))


def _bounds(source: pq.ParquetFile) -> Iterator[tuple[int, int]]:
    """First and last timestamp (µs) of each row group, from the footer."""
    names = source.schema_arrow.names
    if "timestamp" not in names:
        return
    column = names.index("timestamp")
    for group in range(source.metadata.num_row_groups):
        statistics = source.metadata.row_group(group).column(column).statistics
        yield statistics.min_raw, statistics.max_raw


def read_window(source: pq.ParquetFile, window: Window, schema: pa.Schema) -> pa.Table:
    """The window's rows with all columns of the schema, null where the file lacks one."""
    if window is None:
        return _completed(source.read(), schema)
    found = [schema.empty_table()]
    groups = [
        number
        for number, (first, last) in enumerate(_bounds(source))
        if first < window[1] and last >= window[0]
    ]
    for batch in source.iter_batches(batch_size=ROW_GROUP, row_groups=groups):
        instants = batch.column("timestamp").cast(pa.int64()).to_numpy(zero_copy_only=False)
        inside = (instants >= window[0]) & (instants < window[1])
        if inside.any():
            rows = pa.Table.from_batches([batch.filter(pa.array(inside))])
            found.append(_completed(rows, schema))
    return pa.concat_tables(found)


def _completed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
