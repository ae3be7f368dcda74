"""Closed sets shared by every dataset (subsystems, sources, states) and the folding of names."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.resources import files

import yaml

from ons_platform.catalog.model import Frozen, Text


class Term(Frozen):
    """A code's title and the ways files and people write it."""

    title: Text
    names: tuple[str, ...]


class Vocabulary(Frozen):
    """Subsystems, energy sources and states by canonical code."""

    regions: dict[str, Term]
    sources: dict[str, Term]
    states: dict[str, Term]


def fold(text: str) -> str:
    """Without case, accents and repeated or outer blanks: how names are compared everywhere."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(plain.split())


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary shipped with the package."""
    text = files("ons_platform.catalog").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    return Vocabulary.model_validate(yaml.safe_load(text))


def codes(terms: dict[str, Term]) -> dict[str, str]:
    """Folded name -> code, each code standing for itself too."""
    table = {fold(name): code for code, term in terms.items() for name in term.names}
    return table | {fold(code): code for code in terms}
