"""Columns that lost their decimal points, and columns that look like it and did not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ons_platform.ingest.rules.lost_point import LostPoint

RANDOM = np.random.default_rng(1)
FRACTIONS = np.round(RANDOM.uniform(0, 40, 1000), 2)
LOST = np.round(FRACTIONS * 100)


def judged(numbers: Any, high: float = 60.0) -> bool:
    point = LostPoint()
    for part in np.array_split(np.asarray(numbers, float), 3):
        outside = (part < 0) | (part > high)
        if outside.any():
            point.observe(part, outside, 0.0)
    return point.is_likely(len(numbers))


def test_all_points_lost() -> None:
    assert judged(LOST)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_some_points_lost(share: float) -> None:
    assert judged(np.where(np.arange(1000) < share * 1000, LOST, FRACTIONS))


@pytest.mark.parametrize(
    "numbers",
    [
        FRACTIONS,
        np.r_[FRACTIONS, RANDOM.uniform(61, 900, 300)],
        np.r_[FRACTIONS, np.full(300, 9999.0)],
        np.r_[FRACTIONS, [700.0, 800.0, 900.0]],
        np.r_[RANDOM.integers(0, 60, 1000), np.full(100, -1.0)],
        np.r_[RANDOM.integers(0, 60, 1000), [70, 80, 90]],
        np.r_[np.full(500, np.nan), FRACTIONS],
        [-225.0],
        [10.0, 20.0, -5.0, -6.0, -7.0],
        [10.0, 20.0, 500.0, 600.0],
    ],
    ids=[
        "clean",
        "spikes",
        "marks",
        "few",
        "marks among whole",
        "few among whole",
        "nulls",
        "one below nothing",
        "below nothing",
        "two among a few",
    ],
)
def test_what_only_looks_like_it(numbers: Any) -> None:
    assert not judged(numbers)
