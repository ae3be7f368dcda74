"""Closed sets shared by every dataset: subsystems, energy sources and states."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import yaml

from ons_platform.catalog.folding import fold
from ons_platform.catalog.model import Frozen, Text

__all__ = ["Term", "Vocabulary", "codes", "fold", "vocabulary"]


class Term(Frozen):
    """A code's title and the ways files and people write it."""

    title: Text
    names: tuple[str, ...]


class Vocabulary(Frozen):
    """Subsystems, energy sources and states by canonical code."""

    regions: dict[str, Term]
    sources: dict[str, Term]
    states: dict[str, Term]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary shipped with the package."""
    text = files("ons_platform.catalog").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Vocabulary.model_validate(yaml.load(text, Loader=loader))  # noqa: S506 - a safe one


def codes(terms: dict[str, Term]) -> dict[str, str]:
    """Folded name -> code, each code standing for itself too."""
    table = {fold(name): code for code, term in terms.items() for name in term.names}
    return table | {fold(code): code for code in terms}
