"""Whether and when a call to the store is repeated: waits of 1, 2 and 4 seconds (TSD-17)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ons_platform.observability import log_event
from ons_platform.timeseries.replies import asked_seconds
from ons_platform.timeseries.transport import Busy, Unreachable

T = TypeVar("T")

LONGEST_WAIT = 30
"""Seconds: a server that asks for more than this is not waited for."""


@dataclass(frozen=True)
class Policy:
    """The seconds to wait before each repetition; a server's Retry-After makes a wait longer.

    What is repeated is a connection that failed and a server that is busy, nothing else: a query
    that took too long takes as long again. `admit` comes before each attempt; what it raises (an
    open circuit) ends the matter. `silence` is how many seconds a server may answer not even a
    ping before it is given up; whoever has an answer elsewhere does not wait.
    """

    waits: tuple[float, ...]
    sleep: Callable[[float], None] = time.sleep
    silence: float = 0.0

    def run(self, what: str, admit: Callable[[], object], call: Callable[[], T]) -> T:
        """The call's result, or the last error; each repetition is logged as of `what`."""
        for attempt, wait in enumerate(self.waits, start=1):
            admit()
            try:
                return call()
            except (Unreachable, Busy) as error:
                asked = asked_seconds(error.reply) if isinstance(error, Busy) else None
                if (asked or 0) > LONGEST_WAIT:
                    raise
                pause = max(wait, asked or 0)
                log_event(
                    "store.retry",
                    level=logging.WARNING,
                    path=what,
                    attempt=attempt,
                    wait_seconds=pause,
                    reason=str(error),
                )
                self.sleep(pause)
        admit()
        return call()


AT_ONCE = Policy(())
PATIENT = Policy((1.0, 2.0, 4.0), silence=5.0)
