from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.lake import keys
from ons_platform.lake.keys import exact_keys, key_hashes

SCHEMA = pa.schema(
    [
        ("text", pa.dictionary(pa.int32(), pa.string())),
        ("plain", pa.string()),
        ("number", pa.float64()),
        ("whole", pa.int64()),
        ("day", pa.date32()),
        ("instant", pa.timestamp("us", tz="UTC")),
    ]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.sampled_from([None, "", "a", "b", "ç"]),
            "plain": st.sampled_from([None, "x", "y"]),
            "number": st.sampled_from([None, 0.0, -0.0, 1.5, -1.5, -2.0, 1e300]),
            "whole": st.sampled_from([None, 0, -1, 2**62, -(2**62)]),
            "day": st.sampled_from([None, date(2000, 1, 1), date(1999, 12, 31)]),
            "instant": st.sampled_from([None, datetime(2023, 1, 1, tzinfo=UTC)]),
        }
    ),
    max_size=30,
)


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    """Nulls first, then by value."""
    return tuple(() if row[name] is None else (row[name],) for name in SCHEMA.names)


@given(st.lists(ROWS, min_size=1, max_size=3))
def test_exact_keys_compare_as_the_rows_do(lists: list[list[dict[str, Any]]]) -> None:
    tables = [pa.Table.from_pylist(rows, schema=SCHEMA) for rows in lists]
    found = exact_keys(tables, SCHEMA.names)
    assert [len(part) for part in found] == [len(rows) for rows in lists]
    rows = [row for part in lists for row in part]
    numbers = np.concatenate(found).tolist()
    pairs = sorted(zip(numbers, (_order(row) for row in rows), strict=True))
    for (one, left), (two, right) in pairwise(pairs):
        assert (one == two) == (left == right)
        assert left <= right


@given(ROWS)
def test_equal_rows_have_equal_hashes_and_others_do_not(rows: list[dict[str, Any]]) -> None:
    hashes = key_hashes(pa.Table.from_pylist(rows, schema=SCHEMA), SCHEMA.names).tolist()
    (numbers,) = exact_keys([pa.Table.from_pylist(rows, schema=SCHEMA)], SCHEMA.names)
    assert len(set(hashes)) == len(set(numbers.tolist()))
    assert len(set(zip(hashes, numbers.tolist(), strict=True))) == len(set(hashes))


def test_a_hash_does_not_depend_on_the_batch() -> None:
    one = pa.table({"text": pa.array(["a", "b"]).dictionary_encode()})
    two = pa.table({"text": pa.array(["c", "b", "a"]).dictionary_encode()})
    left, right = key_hashes(one, ["text"]), key_hashes(two, ["text"])
    assert left.tolist() == right[::-1][:2].tolist()


def test_a_missing_column_counts_as_null() -> None:
    with_nulls = pa.table({"a": [1, 1], "b": pa.array([None, "x"], pa.string())})
    without = pa.table({"a": [1]})
    first, second = exact_keys([with_nulls, without], ["a", "b"])
    assert first[0] == second[0] != first[1]
    nothing = pa.table({"a": [1], "b": pa.nulls(1)})
    assert key_hashes(nothing, ["a", "b"]).shape == (1,)


def test_many_wide_columns_are_compressed_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_LIMIT", 1000)
    values = np.arange(500)
    table = pa.table({"a": values % 7, "b": values % 11, "c": values * 977 % 499, "d": values % 2})
    (found,) = exact_keys([table], ["a", "b", "c", "d"])
    rows = list(zip(*(table[name].to_pylist() for name in "abcd"), strict=True))
    assert np.argsort(found, kind="stable").tolist() == sorted(range(500), key=rows.__getitem__)


def test_no_rows_at_all() -> None:
    empty = SCHEMA.empty_table()
    assert [len(part) for part in exact_keys([empty, empty], SCHEMA.names)] == [0, 0]
    assert len(key_hashes(empty, SCHEMA.names)) == 0
