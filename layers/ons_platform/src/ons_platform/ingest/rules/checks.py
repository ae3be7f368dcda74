"""Quality rules of the catalogue: ranges of a measure, and sums that must hold in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ons_platform.catalog.model import Dataset, Identity, Measure

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

_FACTORS = (0.5, 2.0, -1.0, 0.1, 10.0, 0.001, 1000.0)
"""What values are typically wrong by: doubled, halved, sign turned, unit or decimal point."""
_MAX_GUILTY = 2
_NEARLY = 0.005
"""A mended sum may miss by half a percent of its largest term: wrong values are rarely exact."""


def outside(values: pa.Array, limits: tuple[float, float] | None) -> Mask | None:
    """Which values lie outside a closed interval; None when none does. Nulls lie inside."""
    if limits is None or values.null_count == len(values):
        return None
    extremes = pc.min_max(values)
    low, high = limits
    if extremes["min"].as_py() >= low and extremes["max"].as_py() <= high:
        return None
    numbers = values.to_numpy(zero_copy_only=False)
    odd: Mask = (numbers < low) | (numbers > high)
    return odd


def term(measure: Measure) -> str:
    """How identities name a measure."""
    kind, source = measure.measurement_type, measure.energy_source
    return f"{kind}:{source}" if source else kind


@dataclass(frozen=True)
class Breach:
    """Rows that break an identity, and which measure columns are to blame in which of them."""

    rows: NDArray[np.intp]
    guilty: dict[str, Mask]


def breaches(dataset: Dataset, values: Mapping[str, Floats]) -> Breach | None:
    """Check the dataset's identity on rows whose terms are all in the same source row.

    `values` holds by measure column one number a row, NaN for null; a row with a null is not
    checked. Who is to blame is deduced: the one or two terms whose multiplication by a typical
    factor mends the sum, taking the explanation that mends most rows. Where nothing or more than
    one thing explains a row, all its terms are to blame.
    """
    identity = dataset.rules.identity
    columns = {term(measure): measure.column for measure in dataset.measures}
    if identity is None or not {columns.get(name) for name in _signs(identity)} <= set(values):
        return None
    signs = _signs(identity)
    residual = sum((sign * values[columns[name]] for name, sign in signs.items()), np.float64(0))
    rows = np.flatnonzero(np.abs(residual) > identity.tolerance)
    if not len(rows):
        return None
    terms = np.array([sign * values[columns[name]][rows] for name, sign in signs.items()])
    blamed = _blame(terms, identity.tolerance)
    return Breach(rows, {columns[name]: mask for name, mask in zip(signs, blamed, strict=True)})


def _blame(terms: Floats, tolerance: float) -> Mask:
    """For terms (term x row) that should sum to zero: which of them are to blame."""
    allowed = np.maximum(tolerance, _NEARLY * np.abs(terms).max(axis=0))
    explanations = {
        (chosen, factor): np.abs(terms.sum(axis=0) + (factor - 1) * terms[list(chosen)].sum(axis=0))
        <= allowed
        for size in range(1, _MAX_GUILTY + 1)
        for chosen in combinations(range(len(terms)), size)
        for factor in _FACTORS
    }
    blamed = np.ones(terms.shape, bool)
    unexplained = np.ones(terms.shape[1], bool)
    while unexplained.any():
        scores = {
            key: (int((mends & unexplained).sum()), -len(key[0]))
            for key, mends in explanations.items()
        }
        best = max(scores.values())
        winners = {key[0] for key, score in scores.items() if score == best}
        if best[0] == 0 or len(winners) > 1:
            break
        mended = unexplained & np.logical_or.reduce(
            [explanations[key] for key, score in scores.items() if score == best]
        )
        blamed[:, mended] = False
        blamed[np.ix_(list(winners.pop()), mended)] = True
        unexplained &= ~mended
    return blamed


def described(identity: Identity) -> str:
    """The identity as a formula."""
    return f"{_joined(identity.plus)} - {_joined(identity.minus)} = {identity.total}"


def _signs(identity: Identity) -> dict[str, int]:
    plus = dict.fromkeys(identity.plus, 1)
    return plus | dict.fromkeys((*identity.minus, identity.total), -1)


def _joined(terms: Sequence[str]) -> str:
    return "(" + " + ".join(terms) + ")" if len(terms) > 1 else "".join(terms) or "0"
