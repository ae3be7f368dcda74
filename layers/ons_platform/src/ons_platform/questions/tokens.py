"""A question as folded text with the spans that recognisers have taken from it.

Every recogniser works on the same folded text, takes the spans it understood and leaves a
`Mention` for each. What nobody took is left over: the caller decides whether it matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ons_platform.catalog.vocabulary import fold

Span = tuple[int, int]
_FILLER = "\x00"
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*|[$€£%<>=|*^]+")


@dataclass(frozen=True)
class Mention:
    """Something understood: its kind, its canonical value and where it stands."""

    kind: str
    value: Any
    span: Span
    text: str


@dataclass
class Sentence:
    """The folded question; `upper` tells which characters the asker wrote in capitals."""

    folded: str
    upper: tuple[bool, ...]
    accented: tuple[bool, ...]
    mentions: list[Mention] = field(default_factory=list)
    _taken: bytearray = field(default_factory=bytearray)

    @classmethod
    def of(cls, question: str) -> Sentence:
        """Fold word by word, so that capitals and accents can still be looked up."""
        parts: list[str] = []
        upper: list[bool] = []
        accented: list[bool] = []
        for raw in question.split():
            word = fold(raw)
            if not word:
                continue
            if parts:
                upper.append(False)
                accented.append(False)
            parts.append(word)
            shouted = raw.upper() == raw and any(char.isalpha() for char in raw)
            upper += [shouted] * len(word)
            accented += [raw.casefold() != word] * len(word)
        text = " ".join(parts)
        return cls(text, tuple(upper), tuple(accented), [], bytearray(len(text)))

    @property
    def open(self) -> str:
        """The folded text with the spans already taken blanked out, offsets unchanged."""
        pairs = zip(self.folded, self._taken, strict=True)
        return "".join(_FILLER if taken else char for char, taken in pairs)

    def is_free(self, span: Span) -> bool:
        """True when nobody took any character of the span."""
        return not any(self._taken[span[0] : span[1]])

    def take(self, kind: str, value: Any, *spans: Span) -> Mention:
        """Take the spans (one thing said, perhaps in two pieces) and leave a mention."""
        for start, end in spans:
            self._taken[start:end] = b"\x01" * (end - start)
        whole = (spans[0][0], spans[-1][1])
        text = " ".join(self.folded[start:end] for start, end in spans)
        mention = Mention(kind, value, whole, text)
        self.mentions.append(mention)
        self.mentions.sort(key=lambda item: item.span)
        return mention

    def take_all(self, pattern: re.Pattern[str], kind: str, value: Any) -> list[Mention]:
        """Take every free match of the pattern."""
        found = []
        for match in pattern.finditer(self.open):
            found.append(self.take(kind, value, match.span()))
        return found

    def all(self, *kinds: str) -> list[Mention]:
        """Mentions of these kinds, in text order."""
        return [mention for mention in self.mentions if mention.kind in kinds]

    def has(self, *kinds: str) -> bool:
        """True when something of these kinds was said."""
        return any(mention.kind in kinds for mention in self.mentions)

    def has_between(self, first: Mention, second: Mention) -> bool:
        """True when another mention stands between the two."""
        low, high = first.span[1], second.span[0]
        return any(low <= item.span[0] < high for item in self.mentions)

    def words(self) -> Iterator[tuple[str, Span]]:
        """Words nobody took, with their spans."""
        for match in _WORD.finditer(self.open):
            yield match.group(), match.span()
