"""The words of a query one after another, as its parsers take them."""

from __future__ import annotations

from typing import NoReturn

from ons_platform.timeseries.influxql.lexer import Token, tokens
from ons_platform.timeseries.refusals import refuse

_PAGES = {"limit", "offset", "slimit", "soffset"}
_JOINS = {"as", "and", "or", "by", "asc", "desc"}
RESERVED = frozenset({"select", "from", "into", "where", "group", "order"} | _PAGES | _JOINS)
"""Words that end what stands before them; as names they are quoted."""
_LARGEST = 2**31 - 1


class Stream:
    """A cursor over the words; every refusal points at the word where it fails.

    `selects` counts the SELECTs read.
    """

    def __init__(self, query: str) -> None:
        self.query = query
        self._tokens = tokens(query)
        self._place = 0
        self.selects = 0

    @property
    def now(self) -> Token:
        """The word that comes next."""
        return self._tokens[self._place]

    @property
    def after(self) -> Token:
        """The word behind that one."""
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Read one word; the end stays the end."""
        token = self.now
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token

    def found(self, *words: str) -> bool:
        """Read these words if they come next, all of them or none."""
        ahead = self._tokens[self._place : self._place + len(words)]
        if [token.word for token in ahead] != list(words):
            return False
        self._place += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Read these words or refuse the query."""
        for word in words:
            if not self.found(word):
                self.fail(f"Expected {word.upper()}, found {self.now.shown}.")

    def name(self, what: str) -> str:
        """Read a name, bare or in double quotes."""
        token = self.now
        if token.kind == "text":
            self.fail(f"The name of {what} stands in double quotes, not in single ones.")
        if token.kind not in ("name", "quoted") or token.word in RESERVED or not token.text:
            self.fail(f"Expected the name of {what}, found {token.shown}.")
        return self.take().text

    def whole(self, what: str) -> int:
        """Read a whole number."""
        token = self.now
        if token.kind != "number" or not token.text.isdecimal() or int(token.text) > _LARGEST:
            self.fail(f"The {what} is a whole number, not {token.shown}.")
        return int(self.take().text)

    def fail(self, message: str, offset: int | None = None) -> NoReturn:
        """Refuse the query at the next word, or at `offset`."""
        refuse(self.query, self.now.offset if offset is None else offset, message)
