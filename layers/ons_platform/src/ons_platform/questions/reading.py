"""A question read: every recogniser in its order, and the words none of them knew."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from ons_platform.catalog.registry import Catalog
from ons_platform.catalog.vocabulary import fold, vocabulary
from ons_platform.questions.entities import EntityIndex, longest_names
from ons_platform.questions.lexicon import LANGUAGES, Language, lexicon, marker_patterns, phrase
from ons_platform.questions.metrics import names_of
from ons_platform.questions.periods import PeriodMatch, find_hours, find_periods
from ons_platform.questions.places import (
    is_place_or_source,
    place_spans,
    take_place_codes,
    take_place_names,
    take_sources,
)
from ons_platform.questions.quantities import take_thresholds, take_top, take_units
from ons_platform.questions.tokens import Sentence, Span

_WHOLE_PHRASES = (
    "coverage",
    "inventory",
    "previous_year",
    "hour_of_day",
    "interval_each",
    "commissioned",
)
_TYPE_NOUN = re.compile(
    r"(?:usinas?|plants?|reservatorios?|reservoirs?|uhe|ute|utn|eol|ufv|conjuntos?|parques?"
    r"|hidreletricas?|hidroeletricas?|complexos?|wind farms?|dams?|barragens?|barragem|lagos?"
    r"|estac(?:ao|oes)|stations?|postos?|bacias?|basins?|rees?)"
    r"(?: (?:hidreletricas?|eolicas?|solar(?:es)?|termicas?|nuclear(?:es)?))?"
    r"(?: (?:d[aoe]s?|of|at|in|named|chamad[ao]))* $"
)


_THINGS_OF = re.compile(r"\w+s (?:d[aoe]s?|of|at|in)(?: the)? $")
"""Before a place that is a thing's name too: "the reservoirs of the Northeast" are the place's."""
_TIME_NOUN = re.compile(
    r"(?P<noun>mes(?:es)?|dias?|anos?|semanas?|horas?|months?|days?|years?|weeks?|hours?) "
    r"(?:d[aeo]s? |of |in )?"
)
_FINER = {
    "year": {"me", "mo", "di", "da", "se", "we", "ho"},
    "month": {"di", "da", "se", "we", "ho"},
}
_ASKS = re.compile(
    r"(?:^| )(?:qual|quais|que|cada|por|quant[ao]s|which|what|each|every|per|many) $"
)


@dataclass(frozen=True)
class Reading:
    """The sentence with its mentions, and what is left over, per language tried."""

    sentence: Sentence
    language: Language
    left_over: tuple[str, ...]
    corrected: tuple[tuple[str, str], ...] = ()
    near: tuple[str, ...] = ()


class Reader:
    """Reads questions against one catalogue and one set of plant names."""

    def __init__(self, catalog: Catalog, entities: EntityIndex) -> None:
        self._names = names_of(catalog)
        self._entities = entities

    def read(self, question: str, *, language: Language | None, now: datetime) -> Reading:
        """Read in the language given, or in the one that leaves fewer words over."""
        if language is not None:
            return self._read(question, language, now)
        likely = max(LANGUAGES, key=lambda each: _own_words(question, each))
        reading = self._read(question, likely, now)
        if not reading.left_over:
            return reading
        readings = [reading, *(self._read(question, x, now) for x in LANGUAGES if x != likely)]
        return min(
            readings, key=lambda item: (len(item.left_over), -_own_words(question, item.language))
        )

    def _read(self, question: str, language: Language, now: datetime) -> Reading:
        sentence = Sentence.of(question)
        take_thresholds(sentence, language)
        self._take_phrases(sentence, language, _WHOLE_PHRASES)
        self._names.take_placed(sentence)
        self._take_plants(sentence)
        take_place_names(sentence)
        take_top(sentence, language)
        _take_table(sentence, "unsupported", {"ordinal": lexicon().unsupported["ordinal"]})
        _take_periods(sentence, language, now)
        self._names.take_filters(sentence)
        self._names.take_levels(sentence)
        claims = self._names.claimed(sentence)
        _take_table(sentence, "unsupported", lexicon().unsupported, claims)
        _take_table(sentence, "topic", lexicon().topics, claims)
        take_units(sentence, language)
        self._names.take(sentence)
        take_place_codes(sentence)
        take_sources(sentence)
        self._take_phrases(sentence, language, None)
        corrected = _correct(sentence, language)
        left, near = self._left_over(sentence, language)
        return Reading(sentence, language, left, corrected, near)

    def _take_phrases(
        self, sentence: Sentence, language: Language, only: tuple[str, ...] | None
    ) -> None:
        hits: list[tuple[Span, str, str]] = []
        text = sentence.open
        for kind, value, pattern in marker_patterns(language):
            if only is None or value in only:
                hits += [(match.span(), kind, value) for match in pattern.finditer(text)]
        for span, kind, value in sorted(hits, key=lambda hit: (hit[0][0] - hit[0][1], hit[0])):
            if sentence.is_free(span):
                sentence.take(kind, value, span)

    def _take_plants(self, sentence: Sentence) -> None:
        places = place_spans(sentence)
        words = [(match.group(), match.span()) for match in re.finditer(r"[^\W_]+", sentence.open)]
        for first, last in longest_names([word for word, _ in words]):
            span = (words[first][1][0], words[last - 1][1][1])
            if not sentence.is_free(span):
                continue
            said = " ".join(word for word, _ in words[first:last])
            naming = self._entities.find(said)
            if naming is None:
                continue
            whole = naming.exact and _announced(sentence, span)
            if whole and is_place_or_source(said) and _THINGS_OF.search(sentence.folded[: span[0]]):
                continue
            if _cuts_a_place(span, places) and not whole:
                continue
            if _is_a_name(sentence, span, said):
                sentence.take("plant", naming, span)

    def _left_over(
        self, sentence: Sentence, language: Language
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        left = _unknown(sentence, language)
        if not left:
            return (), ()
        start, end = left[0][1][0], left[-1][1][1]
        said = sentence.folded[start:end]
        if not sentence.is_free((start, end)) or not len(self._entities):
            return tuple(word for word, _ in left), ()
        naming = self._entities.correct(said)
        announced = _TYPE_NOUN.search(sentence.folded[:start]) is not None
        if naming.plants and (announced or len(said) >= 6):
            sentence.take("plant", naming, (start, end))
            return (), ()
        return tuple(word for word, _ in left), naming.near if announced else ()


def _announced(sentence: Sentence, span: Span) -> bool:
    """True for "usina de X", "X plant"."""
    if _TYPE_NOUN.search(sentence.folded[: span[0]]) is not None:
        return True
    return (
        re.match(r" (?:plant|reservoir|dam|power|wind farm)\b", sentence.folded[span[1] :])
        is not None
    )


def _cuts_a_place(span: Span, places: list[Span]) -> bool:
    """True when the span lies in a region's or state's name, or overlaps a part of it."""
    return any(
        span[0] < end and start < span[1] and not (span[0] < start or end < span[1])
        for start, end in places
    )


def _is_a_name(sentence: Sentence, span: Span, said: str) -> bool:
    """A plant's name counts when it is announced, or cannot be mistaken for other words."""
    announced = _announced(sentence, span)
    if said in _common_words() or is_place_or_source(said) or said.isdigit() or len(said) < 3:
        return announced and len(said) > 3 and said not in _common_words()
    if len(said.split()) > 1:
        return not all(word in _common_words() or word.isdigit() for word in said.split())
    return announced or len(said) >= 4


