"""Subsystems, states and energy sources: closed sets, matched exactly, never by similarity.

Two-letter codes are also words ("se", "para", "am"): a code counts only in capitals or after a
word that announces it ("subsistema se", "in the ne subsystem").
"""

from __future__ import annotations

import re
from functools import lru_cache

from ons_platform.catalog.vocabulary import Term, fold, vocabulary
from ons_platform.questions.lexicon import names
from ons_platform.questions.tokens import Sentence

_CODES_JOINED = re.compile(r"(?<![\w/-])([a-z]{1,2})(?:-|->|→)([a-z]{1,2})(?![\w/-])")
"""A pair of subsystems by their codes: "N-NE"."""
_ANNOUNCED = re.compile(
    r"(?:subsistemas?|regi(?:ao|oes)|submercados?|estados?(?: d[aoe])?|uf|state(?: of)?|subsystems?"
    r"|regions?(?: of)?|d[oa]|n[oa]) $"
)
_PARA = re.compile(r"(?P<said>(?<!\w)(?:d[oe]|no|in|of) )?(?<!\w)(?P<para>para)(?!\w)")
"""The state folds to a preposition: it needs its accent or an article before it."""
_REGION_NOUN = re.compile(
    r"(?:subsistemas?|regi(?:ao|oes)|submercados?|subsystems?|regions?) (?:d[aoe]s? )?$"
)
_STATE_NOUN = re.compile(r"(?:estados?|uf|state)(?: d[aoe]| of)? $")


def take_place_names(sentence: Sentence) -> None:
    """Take states (multi-word names first), then subsystems, by their names."""
    for kind, group in (("state", "states"), ("region", "regions")):
        pattern, table = _names(group)
        for match in pattern.finditer(sentence.open):
            sentence.take(kind, table[match.group()], match.span())
    for match in _PARA.finditer(sentence.open):
        if match["said"] or sentence.accented[match.start("para")]:
            sentence.take("state", "PA", match.span("para"))


def place_spans(sentence: Sentence) -> list[tuple[int, int]]:
    """Where states and subsystems are named in full, taken or not."""
    return [
        match.span()
        for group in ("states", "regions")
        for match in _names(group)[0].finditer(sentence.folded)
    ]


def take_sources(sentence: Sentence) -> None:
    """Take energy sources."""
    pattern, table = _names("sources")
    for match in pattern.finditer(sentence.open):
        sentence.take("source", table[match.group()], match.span())


def is_place_or_source(name: str) -> bool:
    """True when the folded name is one of the closed sets."""
    return any(name in _names(group)[1] for group in ("regions", "states", "sources"))


def take_place_codes(sentence: Sentence) -> None:
    """Take codes of subsystems and states where they cannot be other words."""
    terms = vocabulary()
    for match in _CODES_JOINED.finditer(sentence.open):
        pair = tuple(code.upper() for code in match.groups())
        if set(pair) <= set(terms.regions) and sentence.upper[match.start()]:
            sentence.take("region", pair[0], match.span(1))
            sentence.take("region", pair[1], match.span(2))
    pattern = re.compile(r"(?<![\w/-])(?:[a-z]{1,2}|seco|sin)(?![\w/-])")
    for match in pattern.finditer(sentence.open):
        code = match.group().upper()
        before = sentence.open[: match.start()]
        shouted = sentence.upper[match.start()] and not all(
            up for up, char in zip(sentence.upper, sentence.folded, strict=True) if char.isalpha()
        )
        region = code in terms.regions and not (code in terms.states and _STATE_NOUN.search(before))
        announced = _ANNOUNCED.search(before) is not None
        if len(code) == 1 and not (shouted or _REGION_NOUN.search(before)):
            continue
        if not (shouted or announced):
            continue
        if region:
            sentence.take("region", code, match.span())
        elif code in terms.states:
            sentence.take("state", code, match.span())


@lru_cache(maxsize=3)
def _names(group: str) -> tuple[re.Pattern[str], dict[str, str]]:
    terms: dict[str, Term] = getattr(vocabulary(), group)
    table = {
        fold(name): code for code, term in terms.items() for name in term.names if len(name) > 2
    }
    return names(table), table
