"""How a Flux query is refused: what, where and what would be right."""

from __future__ import annotations

from typing import Any, NoReturn

from ons_platform.errors import UnsafeQuery


class Refusal(Exception):
    """A refusal at a place of the text, not yet told by line and column."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


def refuse(message: str, at: int) -> NoReturn:
    """Refuse the query for what stands at that character."""
    raise Refusal(message, at)


def unsafe(query: str, refusal: Refusal) -> UnsafeQuery:
    """The refusal as callers get it: `position` with line and column from 1."""
    before = query[: refusal.at]
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    details: list[dict[str, Any]] = [{"field": "query", "message": refusal.message}]
    return UnsafeQuery(
        f"{refusal.message} (line {line}, column {column})",
        position={"line": line, "column": column},
        details=details,
    )
