"""The words of Flux. A slash divides or opens a regex: the parser says which it can be here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ons_platform.timeseries.flux.errors import refuse

KEYWORDS = frozenset(
    {"and", "or", "not", "exists", "if", "then", "else", "return"}
    | {"import", "package", "option", "builtin", "testcase"}
)

_SPACE = re.compile(r"(?:[ \t\r\n\v\f]|//[^\n]*)*")
_NAME = re.compile(r"[^\W\d]\w*")
_NUMBERS = (
    ("int", re.compile(r"[0-9]+")),
    ("float", re.compile(r"[0-9]+\.[0-9]*|\.[0-9]+")),
    ("duration", re.compile(r"(?:[0-9]+(?:mo|ms|us|µs|ns|[ywdhms]))+")),
    (
        "time",
        re.compile(
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
            r"(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
        ),
    ),
)
_LETTER = r'[^"\\$]|\\(?:[nrt\\"]|\$\{|x[0-9a-fA-F]{2})|\$[^{"]'
_STRING = re.compile(rf'"(?:{_LETTER})*\$?"')
_TEXT = re.compile(rf"(?:{_LETTER})+")
_REGEX = re.compile(r"/(?:\\/|[^/])+/")
_ATTRIBUTE = re.compile(r"@[^\W\d]\w*")
_SIGN = re.compile(r"==|<=|>=|!=|=~|!~|=>|<-|\|>|[-+*/%^<>=()\[\]{}:,.\"?]")


@dataclass(frozen=True)
class Token:
    """One word: its kind, how it is written, and where (characters from 0).

    Kinds: `name`, `int`, `float`, `duration`, `time`, `string`, `regex`, `attribute`, `text` and
    `${` within an interpolated string, `end`, `illegal`; keywords and signs are their own kind.
    """

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where the next token may begin."""
        return self.start + len(self.text)


class Lexer:
    """Cuts a text into tokens, one at a time from a place the parser names."""

    def __init__(self, text: str) -> None:
        self._text = text

    def token(self, place: int, *, regex: bool = False) -> Token:
        """The next token; where `regex`, a slash may open a regular expression."""
        text = self._text
        found = _SPACE.match(text, place)
        start = found.end() if found else place
        if start >= len(text):
            return Token("end", "", len(text))
        if regex and (found := _REGEX.match(text, start)):
            return Token("regex", found[0], start)
        letter = text[start]
        if found := _NAME.match(text, start):
            return Token(found[0] if found[0] in KEYWORDS else "name", found[0], start)
        if (letter.isascii() and letter.isdigit()) or letter == ".":
            number = self._number(start)
            if number:
                return number
        if letter == '"' and (found := _STRING.match(text, start)):
            return Token("string", found[0], start)
        if letter == "@" and (found := _ATTRIBUTE.match(text, start)):
            return Token("attribute", found[0], start)
        if found := _SIGN.match(text, start):
            return Token(found[0], found[0], start)
        return Token("illegal", letter, start)

    def _number(self, start: int) -> Token | None:
        best = Token("", "", start)
        for kind, pattern in _NUMBERS:
            found = pattern.match(self._text, start)
            if found and len(found[0]) > len(best.text):
                best = Token(kind, found[0], start)
        return best if best.text else None

    def within_string(self, place: int) -> Token:
        """The next token inside an interpolated string."""
        text = self._text
        if text.startswith("${", place):
            return Token("${", "${", place)
        if text.startswith('$"', place):
            return Token("text", "$", place)
        if text.startswith('"', place):
            return Token('"', '"', place)
        found = _TEXT.match(text, place)
        if found:
            return Token("text", found[0], place)
        if place >= len(text):
            refuse("A string is not closed; write a closing quote.", place)
        return refuse(
            'This escape is unknown; there are \\n \\r \\t \\\\ \\" \\${ and \\xNN.', place
        )
