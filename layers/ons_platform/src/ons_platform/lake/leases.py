"""Waiting for a lease of the ledger."""

from __future__ import annotations

import os
import random
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ons_platform.errors import LeaseHeld
from ons_platform.lake.ledger import Ledger

LEASE_SECONDS = 120
WAIT_SECONDS = 60.0


@contextmanager
def hold(ledger: Ledger, name: str, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lease inside the `with`, waiting up to `wait` seconds; then `LeaseHeld`."""
    owner = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
    deadline = time.monotonic() + wait
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(ledger.lease(name, owner=owner, seconds=LEASE_SECONDS))
                break
            except LeaseHeld:
                if time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.02, 0.2))  # noqa: S311 - spreads the waiters
        yield
