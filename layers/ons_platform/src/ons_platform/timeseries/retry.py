"""Whether and when a call to the store is repeated: waits of 1, 2 and 4 seconds (TSD-17)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ons_platform.errors import StoreUnavailable
from ons_platform.observability import log_event

T = TypeVar("T")

LONGEST_WAIT = 30
"""Seconds: a server that asks for more than this is not waited for."""


@dataclass(frozen=True)
class Policy:
    """The seconds to wait before each repetition; a server's Retry-After makes a wait longer.

    Only `StoreUnavailable` of the call itself is repeated. `admit` comes before each attempt: what
    it raises (an open circuit) ends the matter, since waiting for that is the breaker's business.
    """

    waits: tuple[float, ...]
    sleep: Callable[[float], None] = time.sleep

    def run(self, what: str, admit: Callable[[], object], call: Callable[[], T]) -> T:
        """The call's result, or the last error; each repetition is logged."""
        for attempt, wait in enumerate(self.waits, start=1):
            admit()
            try:
                return call()
            except StoreUnavailable as error:
                asked = error.where.get("asked_seconds", 0)
                if asked > LONGEST_WAIT:
                    raise
                pause = max(wait, asked)
                log_event(
                    "store_retry",
                    level=logging.WARNING,
                    path=what,
                    attempt=attempt,
                    wait_seconds=pause,
                    reason=error.message,
                )
                self.sleep(pause)
        admit()
        return call()


AT_ONCE = Policy(())
PATIENT = Policy((1.0, 2.0, 4.0))
