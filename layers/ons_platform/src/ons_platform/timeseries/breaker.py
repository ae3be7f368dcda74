"""A circuit breaker: a store that is down is left alone until it had time to come back (TSD-16).

    closed --(so many failures in a row, or silence)--> open --(after a while)--> half-open
    half-open --(its one probe succeeds)--> closed, --(it fails)--> open

While it is open every call fails at once, so that a question falls back without waiting. Opening
and closing are logged, being tried in vain is not.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from math import ceil

from ons_platform.errors import StoreUnavailable
from ons_platform.observability import log_event


class State(StrEnum):
    """Whether calls go through: all, none, or one that tries."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Counts failures of one store; safe between threads.

    Opens after `failures` failures without a success between them and stays so for `seconds` of
    the `clock` (monotonic, seconds). A caller is admitted with `admit` and must then say how it
    went: `success` or `failure`. A probe that never says is given up after another `seconds`.
    """

    def __init__(
        self,
        *,
        failures: int = 3,
        seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened: float | None = None
        self._probing: float | None = None

    @property
    def state(self) -> State:
        """The state of this moment; half-open from when a probe may be tried."""
        with self._lock:
            if self._opened is None:
                return State.CLOSED
            return State.OPEN if self._remaining() > 0 else State.HALF_OPEN

    def admit(self) -> State:
        """Let the caller through, telling in which state; raises `StoreUnavailable` when not.

        `retry_after` is the time until the next probe. Half-open lets one caller through.
        """
        with self._lock:
            if self._opened is None:
                return State.CLOSED
            wait = self._remaining() or self._probe_remaining()
            if wait > 0:
                raise StoreUnavailable(
                    "the time-series store did not answer; it is tried again shortly",
                    retry_after=max(1, ceil(wait)),
                    breaker=State.OPEN.value,
                )
            self._probing = self._clock()
            return State.HALF_OPEN

    def success(self) -> None:
        """The store answered: whatever was counted is forgotten."""
        with self._lock:
            if self._opened is not None:
                log_event(
                    "store.circuit_closed", open_seconds=round(self._clock() - self._opened, 3)
                )
            self._failures = 0
            self._opened = self._probing = None

    def failure(self) -> None:
        """The store did not answer; so many in a row, or one when half-open, open the circuit."""
        with self._lock:
            self._failures += 1
            if self._opened is not None or self._failures >= self._limit:
                self._open()

    def trip(self) -> None:
        """Open at once: the store is known to be silent and every further call would wait."""
        with self._lock:
            self._open()

    def _open(self) -> None:
        """From now; what calls begun earlier find out later does not keep it open for longer."""
        if self._opened is None or self._remaining() <= 0:
            if self._opened is None:
                log_event("store.circuit_opened", level=logging.WARNING, failures=self._failures)
            self._opened = self._clock()
            self._probing = None

    def _remaining(self) -> float:
        opened = self._clock() if self._opened is None else self._opened
        return max(0.0, opened + self._seconds - self._clock())

    def _probe_remaining(self) -> float:
        if self._probing is None:
            return 0.0
        return max(0.0, self._probing + self._seconds - self._clock())
