from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest

from ons_platform.errors import NotFound, ServiceUnavailable


def call(pool, name, event=None, wait=10.0):
    return pool.invoke(name, json.dumps(event).encode(), wait=wait)


def test_the_handler_gets_event_context_and_environment(pool, spec, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the person at the keyboard")
    monkeypatch.setenv("ONS_API_KEY", "theirs too")
    result = call(pool(spec("echo")), "echo", {"key": "é"})
    answer = json.loads(result.payload)
    assert not result.failed
    assert result.error == ""
    assert answer["event"] == {"key": "é"}
    assert answer["request_id"]
    assert 0 < answer["remaining_ms"] <= 20_000
    assert answer["arn"].endswith(":function:echo")
    environment = answer["environment"]
    assert environment["ONS_RAW_BUCKET"] == "raw"
    assert environment["ONS_LEDGER_URL"] == "sqlite:///ledger"
    assert environment["TZ"] == "UTC"
    assert not {"AWS_SECRET_ACCESS_KEY", "ONS_API_KEY"} & environment.keys()


def test_a_process_serves_many_events(pool, spec):
    functions = pool(spec("echo"))
    pids = {json.loads(call(functions, "echo", n).payload)["pid"] for n in range(20)}
    assert len(pids) == 1


def test_a_process_that_was_told_otherwise_serves_no_further_event(pool, spec):
    told = {"INFLUXDB_URL": ""}
    functions = pool(spec("echo"), told=lambda package: {**told, "INFLUXDB_ORG": package})

    def answer():
        said = json.loads(call(functions, "echo").payload)
        return said["pid"], said["environment"]

    before, environment = answer()
    assert environment["INFLUXDB_URL"] == ""
    assert environment["INFLUXDB_ORG"] == "stub_handlers"
    assert answer()[0] == before
    told["INFLUXDB_URL"] = "http://127.0.0.1:20000"
    after, environment = answer()
    assert after != before
    assert environment["INFLUXDB_URL"] == "http://127.0.0.1:20000"
    assert functions.processes()["echo"] == [after]


def test_a_store_of_the_person_at_the_keyboard_is_kept_out(pool, spec, monkeypatch):
    monkeypatch.setenv("INFLUXDB_TOKEN", "theirs")
    monkeypatch.setenv("INFLUXDB_OPERATOR_TOKEN", "theirs")
    environment = json.loads(call(pool(spec("echo")), "echo").payload)["environment"]
    assert not [name for name in environment if name.startswith("INFLUX")]


def test_an_exception_keeps_its_name_and_message(pool, spec):
    result = call(pool(spec("fails")), "fails", 1)
    assert result.error == "LeaseHeld"
    assert json.loads(result.payload)["errorMessage"] == "né? 1"


def test_a_module_that_does_not_import_says_so(pool, spec):
    functions = pool(spec("handler", module="broken_import"))
    result = call(functions, "handler")
    assert result.error == "Runtime.ImportModuleError"
    assert "no_such_module_anywhere" in json.loads(result.payload)["errorMessage"]


def test_a_process_that_dies_is_replaced(pool, spec):
    functions = pool(spec("exits"), spec("echo"))
    assert call(functions, "exits").error == "Runtime.ExitError"
    assert call(functions, "exits").error == "Runtime.ExitError"
    first = json.loads(call(functions, "echo").payload)["pid"]
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: first not in functions.processes()["echo"])
    assert json.loads(call(functions, "echo").payload)["pid"] != first


def test_a_timeout_kills_the_process(pool, spec):
    functions = pool(spec("sleeps", timeout=1))
    assert call(functions, "sleeps", 60).error == "Sandbox.Timedout"
    assert not call(functions, "sleeps", 0).failed


def test_a_process_above_its_memory_is_killed_as_on_lambda(pool, spec):
    functions = pool(spec("takes"))
    result = call(functions, "takes", 300)
    assert result.error == "Runtime.ExitError"
    assert "signal: killed" in json.loads(result.payload)["errorMessage"]
    assert "128 MB" in json.loads(result.payload)["errorMessage"]


def test_a_busy_process_is_waited_for_a_moment(pool, spec):
    functions = pool(spec("sleeps"))
    call(functions, "sleeps", 0)
    threads = [threading.Thread(target=call, args=(functions, "sleeps", 0.02)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(functions.processes()["sleeps"]) == 1


def test_no_more_processes_than_slots(pool, spec):
    functions = pool(spec("sleeps"), slots=1)
    thread = threading.Thread(target=call, args=(functions, "sleeps", 1.5))
    thread.start()
    wait_until(lambda: functions.processes()["sleeps"])
    with pytest.raises(ServiceUnavailable, match="busy"):
        call(functions, "sleeps", 0, wait=0.05)
    assert not call(functions, "sleeps", 0).failed
    thread.join()
    assert len(functions.processes()["sleeps"]) == 1


def test_idle_processes_end_but_the_kept_one(pool, spec):
    functions = pool(spec("echo"), spec("says"), idle_seconds=0.2, keep=("echo",))
    functions.warm("echo")
    functions.warm("unknown")
    assert json.loads(call(functions, "says").payload) == "é"
    wait_until(lambda: not functions.processes()["says"])
    assert len(functions.processes()["echo"]) == 1


def test_an_unknown_function(pool, spec):
    with pytest.raises(NotFound, match="no function"):
        call(pool(spec("echo")), "nope")


def test_closing_ends_every_process_and_records_no_failure(pool, spec):
    functions = pool(spec("sleeps"))
    outcome = []
    thread = threading.Thread(
        target=lambda: outcome.append(call(functions, "sleeps", 60)), daemon=True
    )
    thread.start()
    wait_until(lambda: functions.processes()["sleeps"])
    (pid,) = functions.processes()["sleeps"]
    functions.close()
    wait_until(lambda: not alive(pid))
    thread.join(0.3)
    assert not outcome


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
