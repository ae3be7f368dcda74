"""Two aggregations in one question: what a plan can nest, and what is asked back.

A plan takes the extreme of means or totals ("maior carga média diária"). The other way round, the
sum or the mean of extremes ("soma das cargas máximas"), would need two passes over the data.
"""

from __future__ import annotations

import re

from ons_platform.questions.facts import Facts
from ons_platform.questions.intent import Unclear

_PT_EXTREME = r"(?:maxim[ao]s?|minim[ao]s?|picos?|pontas?|recordes?)"
_PT_OUTER = r"(?:soma|somatorio|somatoria|total|media|acumulado)"
_EN_EXTREME = r"(?:maximums?|minimums?|maxima|minima|max|min|peaks?|records?|highs?|lows?)"
_EN_LARGEST = r"(?:highest|largest|biggest|greatest|lowest|smallest|least)"
_EN_OUTER = r"(?:sum|total|average|mean|avg)"
_NO_BREAK = r"(?!(?:foi|foram|e|em|era|esteve|ficou|dia|mes|ano|hora|semana)\b)\w+"
_EXTREMES_ADDED = re.compile(
    rf"\b{_PT_OUTER} d(?:[aeo]|as|os) (?:{_NO_BREAK} ){{0,2}}{_PT_EXTREME}\b"
    rf"|\b{_PT_OUTER} d(?:[aeo]|as|os) (?:maior|menor)(?:es)?\b"
    rf"|\b(?:somad[ao]s?|somando|some) (?:[ao]s? )?(?:\w+ )?{_PT_EXTREME}\b"
    rf"|\b{_PT_EXTREME} (?:\w+ )?somad[ao]s\b"
    rf"|\b{_EN_OUTER} of (?:the |all |all the |each )?(?:\w+ )?{_EN_EXTREME}\b"
    rf"|\b{_EN_OUTER} of (?:the |all |all the )?{_EN_LARGEST}\b"
    rf"|\b{_EN_OUTER} (?:of )?(?:the )?(?:(?:dai|month|year|week|hour)ly |annual )?{_EN_EXTREME}\b"
    rf"|\b{_EN_EXTREME} (?:\w+ )?(?:summed|added up)\b"
)


def check_aggregations(facts: Facts) -> None:
    """Raise `Unclear` for operations said together that no plan nests."""
    if nested := _EXTREMES_ADDED.search(_without_names(facts)):
        raise Unclear("two_aggregations", words=nested.group())
    for first, second in _apart(facts):
        raise Unclear("two_aggregations", words=f"{first}, {second}")


def _without_names(facts: Facts) -> str:
    """The question without names that speak of an extreme themselves ("capacidade maxima")."""
    text = facts.reading.sentence.folded
    for mention in facts.reading.sentence.all("metric"):
        if re.search(rf"\b(?:{_PT_EXTREME}|{_EN_EXTREME})\b", mention.text):
            low, high = mention.span
            text = f"{text[:low]}{'~' * (high - low)}{text[high:]}"
    return text


def _apart(facts: Facts) -> list[tuple[str, str]]:
    """Pairs of operation words of which the plan could use only one."""
    told = {
        name: [m.text for m in facts.reading.sentence.all("marker") if m.value == name]
        for name in ("mean", "total", "maximum", "minimum", "latest")
    }
    stepwise = bool(facts.adjectives()) or any(noun.bucket for noun in facts.nouns)
    things = any(noun.dimension for noun in facts.nouns if noun.role in {"target", "extra"})
    pairs = [("mean", "total")]
    if not stepwise:
        pairs += [("latest", "mean"), ("latest", "total")]
    if not stepwise and not things:
        pairs += [("total", "maximum"), ("total", "minimum")]
    return [(told[a][0], told[b][0]) for a, b in pairs if told[a] and told[b]]
