"""Ranges, and who is to blame when a sum does not hold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.ingest.rules.checks import breaches, described, outside

BALANCE = catalog()["balanco-energia-subsistema"]
GENERATION = ("val_gerhidraulica", "val_gertermica", "val_gereolica", "val_gersolar")
ALL = {*GENERATION, "val_carga", "val_intercambio"}


def balanced(rows: int = 50) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    values = {name: random.uniform(500, 30_000, rows) for name in (*GENERATION, "val_carga")}
    values["val_intercambio"] = sum(values[name] for name in GENERATION) - values["val_carga"]
    return values


def test_what_adds_up_is_not_a_breach() -> None:
    assert breaches(BALANCE, balanced()) is None


@pytest.mark.parametrize(
    "wrong", [("val_carga",), ("val_gereolica",), ("val_carga", "val_intercambio")]
)
@pytest.mark.parametrize("factor", [2.0, 0.5, -1.0, 1000.0])
def test_the_doubled_halved_or_shifted_term_is_to_blame(
    wrong: tuple[str, ...], factor: float
) -> None:
    values = balanced()
    for name in wrong:
        values[name][10:34] *= factor
    found = breaches(BALANCE, values)
    assert found is not None
    assert found.rows.tolist() == list(range(10, 34))
    assert {name for name, rows in found.guilty.items() if rows.any()} == set(wrong)
    assert all(found.guilty[name].all() for name in wrong)


def test_without_an_explanation_all_terms_are_to_blame() -> None:
    values = balanced()
    values["val_carga"][3] += 777.0
    found = breaches(BALANCE, values)
    assert found is not None
    assert {name for name, rows in found.guilty.items() if rows.all()} == ALL


def test_rows_with_a_gap_and_datasets_without_a_rule_are_not_checked() -> None:
    values = balanced()
    values["val_carga"][:] = np.nan
    assert breaches(BALANCE, values) is None
    assert breaches(catalog()["curva-carga"], {}) is None
    del values["val_carga"]
    assert breaches(BALANCE, values) is None


def test_the_rule_reads_as_a_formula() -> None:
    assert BALANCE.rules.identity is not None
    assert described(BALANCE.rules.identity).endswith("generation:solar) - load = exchange")


@given(
    st.lists(st.none() | st.floats(-100, 100), max_size=20),
    st.floats(-50, 0),
    st.floats(0, 50),
)
def test_outside_means_below_or_above(values: list[float | None], low: float, high: float) -> None:
    expected = [value is not None and not low <= value <= high for value in values]
    found = outside(pa.array(values, pa.float64()), (low, high))
    assert (found.tolist() if found is not None else [False] * len(values)) == expected
    assert outside(pa.array(values, pa.float64()), None) is None
