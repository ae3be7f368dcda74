"""`ons query`: a raw query sent, and where it is refused the place shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ons_local.client import Client
from ons_local.display import err
from ons_platform.errors import InvalidRequest

_PATH = "/query/flux"
_SHOWN = 90
"""Characters of a long line that are shown around the place."""


def ask_for_rows(client: Client, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a raw query or a template; a refused one raises after its place is shown."""
    with _pointing(str(body.get("query", ""))):
        found: dict[str, Any] = client.post(_PATH, body)
    return found


def ask_for_csv(client: Client, body: Mapping[str, Any]) -> str:
    """The same as CSV; stderr tells when there are more rows."""
    with _pointing(str(body.get("query", ""))):
        response = client.post_for_text(_PATH, {**body, "format": "csv"})
    if response.headers.get("X-Truncated") == "true":
        err().print("there are more rows than these: raise --max-rows or narrow the query")
    return response.text


def pointer(query: str, line: int, column: int) -> str:
    """The line of the query with a mark under the column (both from 1), cut where it is long."""
    text = query.split("\n")[line - 1]
    start = max(0, column - 1 - _SHOWN // 2)
    shown = "".join(char if char.isprintable() else " " for char in text[start : start + _SHOWN])
    return f"{shown}\n{' ' * (column - 1 - start)}^"


@contextmanager
def _pointing(query: str) -> Iterator[None]:
    try:
        yield
    except InvalidRequest as error:
        place = error.where.get("position")
        if place:
            err().print(pointer(query, place["line"], place["column"]), markup=False)
        raise
