"""Waits of 1, 2 and 4 seconds, of what may pass and nothing else (TSD-17)."""

from __future__ import annotations

from typing import Any

import pytest

from ons_platform.errors import InvalidRequest, StoreUnavailable
from ons_platform.timeseries.retry import AT_ONCE, LONGEST_WAIT, PATIENT, Policy
from ons_platform.timeseries.transport import Busy, Reply, Silent, Slow, Unreachable


class Call:
    """Raises each error in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def patient(slept: list[float]) -> Policy:
    return Policy(PATIENT.waits, sleep=slept.append)


def admit() -> None:
    """A closed circuit."""


def busy(**headers: str) -> Busy:
    return Busy(Reply(503, b"", headers))


def test_it_waits_longer_each_time(
    patient: Policy, slept: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    call = Call(Unreachable("gone"), busy(), Unreachable("gone"))
    assert patient.run("/api/v2/write", admit, call) == "done"
    assert slept == [1.0, 2.0, 4.0]
    lines = capsys.readouterr().out.splitlines()
    assert ["store.retry" in line and "/api/v2/write" in line for line in lines] == [True] * 3


def test_the_last_error_is_raised(patient: Policy, slept: list[float]) -> None:
    call = Call(*(Unreachable(str(number)) for number in range(9)))
    with pytest.raises(Unreachable, match="3"):
        patient.run("x", admit, call)
    assert (call.count, len(slept)) == (4, 3)


def test_the_server_may_ask_for_more_time(patient: Policy, slept: list[float]) -> None:
    call = Call(busy(**{"Retry-After": "7"}), busy(**{"Retry-After": "1"}))
    assert patient.run("x", admit, call) == "done"
    assert slept == [7, 2.0]
    with pytest.raises(Busy):
        patient.run("x", admit, Call(busy(**{"Retry-After": str(LONGEST_WAIT + 1)})))
    assert len(slept) == 2


@pytest.mark.parametrize(
    "error", [Slow(), Silent(), InvalidRequest("wrong"), StoreUnavailable("500")]
)
def test_nothing_else_is_repeated(patient: Policy, slept: list[float], error: Exception) -> None:
    with pytest.raises(type(error)):
        patient.run("x", admit, Call(error))
    assert slept == []


def test_an_open_circuit_ends_it(patient: Policy, slept: list[float]) -> None:
    admitted: list[Any] = []

    def opens() -> None:
        admitted.append(1)
        if len(admitted) == 2:
            raise StoreUnavailable("open")

    with pytest.raises(StoreUnavailable, match="open"):
        patient.run("x", opens, Call(Unreachable("gone")))
    assert slept == [1.0]


def test_at_once_is_once() -> None:
    call = Call(Unreachable("gone"))
    with pytest.raises(Unreachable):
        AT_ONCE.run("x", admit, call)
    assert call.count == 1
