"""Instants as the store's queries and requests write them."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(instant: datetime) -> str:
    """An aware instant in UTC with `Z`, to the microsecond if it has any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
