"""The right to change what the store holds of a dataset, kept while a load runs."""

from __future__ import annotations

import time
from contextlib import ExitStack
from types import TracebackType

from ons_platform.lake import leases
from ons_platform.lake.ledger import Ledger

WAIT_SECONDS = 5.0
RENEWED_AFTER = 30.0


class LoadLease:
    """A ledger lease on one dataset that is taken anew every half minute.

    Between giving it back and taking it another may get it: then `renew` raises `LeaseHeld`, and
    this load is over. A batch takes at most a minute, a lease lasts two.
    """

    def __init__(self, ledger: Ledger, dataset: str) -> None:
        self._ledger = ledger
        self._name = f"timeseries/{dataset}"
        self._stack = ExitStack()
        self._since = 0.0

    def __enter__(self) -> LoadLease:
        self._take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def renew(self) -> bool:
        """To be called before each write; whether the lease was given back and taken meanwhile."""
        if time.monotonic() - self._since <= RENEWED_AFTER:
            return False
        self._stack.close()
        self._take()
        return True

    def _take(self) -> None:
        self._stack.enter_context(leases.hold(self._ledger, self._name, wait=WAIT_SECONDS))
        self._since = time.monotonic()
