"""Counts, exact sums and hashes that do not depend on the order of rows."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.lake.fingerprint import ExactSum, Fingerprint, fingerprint

LOAD = catalog()["curva-carga"]


@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False))))
def test_a_sum_is_exact_however_it_is_cut(batches: list[list[float]]) -> None:
    total = ExactSum()
    for batch in batches:
        total.add(np.array(batch, dtype=np.float64))
    values = [value for batch in batches for value in batch]
    exact = sum((Fraction(value) for value in values), Fraction(0))
    assert Fraction(total.scaled, 2**1200) == exact
    if abs(exact) < 1e300:
        assert total.value == float(exact)


def test_a_sum_beyond_doubles_is_infinite() -> None:
    total = ExactSum()
    total.add(np.full(3, -1.7e308))
    assert total.value == -math.inf


def test_what_is_no_number_is_counted() -> None:
    total = ExactSum()
    total.add(np.array([1.0, math.inf, math.nan, 2.5]))
    assert (total.value, total.strange) == (3.5, 2)


def taken(*tables: pa.Table) -> Fingerprint:
    found = Fingerprint()
    for table in tables:
        found.add(table, LOAD)
    return found


@given(data=st.data())
def test_neither_order_nor_batches_nor_stamps_matter(
    lake_rows: Any, at: Any, data: st.DataObject
) -> None:
    values = data.draw(st.lists(st.sampled_from([None, 0.1, 0.2, 1e9]), min_size=1, max_size=9))
    rows = [at(hour, value=value) for hour, value in enumerate(values)]
    whole = taken(lake_rows(LOAD, rows)[0])
    order = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    parts = [part for part in (order[:cut], order[cut:]) if part]
    other = taken(
        *(lake_rows(LOAD, [row | {"processor_version": "2"} for row in p])[0] for p in parts)
    )
    assert other == whole
    assert whole.as_dict()["nulls"] == {"load": values.count(None)}


@pytest.mark.parametrize(
    "other",
    [
        [{"hour": 0, "value": 2.0}, {"hour": 1, "value": 1.0}],
        [{"hour": 0, "value": 1.0}, {"hour": 2, "value": 2.0}],
        [{"hour": 0, "value": 1.0}, {"hour": 1, "value": 2.0, "quality_flag": "suspect"}],
        [{"hour": 0, "value": 1.0}, {"hour": 1, "value": 2.0, "source_file": "other.csv"}],
        [{"hour": 0, "value": 1.0}, {"hour": 1, "value": 2.0}, {"hour": 1, "value": 0.0}],
        [{"hour": 0, "value": 1.0}],
    ],
)
def test_rows_that_differ_anywhere_differ(
    lake_rows: Any, at: Any, other: list[dict[str, Any]]
) -> None:
    """Also where values have only changed places: the sums are the same, the hash is not."""
    rows = [at(0, value=1.0), at(1, value=2.0)]
    changed = [at(row.pop("hour"), **row) for row in map(dict, other)]
    assert taken(lake_rows(LOAD, rows)[0]) != taken(lake_rows(LOAD, changed)[0])


def test_a_column_that_is_not_there_is_as_an_empty_one(
    tmp_path: Path, lake_rows: Any, at: Any
) -> None:
    table, _ = lake_rows(LOAD, [at(0), at(1)])
    assert table["state"].null_count == 2
    for name, some in (("whole", table), ("less", table.drop_columns(["state"]))):
        pq.write_table(some, tmp_path / name)
    assert fingerprint(tmp_path / "whole", LOAD) == fingerprint(tmp_path / "less", LOAD)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises((pa.ArrowException, OSError)):
        fingerprint(tmp_path / "file", LOAD)
