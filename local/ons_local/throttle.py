"""A token bucket per API key, as the usage plan of the template sets it (QRY-14, QRY-17)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from ons_local.template import Throttle
from ons_platform.errors import RateLimited


class TokenBuckets:
    """One bucket per caller; `clock` gives seconds and never goes back."""

    def __init__(self, plan: Throttle, clock: Callable[[], float] = time.monotonic) -> None:
        self._plan = plan
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> None:
        """Count one request; raises `RateLimited` with the seconds until the next token."""
        with self._lock:
            now = self._clock()
            tokens, then = self._buckets.get(caller, (float(self._plan.burst), now))
            tokens = min(float(self._plan.burst), tokens + (now - then) * self._plan.rate)
            self._buckets[caller] = (tokens - 1 if tokens >= 1 else tokens, now)
        if tokens < 1:
            seconds = max(1, math.ceil((1 - tokens) / self._plan.rate))
            raise RateLimited(
                f"at most {self._plan.rate:g} requests a second (burst {self._plan.burst}) per key",
                retry_after=seconds,
            )
