from __future__ import annotations

import threading
import time

import pytest

from ons_local.events import object_created
from ons_local.executions import ExecutionQueue
from ons_local.states import Ended
from ons_platform.lake.ledger import ObjectVersion, Status
from ons_platform.lake.ledger_sqlite import SqliteLedger


def version(number: int) -> ObjectVersion:
    return ObjectVersion("raw", f"k{number}", "v", f"{number:016x}", 1, "e", "2026-01-01T00:00:00Z")


class Machine:
    """Ends as told, and remembers what ran and how much at once."""

    def __init__(self, end=lambda _: Ended("SUCCEEDED")) -> None:
        self.end = end
        self.ran: list[str] = []
        self.now = self.most = 0
        self.lock = threading.Lock()

    def run(self, _, event):
        with self.lock:
            self.ran.append(event["detail"]["object"]["key"])
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return self.end(event)
        finally:
            with self.lock:
                self.now -= 1


@pytest.fixture
def ledger(tmp_path):
    opened = SqliteLedger(tmp_path / "ledger.db")
    yield opened
    opened.close()


def wait_for(queue: ExecutionQueue, count: int) -> list[dict]:
    deadline = time.monotonic() + 20
    while len(queue.state()["ended"]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return queue.state()["ended"]


def test_at_most_so_many_at_once_in_order(ledger):
    machine = Machine(lambda _: time.sleep(0.05) or Ended("SUCCEEDED"))
    queue = ExecutionQueue(lambda: machine, ledger, workers=2)
    names = [queue.start(object_created(version(n)), "given" if n == 0 else "") for n in range(8)]
    assert names[0] == "given"
    assert len(set(names)) == 8
    ended = wait_for(queue, 8)
    assert machine.ran == [f"k{n}" for n in range(8)]
    assert machine.most == 2
    assert {one["status"] for one in ended} == {"SUCCEEDED"}
    assert queue.close(1)


def test_what_is_unfinished_is_taken_up_oldest_first(ledger):
    for number, status in enumerate(Status):
        ledger.receive(version(number))
        ledger.update(version(number), status=status)
    machine = Machine()
    queue = ExecutionQueue(lambda: machine, ledger, workers=1)
    assert queue.resume() == 4
    wait_for(queue, 4)
    assert machine.ran == ["k0", "k1", "k2", "k3"]
    queue.close(1)


def test_a_failure_nobody_recorded_is_recorded(ledger):
    ledger.receive(version(1))
    machine = Machine(lambda _: Ended("FAILED", "States.Runtime", "why"))
    queue = ExecutionQueue(lambda: machine, ledger, workers=1)
    queue.start(object_created(version(1)))
    queue.start(object_created(version(2)))
    wait_for(queue, 2)
    queue.close(1)
    entry = ledger.get("k1", "v")
    assert entry.status is Status.FAILED
    assert entry.reason["message"] == "why"
    assert ledger.get("k2", "v") is None


def test_one_that_breaks_off_does_not_stop_the_rest(ledger):
    def end(event):
        if event["detail"]["object"]["key"] == "k0":
            raise RuntimeError("of the interpreter")
        return Ended("SUCCEEDED")

    ledger.receive(version(0))
    queue = ExecutionQueue(lambda: Machine(end), ledger, workers=1)
    queue.warm()
    queue.start(object_created(version(0)))
    queue.start(object_created(version(1)))
    assert [one["status"] for one in wait_for(queue, 2)] == ["FAILED", "SUCCEEDED"]
    queue.close(1)
    assert ledger.get("k0", "v").reason["error"] == "RuntimeError"


def test_closing_waits_a_little_and_starts_nothing_more(ledger):
    gate = threading.Event()
    machine = Machine(lambda _: gate.wait(20) and Ended("SUCCEEDED"))
    queue = ExecutionQueue(lambda: machine, ledger, workers=1)
    queue.start(object_created(version(0)))
    queue.start(object_created(version(1)))
    while not queue.state()["running"]:
        time.sleep(0.01)
    assert not queue.close(0.05)
    gate.set()
    wait_for(queue, 1)
    assert machine.ran == ["k0"]
