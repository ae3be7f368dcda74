"""The periodic look at the store: not too often, never in vain, true at this moment (TSD-16)."""

from __future__ import annotations

import pytest

from ons_platform.errors import StoreDenied, StoreUnavailable
from ons_platform.timeseries.breaker import Breaker, State
from ons_platform.timeseries.client import Sign
from ons_platform.timeseries.watch import Finding, Watch

EVERY, SECONDS = 5.0, 10.0


class Store:
    """A store that is up, down or strange to us, on a clock that the test turns."""

    def __init__(self) -> None:
        self.now = 100.0
        self.breaker = Breaker(failures=2, seconds=SECONDS, clock=lambda: self.now)
        self.error: Exception | None = None
        self.looks = 0

    def check(self) -> Sign:
        self.looks += 1
        if isinstance(self.error, StoreUnavailable):
            self.breaker.failure()
        else:
            self.breaker.success()
        if self.error is not None:
            raise self.error
        return Sign(0.0015, "v2.7.12")


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def watch(store: Store) -> Watch:
    return Watch(store, every=EVERY, clock=lambda: store.now)


HEALTHY = Finding(True, State.CLOSED, 1.5, "v2.7.12")


def test_many_ask_one_looks(store: Store, watch: Watch) -> None:
    for _ in range(10):
        assert watch.finding() == HEALTHY
        store.now += EVERY / 11
    assert store.looks == 1
    store.now += EVERY
    watch.finding()
    assert store.looks == 2


def test_an_open_circuit_is_believed_without_a_look(store: Store, watch: Watch) -> None:
    watch.finding()
    store.breaker.trip()
    down = Finding(False, State.OPEN, 1.5, "v2.7.12", "down")
    assert watch.finding() == down, "questions found it out"
    assert store.looks == 1
    store.now += SECONDS
    assert watch.finding() == HEALTHY
    assert store.looks == 2


def test_a_store_that_stays_away(store: Store, watch: Watch) -> None:
    store.error = StoreUnavailable("gone")
    assert watch.finding() == Finding(False, State.CLOSED, reason="down")
    assert watch.finding() == Finding(False, State.CLOSED, reason="down")
    assert store.looks == 1
    store.now += EVERY
    assert watch.finding() == Finding(False, State.OPEN, reason="down")
    for _ in range(3):
        watch.finding()
    assert store.looks == 2
    store.now += SECONDS
    watch.finding()
    assert store.looks == 3


def test_a_store_that_refuses_our_token(store: Store, watch: Watch) -> None:
    store.error = StoreDenied("token")
    assert watch.finding() == Finding(False, State.CLOSED, reason="denied")
