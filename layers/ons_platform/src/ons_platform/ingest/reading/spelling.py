"""Column names that resemble each other: what was probably meant, and what may be taken for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from ons_platform.catalog.folding import fold
from ons_platform.catalog.units import canonical_unit

SURE = 0.9
"""From this likeness on a name is taken for a slip of the other, if nothing else speaks against."""
_WORTH_SAYING = 0.75


def likeness(one: str, other: str) -> float:
    """0 to 1 (the same, folded)."""
    return SequenceMatcher(None, fold(one), fold(other), autojunk=False).ratio()


def is_slip(found: str, name: str) -> bool:
    """Whether `found` is so near to `name` that only a slip of the keyboard separates them.

    Not when their digits differ (`val_sm1`, `val_sm2`) nor when they end in different units
    (`val_x_mwmed`, `val_x_mwmes`): there one letter makes another quantity.
    """
    if re.sub(r"\D", "", found) != re.sub(r"\D", "", name):
        return False
    return _unit_at_end(found) == _unit_at_end(name) and likeness(found, name) >= SURE


def hints(found: Iterable[str], names: Iterable[str]) -> list[str]:
    """For every name the most similar found one, as `found → name?`, where there is one."""
    found, said = tuple(found), []
    for name in names:
        ranked = sorted(((likeness(item, name), item) for item in found), reverse=True)
        if ranked and ranked[0][0] >= _WORTH_SAYING:
            said.append(f"{ranked[0][1]} → {name}?")
    return said


def _unit_at_end(name: str) -> str | None:
    """The unit a column name ends in, alone (`_mw`) or grown together (`energiamwmed`)."""
    last = fold(name).rsplit("_", 1)[-1]
    ends = (canonical_unit(last[start:]) for start in range(max(len(last) - 6, 0), len(last) - 1))
    return next((unit for unit in ends if unit), None)
