"""Many names found in a text at once: a tree of their words, walked from every word of the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ons_platform.questions.tokens import Span

_STARTS = re.compile(r"(?<!\w)[^\s\x00]")
_CHUNK = re.compile(r"[^ \x00]+")


@dataclass(frozen=True)
class Found:
    """A name and where its words stand: one span, or more where other words are in between."""

    name: str
    spans: tuple[Span, ...]

    @property
    def span(self) -> Span:
        """From the first word to the last."""
        return self.spans[0][0], self.spans[-1][1]


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    name: str | None = None


class Phrases:
    """Folded names, compiled once; `between` are words that may stand between two of a name's."""

    def __init__(self, names: Iterable[str], between: str | None = None) -> None:
        self._root = _Node()
        self._between = re.compile(between) if between else None
        for name in names:
            node = self._root
            for word in name.split():
                node = node.children.setdefault(word, _Node())
            node.name = name

    def find(self, text: str) -> list[Found]:
        """Every name in a text whose taken parts are NUL, the longest first; they may overlap."""
        found = [
            item
            for start in _STARTS.finditer(text)
            for item in self._from(self._root, text, start.start(), ())
        ]
        return sorted(found, key=lambda item: (-len(item.name.split()), -len(item.name), item.span))

    def _from(self, node: _Node, text: str, at: int, said: tuple[Span, ...]) -> Iterator[Found]:
        chunk = _CHUNK.match(text, at)
        if chunk is None:
            return
        goes_on = text[chunk.end() : chunk.end() + 1] == " "
        for word in _beginnings(chunk.group()):
            child = node.children.get(word)
            if child is None:
                continue
            spans = (*said, (at, at + len(word)))
            if child.name is not None:
                yield Found(child.name, _merged(spans))
            if goes_on and len(word) == len(chunk.group()) and child.children:
                yield from self._from(child, text, chunk.end() + 1, spans)
        if said and goes_on and self._between and self._between.fullmatch(chunk.group()):
            yield from self._from(node, text, chunk.end() + 1, said)


def _beginnings(chunk: str) -> Iterator[str]:
    """The chunk and what it begins with that ends where a word does: "carga" of "carga,"."""
    for end in range(1, len(chunk) + 1):
        if end == len(chunk) or not re.match(r"\w", chunk[end]):
            yield chunk[:end]


def _merged(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Words with one blank between them as one span."""
    merged: list[Span] = []
    for span in spans:
        if merged and span[0] == merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], span[1])
        else:
            merged.append(span)
    return tuple(merged)
