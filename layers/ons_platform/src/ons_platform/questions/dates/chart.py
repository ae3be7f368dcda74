"""The chart a question is parsed into: at each token, the longest expression that starts there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ons_platform.questions.dates.lexicon import Lexicon, lexicon, openers
from ons_platform.questions.dates.nodes import Node
from ons_platform.questions.dates.tokens import Tokens

Parser = Callable[["Chart", int], Node | None]


class Chart:
    """Filled from the right, so that a container is known before what it contains."""

    def __init__(self, text: str, language: str | None = None) -> None:
        self._language = language
        self.tokens = Tokens.of(text)
        self.lex: Lexicon = lexicon()
        self._nodes: list[Node | None] = [None] * (len(self.tokens) + 1)

    def fill(self, parsers: Iterable[Parser], extend: Callable[[Chart, Node], Node]) -> None:
        """Parse at every token with each parser, keep the longest, let `extend` lengthen it."""
        tried = tuple(parsers)
        known = openers()
        for i in range(len(self.tokens) - 1, -1, -1):
            word = self.tokens.words[i]
            if word not in known and not word[0].isdigit():
                continue
            found = [node for parse in tried if (node := parse(self, i)) is not None]
            if found:
                best = max(found, key=lambda node: (node.last, not node.weak))
                self._nodes[i] = extend(self, best)

    def at(self, i: int) -> Node | None:
        """The expression that starts at token `i`."""
        return self._nodes[i] if 0 <= i < len(self._nodes) else None

    def phrase(self, key: str, i: int) -> int | None:
        """End of the phrase of the list `key` that starts at `i`."""
        found = self.lex.lists[key].at(self.tokens, i)
        return found[1] if found else None

    def after(self, key: str, i: int) -> int:
        """Where to go on after an optional phrase of the list `key`."""
        return self.phrase(key, i) or i

    def follows(self, key: str, i: int) -> bool:
        """Whether a phrase of the list `key` ends right before token `i`."""
        return self.lex.lists[key].ends_at(self.tokens, i)

    def skip(self, key: str, i: int, most: int = 3) -> list[int]:
        """The places reached by skipping none, one, ... `most` phrases of the list `key`."""
        places = [i]
        while len(places) <= most and (end := self.phrase(key, places[-1])) is not None:
            places.append(end)
        return places

    def container(self, i: int, units: frozenset[str], links: str = "links") -> Node | None:
        """The expression of one of `units` after optional links ("de", "of the")."""
        for place in self.skip(links, i):
            node = self.at(place)
            if node is not None and node.unit in units and not node.weak:
                return node
        return None

    def marked_month(self, i: int) -> bool:
        """Whether the doubtful month at `i` ("may", "set") has a word of its language before it."""
        languages = (self._language,) if self._language in ("pt", "en") else ("pt", "en")
        return any(
            self.phrase(f"doubtful_names.{name}", i) and self.follows(f"month_markers.{name}", i)
            for name in languages
        )

    def count(self, i: int) -> tuple[int, int] | None:
        """A cardinal in digits or words, and where it ends."""
        value = self.tokens.number(i)
        if value is not None and self.tokens.digits(i) <= 4:
            return value, i + 1
        return self.lex.numbers.at(self.tokens, i)

    def ordinal(self, i: int) -> tuple[int, int] | None:
        """An ordinal in digits ("1o", "3rd") or words; -1 is the last."""
        t = self.tokens
        value = t.number(i)
        if value is None:
            return self.lex.ordinals.at(t, i)
        mark = i + 2 if t.word(i + 1) == "." and t.glued(i + 1) else i + 1
        if t.digits(i) <= 2 and t.glued(mark) and self.phrase("ordinal_suffixes", mark):
            return (value, mark + 1) if len(t.word(mark)) <= 2 else None
        return None

    def counts_things(self, i: int) -> bool:
        """Whether a number that ends before `i` is a quantity ("2000 MW") rather than a date."""
        return self.phrase("quantity_words", i) is not None
