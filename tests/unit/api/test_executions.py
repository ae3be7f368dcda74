"""Starting executions through Step Functions and through the embedded platform's door."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import boto3
import pytest
from moto import mock_aws

from ons_platform.api.executions import (
    HttpExecutions,
    NoExecutions,
    StepFunctionsExecutions,
    open_executions,
)
from ons_platform.config import Settings
from ons_platform.errors import ServiceUnavailable

PASS = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


class Door(BaseHTTPRequestHandler):
    answers: ClassVar = {
        "/good": (202, b'{"execution_id": "e1"}'),
        "/bad": (500, b""),
        "/odd": (200, b"x"),
    }
    received: ClassVar[list[tuple[str, dict]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.received.append((self.headers["X-Execution-Name"], body))
        status, answer = self.answers[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def door() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_door_gets_the_event_and_gives_the_id(door: str) -> None:
    assert HttpExecutions(door + "/good").start("n1", {"a": 1}) == "e1"
    assert Door.received[-1] == ("n1", {"a": 1})


@pytest.mark.parametrize("path", ["/bad", "/odd"])
def test_a_door_that_refuses_is_unavailable(door: str, path: str) -> None:
    with pytest.raises(ServiceUnavailable):
        HttpExecutions(door + path).start("n", {})


def test_a_door_nobody_opens_is_unavailable() -> None:
    with pytest.raises(ServiceUnavailable):
        HttpExecutions("http://127.0.0.1:9/x").start("n", {})


@mock_aws
def test_step_functions_takes_the_execution(monkeypatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    client = boto3.client("stepfunctions", region_name="us-east-1")
    arn = client.create_state_machine(
        name="ingestion", definition=PASS, roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]
    started = StepFunctionsExecutions(arn, "us-east-1").start("replay-1", {"a": 1})
    assert json.loads(client.describe_execution(executionArn=started)["input"]) == {"a": 1}
    with pytest.raises(ServiceUnavailable):
        StepFunctionsExecutions(arn + "x", "us-east-1").start("replay-2", {})


def test_the_settings_choose_the_adapter() -> None:
    assert isinstance(open_executions(Settings(executions_url="http://x/y")), HttpExecutions)
    machine = open_executions(Settings(state_machine_arn="arn:aws:states:x"))
    assert isinstance(machine, StepFunctionsExecutions)
    nothing = open_executions(Settings())
    assert isinstance(nothing, NoExecutions)
    with pytest.raises(ServiceUnavailable, match="ONS_STATE_MACHINE_ARN"):
        nothing.start("n", {})
