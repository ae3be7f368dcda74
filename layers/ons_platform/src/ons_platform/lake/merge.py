"""The lake file of a partition is a pure function of its current slices (DESIGN 3)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

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
from ons_platform.lake.parquet import LakeFileWriter, read_summary
from ons_platform.lake.windows import read_window, unified_schema, windows
from ons_platform.storage import Storage

_ATTEMPTS = 20
_AT_ONCE = 8
"""Partitions built at a time: what they wait for is the storage, not the processor."""
_RECORDED_AT_ONCE = 64
_ONE_MERGE = Lock()
"""A merge may take the memory of a million rows: one at a time in this process."""


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
    return rebuild_all(touched, dataset, ledger, storage)


def rebuild_all(
    partitions: Sequence[Partition], dataset: Dataset, ledger: Ledger, storage: Storage
) -> list[PartitionInfo]:
    """As `rebuild` of each, some at once and recorded together.

    Nobody is kept out meanwhile: the conditional swap and the look back tell where another was at
    work too, and those partitions are built again under their leases.
    """
    done: list[PartitionInfo] = []
    with ThreadPoolExecutor(_AT_ONCE, "rebuild") as pool:
        for start in range(0, len(partitions), _RECORDED_AT_ONCE):
            some = partitions[start : start + _RECORDED_AT_ONCE]
            tried = list(pool.map(lambda item: _attempt(item, dataset, ledger, storage), some))
            ledger.record_partitions([info for info, written in tried if info and written])
            good = pool.map(lambda one: _stands(one[0], one[1], dataset, ledger, storage), tried)
            done += [
                info if info and stands else rebuild(partition, dataset, ledger, storage)
                for partition, (info, _), stands in zip(some, tried, good, strict=True)
            ]
    return done


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
            info, written = _attempt(partition, dataset, ledger, storage)
            if info and written:
                ledger.record_partitions([info])
            if info and _stands(info, written, dataset, ledger, storage):
                return info
    raise StorageUnavailable(f"{partition.dataset} {partition.name} changes all the time")


def _attempt(
    partition: Partition, dataset: Dataset, ledger: Ledger, storage: Storage
) -> tuple[PartitionInfo | None, bool]:
    """What the file holds and whether it was written just now; no info where another interfered."""
    before = storage.head(partition.path)
    slices = current_slices(partition, dataset, ledger)
    known = ledger.partition(partition)
    if known and before and is_merge(known, before.etag, slices):
        return known, False
    try:
        info = _write(partition, dataset, storage, slices, before.etag if before else None)
    except (NotFound, FileNotFoundError):  # a slice was superseded meanwhile, and removed
        return None, False
    return info, info is not None


def _stands(
    info: PartitionInfo | None, written: bool, dataset: Dataset, ledger: Ledger, storage: Storage
) -> bool:
    """Whether what was written still is the merge of what is current now that it is recorded."""
    if info is None or not written:
        return info is not None
    after = storage.head(info.partition.path)
    current = current_slices(info.partition, dataset, ledger)
    return after is not None and is_merge(info, after.etag, current)


def current_slices(partition: Partition, dataset: Dataset, ledger: Ledger) -> list[Slice]:
    """What the file is merged from: of reference data the newest object wins whole."""
    slices = ledger.current_slices(partition)
    return slices[:1] if dataset.kind == "reference" else slices


def is_merge(info: PartitionInfo, etag: str, slices: Sequence[Slice]) -> bool:
    """Whether the file with that etag is the merge of these slices, as the ledger knows it."""
    return info.etag == etag and info.slices == tuple(item.identity for item in slices)


def _write(
    partition: Partition,
    dataset: Dataset,
    storage: Storage,
    slices: Sequence[Slice],
    expected_etag: str | None,
) -> PartitionInfo | None:
    """Merge and swap in; None when the file changed since its etag was read.

    One slice is taken as it is, without a copy where the storage can; of none remains a file
    without rows, which readers leave out.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(storage.as_file(item.path)) for item in slices]
        if len(files) == 1:
            merged = files[0]
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ons-")))
            merged = folder / "merged.parquet"
            with _ONE_MERGE:
                merge_files(files, merged, dataset)
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

    The rows come out by time, then by the rest of the key; without files there are none. Memory
    holds about a million rows whatever the files' size: larger partitions are merged one time
    window after the other.
    """
    if not files:
        LakeFileWriter(target, CANONICAL_SCHEMA, dataset).close()
        return
    sources = [pq.ParquetFile(file) for file in files]
    schema = unified_schema(sources)
    with LakeFileWriter(target, schema, dataset) as writer:
        for window in windows(sources):
            tables = [read_window(source, window, schema) for source in sources]
            writer.write(_merged(tables, dataset))


def _merged(tables: Sequence[pa.Table], dataset: Dataset) -> pa.Table:
    key = sorted(dataset.key, key=lambda name: name != "timestamp")
    keys = np.concatenate(exact_keys(tables, key))
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]] if len(ordered) else np.zeros(0, np.bool_)
    together = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    return together.take(pa.array(order[first]))
