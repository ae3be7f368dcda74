"""The periodic look at whether the store is there and how fast it answers (TSD-16, QRY-9)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ons_platform.errors import StoreDenied, StoreUnavailable
from ons_platform.timeseries.breaker import Breaker, State
from ons_platform.timeseries.client import Sign


class Watched(Protocol):
    """What `InfluxClient` offers."""

    @property
    def breaker(self) -> Breaker:
        """Its circuit."""
        ...

    def check(self) -> Sign:
        """A sign of life."""
        ...


@dataclass(frozen=True)
class Finding:
    """What the last look found; `latency_ms` and `version` of the last answer, if there was one.

    `reason` says in a word why a store is not healthy: `down` or `denied`.
    """

    healthy: bool
    breaker: State
    latency_ms: float | None = None
    version: str | None = None
    reason: str | None = None


class Watch:
    """Looks at most every `every` seconds, whoever asks; safe between threads.

    A look is bounded by the client's patience and an open circuit is believed without one, so that
    asking costs next to nothing while the store is down. Questions never wait for a look: each of
    their own requests tells the circuit how it went.
    """

    def __init__(
        self, client: Watched, *, every: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._every = every
        self._clock = clock
        self._lock = threading.Lock()
        self._looked: float | None = None
        self._last = Finding(healthy=False, breaker=State.CLOSED, reason="down")

    def finding(self) -> Finding:
        """The state of the store, not older than `every` seconds."""
        with self._lock:
            state = self._client.breaker.state
            if state is State.OPEN:
                self._last = self._without(state, "down")
            elif self._due(state):
                self._last = self._look()
                self._looked = self._clock()
            return self._last

    def _due(self, state: State) -> bool:
        """A store that was down is looked at as soon as its circuit allows."""
        recent = self._looked is not None and self._clock() - self._looked < self._every
        return not recent or state is not self._last.breaker

    def _look(self) -> Finding:
        try:
            sign = self._client.check()
        except StoreUnavailable:
            return self._without(self._client.breaker.state, "down")
        except StoreDenied:
            return self._without(self._client.breaker.state, "denied")
        state = self._client.breaker.state
        return Finding(True, state, round(sign.seconds * 1000, 2), sign.version)

    def _without(self, state: State, reason: str) -> Finding:
        return Finding(False, state, self._last.latency_ms, self._last.version, reason)
