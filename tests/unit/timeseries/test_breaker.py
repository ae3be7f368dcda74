"""The circuit breaker against a model of it, for all orders of what may happen (TSD-16)."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ons_platform.errors import StoreUnavailable
from ons_platform.timeseries.breaker import Breaker, State

FAILURES, SECONDS = 3, 10.0


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class BreakerMachine(RuleBasedStateMachine):
    """What an onlooker knows: failures in a row, when it opened, whether a probe is out."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(failures=FAILURES, seconds=SECONDS, clock=self.clock)
        self.row = 0
        self.opened: float | None = None
        self.probe: float | None = None

    @property
    def waiting(self) -> bool:
        now = self.clock.now
        return self.opened is not None and now < self.opened + SECONDS

    @property
    def probing(self) -> bool:
        return self.probe is not None and self.clock.now < self.probe + SECONDS

    @rule(seconds=st.floats(0.0, 25.0))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @precondition(lambda self: self.opened is None)
    @rule()
    def all_are_admitted(self) -> None:
        assert self.breaker.admit() is State.CLOSED

    @precondition(lambda self: self.waiting)
    @rule()
    def none_is_admitted(self) -> None:
        with pytest.raises(StoreUnavailable) as caught:
            self.breaker.admit()
        left = self.opened + SECONDS - self.clock.now
        assert left <= caught.value.retry_after <= left + 1

    @precondition(lambda self: self.opened is not None and not self.waiting)
    @rule()
    def one_is_admitted(self) -> None:
        if self.probing:
            with pytest.raises(StoreUnavailable):
                self.breaker.admit()
        else:
            assert self.breaker.admit() is State.HALF_OPEN
            self.probe = self.clock.now

    @rule()
    def it_answers(self) -> None:
        self.breaker.success()
        self.row, self.opened, self.probe = 0, None, None

    @rule()
    def it_does_not_answer(self) -> None:
        self.breaker.failure()
        self.row += 1
        if self.opened is not None or self.row >= FAILURES:
            self.opens()

    @rule()
    def it_is_silent(self) -> None:
        self.breaker.trip()
        self.opens()

    def opens(self) -> None:
        if not self.waiting:
            self.opened, self.probe = self.clock.now, None

    @invariant()
    def the_state_is_visible(self) -> None:
        expected = State.CLOSED
        if self.opened is not None:
            expected = State.OPEN if self.waiting else State.HALF_OPEN
        assert self.breaker.state is expected


TestBreaker = BreakerMachine.TestCase


def test_half_open_lets_one_of_many_threads_through() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, seconds=SECONDS, clock=clock)
    breaker.failure()
    clock.now += SECONDS
    start = threading.Barrier(16)

    def attempt(_: int) -> bool:
        start.wait()
        try:
            breaker.admit()
        except StoreUnavailable:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
    breaker.success()
    assert breaker.admit() is State.CLOSED


def test_opening_and_closing_are_logged_once(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    breaker = Breaker(failures=2, seconds=SECONDS, clock=clock)
    breaker.success()
    for _ in range(4):
        breaker.failure()
        clock.now += SECONDS
    breaker.success()
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(event["event"], event["level"]) for event in events] == [
        ("store.circuit_opened", "WARNING"),
        ("store.circuit_closed", "INFO"),
    ]
