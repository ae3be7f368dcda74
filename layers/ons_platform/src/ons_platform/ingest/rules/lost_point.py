"""When a column's numbers have lost their decimal point: `4320071` for `4320.071`.

The range a value cannot leave at all (`refuse`) finds this where all numbers have many decimal
places. Where they have few, or differ, much stays within that range, so more is looked at: numbers
outside the valid range that are all whole, many and different. A column of fractions has no such
numbers, save where points are missing; one of whole numbers by nature has few outside its range.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_ENOUGH = 10
"""Different values outside among fractions; a few are left to their flags."""
_SEVERAL = 3
"""Different values outside among whole numbers: one or two were typed, or happened."""
_SHARE_AMONG_FRACTIONS = 0.01
_SHARE_OF_WHOLE = 0.02
_NEARLY_ALL = 0.99
_MANY = 0.5


@dataclass
class LostPoint:
    """What was seen of one measure, in the batches that have values outside its valid range."""

    outside: int = 0
    whole_outside: int = 0
    inside: int = 0
    whole_inside: int = 0
    different: set[float] = field(default_factory=set)

    def observe(self, numbers: NDArray[np.float64], outside: NDArray[np.bool_], low: float) -> None:
        """A batch: its numbers (NaN for none), which are outside, and the least valid one.

        Zeros say nothing, nor do negative numbers of what is never negative: no point brings them
        back.
        """
        whole = numbers == np.floor(numbers)
        inside = ~outside & ~np.isnan(numbers) & (numbers != 0)
        outside = outside & ~((numbers < low) & (low >= 0))
        self.outside += int(outside.sum())
        self.whole_outside += int((outside & whole).sum())
        self.inside += int(inside.sum())
        self.whole_inside += int((inside & whole).sum())
        if len(self.different) < _ENOUGH:
            self.different |= set(np.unique(numbers[outside & whole])[:_ENOUGH].tolist())

    def is_likely(self, filled: int) -> bool:
        """Whether points are missing, of `filled` values in the whole file."""
        if not self.different or self.whole_outside < _NEARLY_ALL * self.outside:
            return False
        fractions = self.inside - self.whole_inside
        if fractions > _MANY * self.inside:
            several = len(self.different) >= _ENOUGH
            return several and self.outside > _SHARE_AMONG_FRACTIONS * filled
        if len(self.different) < _SEVERAL or all(_is_mark(value) for value in self.different):
            return False
        everything = self.outside + self.inside
        whole = self.whole_outside + self.whole_inside
        return whole > _NEARLY_ALL * everything and self.outside > _SHARE_OF_WHOLE * filled


def _is_mark(value: float) -> bool:
    """Numbers that stand for no number: -1, 9999."""
    return set(f"{abs(value):.0f}") == {"9"} or value == -1
