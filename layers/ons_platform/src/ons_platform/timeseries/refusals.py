"""How a raw query is refused: what is wrong, where, and what would be right (QRY-4, QRY-12)."""

from __future__ import annotations

from typing import NoReturn

from ons_platform.errors import UnsafeQuery


def refusal(query: str, offset: int, message: str) -> UnsafeQuery:
    """The error that points at the character at `offset` (from 0) of the query.

    `position` has `line` and `column`, both from 1; the message names them too.
    """
    before = query[:offset]
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return UnsafeQuery(
        f"{message} (line {line}, column {column})",
        position={"line": line, "column": column},
        details=[{"field": "query", "message": message}],
    )


def refuse(query: str, offset: int, message: str) -> NoReturn:
    """Raise that error."""
    raise refusal(query, offset, message)
