"""The words around the catalogue's names (lexicon.yaml), compiled once per language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from ons_platform.catalog.model import Frozen

Language = Literal["pt", "en"]
LANGUAGES: tuple[Language, ...] = ("pt", "en")


class Words(Frozen):
    """One language's words; every list holds regular expressions over folded text."""

    markers: dict[str, tuple[str, ...]]
    when: tuple[str, ...]
    interrogatives: tuple[str, ...]
    group_words: tuple[str, ...]
    dimensions: dict[str, tuple[str, ...]]
    adjectives: dict[str, tuple[str, ...]]
    above: tuple[str, ...]
    below: tuple[str, ...]
    inclusive: tuple[str, ...]
    negative: tuple[str, ...]
    positive: tuple[str, ...]
    zero: tuple[str, ...]
    numbers: dict[str, int]
    scale: dict[str, int]
    in_unit: tuple[str, ...]
    stop: frozenset[str]


class Lexicon(Frozen):
    """Both languages, what no answer takes account of, and topics the platform does not hold."""

    pt: Words
    en: Words
    unsupported: dict[str, tuple[str, ...]]
    topics: dict[str, tuple[str, ...]]

    def words(self, language: Language) -> Words:
        """The words of one language."""
        return self.pt if language == "pt" else self.en


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon shipped with the package."""
    text = files("ons_platform.questions").joinpath("lexicon.yaml").read_text(encoding="utf-8")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Lexicon.model_validate(yaml.load(text, Loader=loader))  # noqa: S506


def phrase(expressions: Iterable[str]) -> re.Pattern[str]:
    """One pattern for many expressions, longest first, between word boundaries."""
    ordered = sorted(expressions, key=len, reverse=True)
    return re.compile(rf"(?<![\w$])(?:{'|'.join(ordered)})(?![\w])")


def names(words: Iterable[str]) -> re.Pattern[str]:
    """One pattern for many literal names, longest first, between word boundaries."""
    return phrase(re.escape(word) for word in words)


@lru_cache(maxsize=2)
def marker_patterns(language: Language) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """(kind, value, pattern) of every marker, dimension, adjective and `when` of the language."""
    words = lexicon().words(language)
    tables = [("marker", name, items) for name, items in words.markers.items()]
    tables += [("dimension", name, items) for name, items in words.dimensions.items()]
    tables += [("adjective", name, items) for name, items in words.adjectives.items()]
    tables.append(("when", "when", words.when))
    return tuple((kind, value, phrase(items)) for kind, value, items in tables)
