"""Rules on the steps from one value to the next: leaps up and back, values that stand still."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ons_platform.catalog.model import Grain
from ons_platform.ingest.rules.cells import Cells, Mask
from ons_platform.ingest.rules.days import ordinals

_LONGEST_SPIKE = 2
"""Values in a row that may leap up and come back together."""
_BACK = 0.5
"""A value comes back when it ends nearer to where it was than half the leap."""
_DAY = {"PT30M": 48, "PT1H": 24}
_STILL_SHARE = 0.02
"""A series of which a larger share of steps is zero anyway is not remarkable for standing still."""


def jumps(cells: Cells, grain: Grain, factor: float, at_least: float) -> Mask:
    """Cells that leap away and back within two values, by more than the series ever does.

    `cells` are sorted by series and time and have one value an instant. A leap is a step of more
    than `factor` times the median step of its series and more than `at_least`, in both directions,
    after which the value is back.
    """
    found = np.zeros(len(cells), bool)
    index, steps = _joined(cells, grain)
    limits = np.maximum(at_least, factor * _typical(cells.series, index, steps))
    leaps = np.abs(steps) > limits
    for width in range(1, _LONGEST_SPIKE + 1):
        ahead = np.full(len(cells), np.nan)
        ahead[: len(cells) - width] = steps[width:]
        there = np.zeros(len(cells), bool)
        there[: len(cells) - width] = leaps[width:]
        between = np.zeros(len(cells))
        for offset in range(1, width):
            between[: len(cells) - offset] += steps[offset:]
        smaller = np.minimum(np.abs(steps), np.abs(ahead))
        with np.errstate(invalid="ignore"):
            opposite = steps * ahead < 0
            back = np.abs(steps + between + ahead) <= _BACK * smaller
            away = np.abs(between) <= _BACK * smaller
        starts = np.flatnonzero(leaps & there & opposite & back & away)
        for offset in range(width):
            found[starts + offset] = True
    return found


def frozen(cells: Cells, grain: Grain) -> Mask:
    """Cells of stretches of at least a day with one value, in series that otherwise never rest.

    Zeros are nothing remarkable: a plant rests, a price is nil.
    """
    if grain not in _DAY or not len(cells):
        return np.zeros(len(cells), bool)
    index, steps = _joined(cells, grain)
    known = ~np.isnan(steps)
    still = known & (steps == 0)
    run = np.cumsum(~still)
    lengths = np.bincount(run)
    long: Mask = (lengths[run] >= _DAY[grain]) & (cells.value != 0) & ~np.isnan(cells.value)
    others = known & ~long
    rest = np.bincount(index, still & others) / np.maximum(np.bincount(index, others), 1)
    return long & (rest <= _STILL_SHARE)[index] & (np.bincount(index, others) > _DAY[grain])[index]


def _joined(cells: Cells, grain: Grain) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Per cell the number of its series among those here, and the step that leads to it.

    NaN where no step leads to it: at the start, after a gap, from or to nothing.
    """
    _, index = np.unique(cells.series, return_inverse=True)
    steps = np.full(len(cells), np.nan)
    numbers = ordinals(cells.utc, grain)
    next_to = (np.diff(cells.series) == 0) & (np.diff(numbers) == 1)
    with np.errstate(invalid="ignore"):
        steps[1:] = np.where(next_to, np.diff(cells.value), np.nan)
    return index, steps


def _typical(
    series: NDArray[np.int32], index: NDArray[np.intp], steps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Per cell the median size of its series' steps that are not zero."""
    moves = np.flatnonzero(~np.isnan(steps) & (steps != 0))
    sizes = np.abs(steps[moves])
    order = np.lexsort((sizes, series[moves]))
    sizes, owners = sizes[order], index[moves][order]
    counts = np.bincount(owners, minlength=int(index.max(initial=-1)) + 1)
    starts = np.cumsum(counts) - counts
    middle = np.zeros(len(counts))
    some = counts > 0
    low, high = starts + (counts - 1) // 2, starts + counts // 2
    middle[some] = (sizes[low[some]] + sizes[high[some]]) / 2
    return middle[index]
