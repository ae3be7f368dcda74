"""Row keys of Arrow tables: fast 64-bit hashes to notice repeats, exact integers to decide."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_LIMIT = 2**62
_NULL = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = np.array([(0x9E3779B97F4A7C15 * (2 * n + 1)) % 2**64 | 1 for n in range(64)], np.uint64)


def key_hashes(table: pa.Table, columns: Sequence[str]) -> NDArray[np.uint64]:
    """One hash per row over the columns; equal keys have equal hashes within this process only.

    Different keys share a hash about once in 2^64 pairs, so a repeat says "look closer".
    """
    total = np.zeros(table.num_rows, dtype=np.uint64)
    for position, name in enumerate(columns):
        if name in table.column_names:
            total += _column_hashes(table[name]) * _FACTORS[position]
    return total


def content_hashes(table: pa.Table, columns: Sequence[str]) -> NDArray[np.uint64]:
    """One hash per row over what the columns hold, whatever their order; within this process only.

    An empty cell counts as a column that is not there.
    """
    total = np.zeros(table.num_rows, dtype=np.uint64)
    for name in columns:
        factor = np.uint64((int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) | 1) % 2**64)
        total += (_column_hashes(table[name]) - _NULL) * factor
    return _mixed(total)


def exact_keys(tables: Sequence[pa.Table], columns: Sequence[str]) -> list[NDArray[np.int64]]:
    """Integers, comparable across the tables: equal exactly where all columns are equal.

    Their order is the order by the columns; nulls are equal to nulls and come first; a column a
    table lacks counts as null.
    """
    rows = [table.num_rows for table in tables]
    total = np.zeros(sum(rows), dtype=np.int64)
    size = 1
    for name in columns:
        codes, cardinality = _codes(_stacked(tables, name))
        if size * cardinality >= _LIMIT:
            unique, total = np.unique(total, return_inverse=True)
            size = len(unique)
        if size * cardinality >= _LIMIT:
            unique, codes = np.unique(codes, return_inverse=True)
            cardinality = len(unique)
        total = total * cardinality + codes
        size *= cardinality
    return np.split(total, np.cumsum(rows)[:-1])


def dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """The column as one dictionary-encoded array."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if column.num_chunks == 0:
        return pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.string()))
    combined = column.unify_dictionaries().combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined


def codes_of(column: pa.DictionaryArray) -> NDArray[np.int64]:
    """Positions in the dictionary, -1 for null."""
    indices = column.indices
    if indices.null_count:
        indices = indices.fill_null(-1)
    found: NDArray[np.int64] = indices.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return found


def _stacked(tables: Sequence[pa.Table], name: str) -> pa.ChunkedArray:
    kind = next((t.schema.field(name).type for t in tables if name in t.column_names), pa.null())
    chunks: list[pa.Array] = []
    for table in tables:
        if name in table.column_names:
            column = table[name]
            chunks.extend((column if column.type == kind else column.cast(kind)).chunks)
        else:
            chunks.append(pa.nulls(table.num_rows, kind))
    return pa.chunked_array(chunks, kind)


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], int]:
    """Order-preserving codes, 0 for null, and one more than the greatest."""
    kind = column.type
    if pa.types.is_null(kind) or len(column) == 0:
        return np.zeros(len(column), dtype=np.int64), 1
    if _is_text(kind):
        return _text_codes(dictionary(column))
    values, valid = _integers(column)
    if not valid.any():
        return np.zeros(len(column), dtype=np.int64), 1
    lowest, highest = int(values[valid].min()), int(values[valid].max())
    if highest - lowest >= _LIMIT:
        unique, inverse = np.unique(values, return_inverse=True)
        return np.where(valid, inverse + 1, 0), len(unique) + 1
    offsets = np.where(valid, values - lowest, 0)
    step = int(np.gcd.reduce(offsets)) or 1
    return np.where(valid, offsets // step + 1, 0), (highest - lowest) // step + 2


def _text_codes(column: pa.DictionaryArray) -> tuple[NDArray[np.int64], int]:
    values = column.dictionary.to_pylist()
    ranks = {value: rank for rank, value in enumerate(sorted(set(values)), start=1)}
    table = np.array([*(ranks[value] for value in values), 0], dtype=np.int64)
    return table[codes_of(column)], len(ranks) + 1


def _column_hashes(column: pa.ChunkedArray) -> NDArray[np.uint64]:
    if _is_text(column.type):
        encoded = dictionary(column)
        values = encoded.dictionary.to_pylist()
        table = np.array([*(hash(value) for value in values), 0], dtype=np.int64).view(np.uint64)
        table = _mixed(table)
        table[-1] = _NULL
        return table[codes_of(encoded)]
    if pa.types.is_null(column.type):
        return np.full(len(column), _NULL)
    values, valid = _integers(column)
    return np.where(valid, _mixed(values.view(np.uint64)), _NULL)


def _integers(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Values as order-preserving int64 (floats: equal where equal) and where they are not null."""
    array: Any = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    valid = np.ones(len(array), dtype=np.bool_)
    if array.null_count:
        valid = array.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_floating(array.type):
        floats = array.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False) + 0.0
        bits = np.where(np.isnan(floats), np.nan, floats).view(np.int64)
        return np.where(bits < 0, np.int64(-(2**63)) - bits, bits), valid
    if pa.types.is_temporal(array.type):
        array = array.cast(pa.int32() if pa.types.is_date32(array.type) else pa.int64())
    array = array.cast(pa.int64())
    if array.null_count:
        array = array.fill_null(0)
    return array.to_numpy(zero_copy_only=False), valid


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64: every input bit reaches every output bit."""
    values = values ^ (values >> np.uint64(30))
    values = values * np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values
