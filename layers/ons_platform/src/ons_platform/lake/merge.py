"""The lake file of a partition is a pure function of its current slices (DESIGN 3)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ons_platform.catalog.model import Dataset
from ons_platform.errors import NotFound, StorageUnavailable
from ons_platform.lake.canonical import CANONICAL_SCHEMA
from ons_platform.lake.keys import exact_keys
from ons_platform.lake.layout import Partition
from ons_platform.lake.leases import hold
from ons_platform.lake.ledger import Ledger, ObjectVersion, PartitionInfo, Slice
from ons_platform.lake.parquet import ROW_GROUP, LakeFileWriter, read_summary
from ons_platform.storage import Storage

_ATTEMPTS = 20
_ROWS_AT_ONCE = 1_000_000


def commit(
    version: ObjectVersion,
    dataset: Dataset,
    slices: Sequence[Slice],
    ledger: Ledger,
    storage: Storage,
) -> list[PartitionInfo]:
    """Make a version's slices part of the lake: record them, then rebuild what they may change.

    Also the partitions older versions of the key had rows in, which the new one may lack. Safe to
    repeat, in any order and from several workers at once.
    """
    ledger.record_slices(version, slices)
    touched = sorted(ledger.touched_partitions(version), key=lambda item: item.name)
    return [rebuild(partition, dataset, ledger, storage) for partition in touched]


def rebuild(
    partition: Partition, dataset: Dataset, ledger: Ledger, storage: Storage
) -> PartitionInfo:
    """Bring the partition's file to the merge of its current slices and return what it holds.

    A lease keeps writers apart; were it to expire, the conditional swap and the look back
    afterwards still keep a stale merge from staying. `LeaseHeld` or `StorageUnavailable` when
    others keep changing the partition: transient.
    """
    name = f"partition/{partition.dataset}/{partition.name}"
    with hold(ledger, name):
        for _ in range(_ATTEMPTS):
            before = storage.head(partition.path)
            slices = _slices(partition, dataset, ledger)
            known = ledger.partition(partition)
            if known and before and _is_merge(known, before.etag, slices):
                return known
            try:
                info = _write(partition, dataset, storage, slices, before.etag if before else None)
            except NotFound:  # a slice was replaced meanwhile
                continue
            if info:
                ledger.record_partition(info)
                after = storage.head(partition.path)
                current = _slices(partition, dataset, ledger)
                if after and _is_merge(info, after.etag, current):
                    return info
    raise StorageUnavailable(f"{partition.dataset} {partition.name} changes all the time")


def _slices(partition: Partition, dataset: Dataset, ledger: Ledger) -> list[Slice]:
    """What the file is merged from: of reference data the newest object wins whole."""
    slices = ledger.current_slices(partition)
    return slices[:1] if dataset.kind == "reference" else slices


def _is_merge(info: PartitionInfo, etag: str, slices: Sequence[Slice]) -> bool:
    return info.etag == etag and info.slices == tuple(item.identity for item in slices)


def _write(
    partition: Partition,
    dataset: Dataset,
    storage: Storage,
    slices: Sequence[Slice],
    expected_etag: str | None,
) -> PartitionInfo | None:
    """Merge and swap in; None when the file changed since its etag was read.

    One slice is taken as it is; of none remains a file without rows, which readers leave out.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(storage.as_file(item.path)) for item in slices]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ons-")))
        merged = folder / "merged.parquet"
        if len(files) == 1:
            shutil.copyfile(files[0], merged)
        elif files:
            merge_files(files, merged, dataset)
        else:
            LakeFileWriter(merged, CANONICAL_SCHEMA, dataset).close()
        summary = read_summary(merged)
        written = storage.swap(partition.path, merged, expected_etag)
    if written is None:
        return None
    return PartitionInfo(
        partition=partition,
        etag=written.etag,
        size=written.size,
        slices=tuple(item.identity for item in slices),
        sources=tuple(item.key for item in slices),
        summary=summary,
    )


def merge_files(files: Sequence[Path], target: Path, dataset: Dataset) -> None:
    """Merge slices, highest rank first: per key the row of the first file that has it.

    The rows come out by time, then by the rest of the key. Memory holds about a million rows
    whatever the files' size: larger partitions are merged one time window after the other.
    """
    sources = [pq.ParquetFile(file) for file in files]
    schema = _schema(sources)
    with LakeFileWriter(target, schema, dataset) as writer:
        for window in _windows(sources):
            tables = [_read(source, window, schema) for source in sources]
            writer.write(_merged(tables, dataset))


def _schema(sources: Sequence[pq.ParquetFile]) -> pa.Schema:
    """All columns of all slices; files of different years may lack some."""
    schemas = [source.schema_arrow.remove_metadata() for source in sources]
    return pa.unify_schemas(schemas, promote_options="permissive")


def _merged(tables: Sequence[pa.Table], dataset: Dataset) -> pa.Table:
    key = sorted(dataset.key, key=lambda name: name != "timestamp")
    keys = np.concatenate(exact_keys(tables, key))
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]] if len(ordered) else np.zeros(0, np.bool_)
    together = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    return together.take(pa.array(order[first]))


def _windows(sources: Sequence[pq.ParquetFile]) -> list[tuple[int, int] | None]:
    """Half-open ranges of timestamps (µs) covering the files, of about a million rows each.

    None is "all rows": few enough, or without timestamps.
    """
    rows = sum(source.metadata.num_rows for source in sources)
    instants = [instant for source in sources for instant in _bounds(source)]
    count = -(-rows // _ROWS_AT_ONCE)
    if count <= 1 or not instants:
        return [None]
    edges = np.linspace(min(instants), max(instants) + 1, count + 1).astype(np.int64).tolist()
    return list(pairwise(edges))


def _bounds(source: pq.ParquetFile) -> Iterator[int]:
    """First and last timestamp (µs) of each row group, from the footer."""
    names = source.schema_arrow.names
    if "timestamp" not in names:
        return
    column = names.index("timestamp")
    for group in range(source.metadata.num_row_groups):
        statistics = source.metadata.row_group(group).column(column).statistics
        yield statistics.min_raw
        yield statistics.max_raw


def _read(source: pq.ParquetFile, window: tuple[int, int] | None, schema: pa.Schema) -> pa.Table:
    """The window's rows with all columns of the schema, null where the file lacks one."""
    if window is None:
        return _completed(source.read(), schema)
    found = [schema.empty_table()]
    for batch in source.iter_batches(batch_size=ROW_GROUP):
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
