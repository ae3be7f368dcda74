"""InfluxQL's words: names, texts, numbers, durations, expressions, signs, each with its place.

As influxdata/influxql scans them, with two liberties that cannot reach the server, which gets
quoted names only: letters of any script in bare names, and blanks of any kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ons_platform.timeseries.refusals import refuse

MAX_CHARACTERS = 20_000
MAX_TOKENS = 4_000
MAX_LITERAL = 1_000
"""Characters of one name, text or expression."""

Kind = Literal["name", "quoted", "text", "number", "duration", "regex", "sign", "end"]

UNITS = {
    "ns": 1,
    "u": 1_000,
    "µ": 1_000,
    "μ": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60 * 1_000_000_000,
    "h": 3_600 * 1_000_000_000,
    "d": 86_400 * 1_000_000_000,
    "w": 7 * 86_400 * 1_000_000_000,
}
"""Nanoseconds of a duration's units."""

_PART = re.compile(r"(\d+)(ns|ms|[uµμsmhdw])")
_BLANK = re.compile(r"(?:\s+|--[^\n]*|/\*(?s:.*?)\*/)+")
_REGEX = re.compile(r"/((?>\\/|[^/\n\r])*+)/")
_TOKEN = re.compile(
    r"""(?P<duration>(?:[0-9]+(?:ns|ms|[uµμsmhdw]))+(?!\w))
    |(?P<number>(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?!\w))
    |(?P<name>[^\W\d]\w*)
    |"(?P<quoted>(?:[^"\\\n\r]|\\.)*+)"
    |'(?P<text>(?:[^'\\\n\r]|\\.)*+)'
    |(?P<sign>=~|!~|!=|<>|<=|>=|::|[=<>+\-*/%&|^(),;.:{}[\]])""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "\\": "\\", '"': '"', "'": "'"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_OPENING = frozenset({"select", "from", "by", "where", "and", "or", "in", "distinct"})
"""Words after which a `/` begins an expression; after a name or a value it divides."""


@dataclass(frozen=True)
class Token:
    """One word; `text` is what it says, unescaped, `offset` where it begins (from 0)."""

    kind: Kind
    text: str
    offset: int

    @property
    def word(self) -> str:
        """A bare name or a sign in lower case, for comparison with the grammar's words."""
        return self.text.lower() if self.kind in ("name", "sign") else ""

    @property
    def shown(self) -> str:
        """As a refusal names it."""
        return "the end" if self.kind == "end" else repr(self.text[:40])


def tokens(query: str) -> list[Token]:
    """The words of a query, an `end` last; raises `UnsafeQuery` at what is none of them."""
    if len(query) > MAX_CHARACTERS:
        refuse(query, 0, f"The query has {len(query)} characters; at most {MAX_CHARACTERS}.")
    if odd := _CONTROL.search(query):
        refuse(query, odd.start(), "The query has a control character.")
    found: list[Token] = []
    place = _after_blanks(query, 0)
    while place < len(query):
        token, end = _next(query, place, found[-1] if found else None)
        found.append(token)
        if len(found) > MAX_TOKENS:
            refuse(query, place, f"The query has more than {MAX_TOKENS} words.")
        if len(token.text) > MAX_LITERAL:
            refuse(query, place, f"One word has more than {MAX_LITERAL} characters.")
        place = _after_blanks(query, end)
    return [*found, Token("end", "", len(query))]


def nanoseconds(text: str) -> int:
    """What a duration such as `1h30m` lasts."""
    return sum(int(count) * UNITS[unit] for count, unit in _PART.findall(text))


def _after_blanks(query: str, place: int) -> int:
    blank = _BLANK.match(query, place)
    return blank.end() if blank else place


def _next(query: str, place: int, before: Token | None) -> tuple[Token, int]:
    if query.startswith("/*", place):
        refuse(query, place, "A comment is not closed.")
    if query[place] == "/" and _opens(before):
        regex = _REGEX.match(query, place)
        if regex is None:
            refuse(query, place, "A regular expression is not closed by '/'.")
        return Token("regex", regex[1].replace("\\/", "/"), place), regex.end()
    match = _TOKEN.match(query, place)
    if match is None:
        refuse(query, place, _oddity(query[place]))
    kind: Kind = match.lastgroup  # type: ignore[assignment]  # the groups are the kinds
    text = match[kind]
    if kind in ("quoted", "text"):
        text = _unescaped(query, text, place)
    return Token(kind, text, place), match.end()


def _opens(before: Token | None) -> bool:
    if before is None or before.word in _OPENING:
        return True
    return before.kind == "sign" and before.text != ")"


def _oddity(char: str) -> str:
    if char in "\"'":
        return "A quote is not closed."
    if char == "$":
        return "Parameters ($name) are not taken: write the value."
    return f"{char!r} is nothing InfluxQL knows here."


def _unescaped(query: str, text: str, place: int) -> str:
    def plain(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            refuse(query, place + 1 + match.start(), f"\\{match[1]} is no escape of InfluxQL.")
        return _ESCAPES[match[1]]

    return re.sub(r"\\(.)", plain, text)
