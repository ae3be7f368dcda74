"""Moves the old time-series store into the new one, a step at a time (TSD-20 to TSD-28)."""

from __future__ import annotations

from typing import Any, Protocol

from ons_platform.config import settings
from ons_platform.timeseries.migration.driving import LoggedWatch, Request, drive, open_parts

_RESERVE_MILLISECONDS = 60_000
"""What is left of the function's time for reading back and recording the batch under way."""


class Context(Protocol):
    """What Lambda tells of the invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Until the function is ended."""
        ...


def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Do the step the event asks for, as far as the time goes; nobody calls this but operators.

    `remaining` of the answer is what to give as `chunks` next.
    """
    asked = Request.read(event)

    def late() -> bool:
        return context.get_remaining_time_in_millis() < _RESERVE_MILLISECONDS

    return drive(open_parts(settings(), LoggedWatch(), late), asked)
