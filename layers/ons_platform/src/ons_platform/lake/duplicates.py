"""Repeated keys within one file: noticed by hash while streaming, decided exactly afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ons_platform.catalog.model import Dataset
from ons_platform.lake.keys import exact_keys
from ons_platform.lake.ledger import Summary
from ons_platform.lake.parquet import ROW_GROUP, LakeFileWriter
from ons_platform.lake.quality import QualityFlag
from ons_platform.lake.summary import FLAG

_SORTED_AT_ONCE = 8_000_000
_CANDIDATES_AT_ONCE = 500_000
_GRAVITY = list(QualityFlag)


@dataclass(frozen=True)
class Decision:
    """Row numbers to leave out and those to flag `duplicate`, both sorted; `marked` by flag."""

    dropped: NDArray[np.int64]
    conflicting: NDArray[np.int64]
    marked: tuple[tuple[QualityFlag, NDArray[np.int64]], ...] = ()


def repeated(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hashes that occur more than once, sorted; sorts at most 8 million at a time."""
    parts = 1
    while len(hashes) > parts * _SORTED_AT_ONCE:
        parts *= 2
    found = []
    for part in range(parts):
        some = hashes if parts == 1 else hashes[hashes % np.uint64(parts) == part]
        some = np.sort(some)
        found.append(np.unique(some[1:][some[1:] == some[:-1]]))
    return np.sort(np.concatenate(found))


def decide(
    path: Path, hashes: NDArray[np.uint64], repeats: NDArray[np.uint64], dataset: Dataset
) -> Decision:
    """Compare the rows of repeated hashes exactly, half a million at a time.

    Rows that are equal in every column but `processed_at` collapse to one. Where rows of one key
    differ the last of the file stays and is flagged.
    """
    nothing = np.zeros(0, np.int64)
    dropped, conflicting = [nothing], [nothing]
    for some in _parts(hashes, repeats):
        numbers = np.flatnonzero(np.isin(hashes, some))
        rows = _rows(path, numbers)
        last, differs = _groups(rows, dataset)
        dropped.append(numbers[~last])
        conflicting.append(numbers[last & differs])
    return Decision(np.sort(np.concatenate(dropped)), np.sort(np.concatenate(conflicting)))


def rewrite(path: Path, target: Path, decision: Decision, dataset: Dataset) -> Summary:
    """The file again without the dropped rows and with the conflicts and marked rows flagged."""
    source = pq.ParquetFile(path)
    flags = (*decision.marked, (QualityFlag.DUPLICATE, decision.conflicting))
    with LakeFileWriter(target, source.schema_arrow, dataset) as writer:
        for start, table in _tables(source):
            numbers = np.arange(start, start + table.num_rows)
            for flag, rows in flags:
                table = _flagged(table, np.isin(numbers, rows), flag)
            writer.write(table.filter(pa.array(~np.isin(numbers, decision.dropped))))
        return writer.close()


def _parts(hashes: NDArray[np.uint64], repeats: NDArray[np.uint64]) -> Iterator[NDArray[np.uint64]]:
    if not len(repeats):
        return
    candidates = int(np.isin(hashes, repeats).sum())
    parts = min(len(repeats), -(-candidates // _CANDIDATES_AT_ONCE))
    yield from np.array_split(repeats, parts)


def _rows(path: Path, numbers: NDArray[np.int64]) -> pa.Table:
    source = pq.ParquetFile(path)
    found = []
    for start, table in _tables(source):
        low, high = np.searchsorted(numbers, [start, start + table.num_rows])
        if low < high:
            found.append(table.take(pa.array(numbers[low:high] - start)))
    return pa.concat_tables(found)


def _tables(source: pq.ParquetFile) -> Iterator[tuple[int, pa.Table]]:
    start = 0
    for batch in source.iter_batches(batch_size=ROW_GROUP):
        yield start, pa.Table.from_batches([batch])
        start += batch.num_rows


def _groups(rows: pa.Table, dataset: Dataset) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Per row: is it the last of its key, and do the rows of its key differ."""
    (keys,) = exact_keys([rows], dataset.key)
    content = [name for name in rows.column_names if name != "processed_at"]
    (contents,) = exact_keys([rows], content)
    order = np.argsort(keys, kind="stable")
    ordered, inside = keys[order], contents[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, len(ordered)])
    same = np.minimum.reduceat(inside, starts) == np.maximum.reduceat(inside, starts)
    last = np.zeros(len(keys), dtype=np.bool_)
    last[order[starts + lengths - 1]] = True
    differs = np.zeros(len(keys), dtype=np.bool_)
    differs[order] = np.repeat(~same, lengths)
    return last, differs


def _flagged(table: pa.Table, where: NDArray[np.bool_], flag: QualityFlag) -> pa.Table:
    """That flag where the row's own is not graver already."""
    if FLAG not in table.column_names or not where.any():
        return table
    index = table.column_names.index(FLAG)
    field = table.schema.field(index)
    milder = _GRAVITY[: _GRAVITY.index(flag)]
    flags = np.array(table[FLAG].to_pylist(), dtype=object)
    flags[where & np.isin(flags, [item.value for item in milder])] = flag.value
    column = pa.array(flags, pa.string()).dictionary_encode().cast(field.type)
    return table.set_column(index, field, column)