def _take_periods(sentence: Sentence, language: Language, now: datetime) -> None:
    text = sentence.open
    for period in find_periods(text, now=now, language=language):
        span = _without_noun(text, period)
        if sentence.is_free(span):
            sentence.take("period", period, span)
    for hours in find_hours(text):
        if sentence.is_free(hours.span):
            sentence.take("hours", hours, hours.span)


def _without_noun(text: str, period: PeriodMatch) -> Span:
    """Leave the noun of "qual mês de", "cada dia de" and "um dia de 2023" to the question."""
    span = period.span
    noun = _TIME_NOUN.match(text, span[0])
    if noun is None or noun.end() >= span[1]:
        return span
    finer = period.unit in {"year", "month"} and noun.group("noun")[:2] in _FINER[period.unit]
    if not finer and _ASKS.search(text[: span[0]]) is None:
        return span
    return noun.end(), span[1]


def _take_table(
    sentence: Sentence,
    kind: str,
    table: dict[str, tuple[str, ...]],
    claims: Sequence[Span] = (),
) -> None:
    """Take what no answer takes account of, unless it is part of a name the catalogue has."""
    for value, expressions in table.items():
        for match in phrase(expressions).finditer(sentence.open):
            if not any(low <= match.start() and match.end() <= high for low, high in claims):
                sentence.take(kind, value, match.span())


def _unknown(sentence: Sentence, language: Language) -> list[tuple[str, Span]]:
    words = lexicon().words(language)
    known = (
        words.stop
        | set(words.interrogatives)
        | {part for item in words.group_words for part in item.split()}
    )
    return [(word, span) for word, span in sentence.words() if word not in known]


def _correct(sentence: Sentence, language: Language) -> tuple[tuple[str, str], ...]:
    """Read a long word one letter away from exactly one known word as that word."""
    corrected = []
    for word, span in _unknown(sentence, language):
        if len(word) < 6 or not word.isalpha():
            continue
        near = [
            known
            for known in _correctable()
            if abs(len(known) - len(word)) <= 1
            and DamerauLevenshtein.distance(known, word, score_cutoff=1) <= 1
        ]
        if len(near) != 1:
            continue
        single = Sentence.of(near[0])
        take_place_names(single)
        take_sources(single)
        if single.mentions:
            sentence.take(single.mentions[0].kind, single.mentions[0].value, span)
            corrected.append((word, near[0]))
    return tuple(corrected)


@lru_cache(maxsize=1)
def _correctable() -> tuple[str, ...]:
    """Long names of the closed sets, in one word."""
    terms = vocabulary()
    groups = (terms.regions, terms.sources)
    found = {fold(name) for group in groups for term in group.values() for name in term.names}
    return tuple(sorted(name for name in found if len(name) >= 6 and name.isalpha()))


@lru_cache(maxsize=1)
def _common_words() -> frozenset[str]:
    words: set[str] = set()
    for language in LANGUAGES:
        own = lexicon().words(language)
        words |= own.stop | set(own.interrogatives) | set(own.numbers)
        for _, _, pattern in marker_patterns(language):
            words |= set(re.findall(r"[a-z]+", pattern.pattern))
    return frozenset(words)


def _own_words(question: str, language: Language) -> int:
    words = lexicon().words(language).stop
    return sum(word in words for word in re.findall(r"[^\W_]+", question.casefold()))
