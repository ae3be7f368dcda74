"""Small checks the catalogue's consistency is made of; each yields `(field, what is wrong)`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from ons_platform.catalog.units import UNITS_FILE, units

Problem = tuple[str, str]

_SNAKE = re.compile(r"[a-z][a-z0-9_]*")


def unit_known(field: str, symbol: str) -> Iterator[Problem]:
    """A unit that is not in the list of units."""
    if symbol not in units():
        known = ", ".join(units())
        hint = f"To add one, write one line in {UNITS_FILE}"
        yield field, f"{symbol!r} is no known unit; known are {known}. {hint}"


def snake_case(field: str, name: str) -> Iterator[Problem]:
    """A name that is not lower case with underscores."""
    if not _SNAKE.fullmatch(name):
        yield field, f"{name!r} is not snake_case"


def repeated(field: str, names: Iterable[str], what: str = "is given twice") -> Iterator[Problem]:
    """Each name that is there more than once."""
    for name, count in Counter(names).items():
        if count > 1:
            yield field, f"{name} {what}"


def known_codes(values: Iterable[tuple[str, str, str | None]]) -> Iterator[Problem]:
    """Codes of subsystems, sources and states that the vocabulary does not have.

    `values` are `(field, canonical column, code)`.
    """
    from ons_platform.catalog.vocabulary import vocabulary  # it is itself made of catalogue models

    words = vocabulary()
    known = {"region": words.regions, "energy_source": words.sources, "state": words.states}
    for field, canonical, value in values:
        if value is not None and canonical in known and value not in known[canonical]:
            yield field, f"{value!r} is no {canonical}; known are {', '.join(known[canonical])}"
