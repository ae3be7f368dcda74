"""A folded question as tokens, and phrase tables looked up in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")

_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|[^\s]")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}$")


def words(text: str) -> tuple[str, ...]:
    """The texts of the tokens of `text`: digits, letters or one other character each."""
    return tuple(_TOKEN.findall(text))


class Phrases(Generic[V]):
    """Phrases with a value each; the longest phrase standing at a place wins."""

    def __init__(self, entries: Iterable[tuple[str, V]]) -> None:
        self._table = {words(phrase): value for phrase, value in entries}
        self._lengths: dict[str, tuple[int, ...]] = {}
        for key in self._table:
            sizes = {*self._lengths.get(key[0], ()), len(key)}
            self._lengths[key[0]] = tuple(sorted(sizes, reverse=True))

    @classmethod
    def of(cls, table: Mapping[V, Iterable[str]]) -> Phrases[V]:
        """From value -> phrases, as the YAML has it."""
        return cls((name, value) for value, names in table.items() for name in names)

    def openers(self) -> frozenset[str]:
        """The first words of the phrases."""
        return frozenset(self._lengths)

    def at(self, tokens: Tokens, i: int) -> tuple[V, int] | None:
        """Value and end of the longest phrase that starts at token `i`."""
        for size in self._lengths.get(tokens.word(i), ()):
            said = tokens.words[i : i + size]
            if len(said) == size and said in self._table:
                return self._table[said], i + size
        return None

    def ends_at(self, tokens: Tokens, i: int) -> bool:
        """Whether some phrase ends right before token `i`."""
        first = max(0, i - 4)
        return any(tokens.words[start:i] in self._table for start in range(first, i))


@dataclass(frozen=True)
class Tokens:
    """The tokens of one text: their words, offsets and the plain numbers among them."""

    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    numbers: tuple[int | None, ...]

    @classmethod
    def of(cls, text: str) -> Tokens:
        """Cut `text`; digits that are part of a decimal number are no number here."""
        hits = list(_TOKEN.finditer(text))
        pieces = tuple(hit.group() for hit in hits)
        starts = tuple(hit.start() for hit in hits)
        bare = cls(text, pieces, starts, ())
        return cls(text, pieces, starts, tuple(bare._plain(i) for i in range(len(pieces))))

    def __len__(self) -> int:
        return len(self.words)

    def word(self, i: int) -> str:
        """The token, or an empty word outside the text."""
        return self.words[i] if 0 <= i < len(self.words) else ""

    def number(self, i: int) -> int | None:
        """The whole number at `i`, if one stands there."""
        return self.numbers[i] if 0 <= i < len(self.numbers) else None

    def digits(self, i: int) -> int:
        """How many digits the number at `i` is written with (0: no number)."""
        return 0 if self.number(i) is None else len(self.words[i])

    def glued(self, i: int) -> bool:
        """Whether token `i` follows the one before it without a blank."""
        return 0 < i < len(self.words) and self.end(i - 1) == self.starts[i]

    def end(self, i: int) -> int:
        """Offset after token `i`."""
        return self.starts[i] + len(self.words[i])

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Offsets of the tokens `first` up to but without `last`."""
        return self.starts[first], self.end(last - 1)

    def free(self, i: int, *, before: bool = True) -> bool:
        """Whether token `i` touches neither letters nor digits ("a2023" and "2000mw" do)."""
        left = before and self._wordy(i - 1) and self.glued(i)
        return not left and not (self._wordy(i + 1) and self.glued(i + 1))

    def _wordy(self, i: int) -> bool:
        return self.word(i)[:1].isalnum() or self.word(i) == "_"

    def _plain(self, i: int) -> int | None:
        word = self.words[i]
        if not (word.isascii() and word.isdigit()) or len(word) not in (1, 2, 3, 4, 8):
            return None
        return None if self._decimal(i, i + 1) or self._decimal(i - 1, i) else int(word)

    def _decimal(self, left: int, mark: int) -> bool:
        """Whether the tokens from `left` are or end in "2.000" or "1,5" around a mark."""
        if self.word(mark) not in (".", ",") and self.word(left) in (".", ","):
            left, mark = left - 1, left
        right = mark + 1
        if self.word(mark) not in (".", ",") or not (self.glued(mark) and self.glued(right)):
            return False
        if not (self.word(left).isdigit() and self.word(right).isdigit()):
            return False
        return not (self._dotted_date(mark) or self._comma_year(left, mark))

    def _comma_year(self, left: int, mark: int) -> bool:
        right = self.word(mark + 1)
        short = len(self.word(left)) <= 2 if self.word(mark) == "." else True
        return bool(_YEAR.match(right)) and short and not self.word(left).startswith("0" * 3)

    def _dotted_date(self, mark: int) -> bool:
        """Whether "." at `mark` is one of the two of "15.03.2023" or "2023.03.15"."""
        for first in (mark - 1, mark - 3):
            parts = self.words[max(first, 0) : first + 5]
            if first >= 0 and len(parts) == 5 and parts[1] == parts[3] == ".":
                sizes = tuple(len(part) for part in (parts[0], parts[2], parts[4]))
                if sizes[1] <= 2 and sorted((sizes[0] <= 2, sizes[2] <= 2)) == [False, True]:
                    return 4 in sizes
        return False
