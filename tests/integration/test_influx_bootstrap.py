"""The function that sets up a new instance: a real InfluxDB, its secrets by moto."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from influxdb_bootstrap.handler import lambda_handler
from ons_local.influxd import InfluxServer
from ons_platform.config import settings
from ons_platform.errors import StoreUnavailable
from ons_platform.timeseries.client import InfluxClient

SECRETS = ("OPERATOR", "WRITE", "READ")


@pytest.fixture
def store(
    influx_process: InfluxServer, aws: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InfluxServer]:
    """A server that is set up as the service does it, and the three secrets of its stack."""
    client = boto3.client("secretsmanager")
    names = {name: f"influxdb/{influx_process.pid}/{name.lower()}" for name in SECRETS}
    user = {
        "username": influx_process.credentials.username,
        "password": influx_process.credentials.password,
    }
    for name, path in names.items():
        client.create_secret(Name=path, SecretString=json.dumps(user if name == "OPERATOR" else {}))
        monkeypatch.setenv(f"ONS_INFLUXDB_{name}_SECRET", path)
    monkeypatch.setenv("INFLUXDB_URL", influx_process.url)
    settings.cache_clear()
    yield influx_process
    settings.cache_clear()
    client.close()


def secret(name: str) -> dict[str, str]:
    client = boto3.client("secretsmanager")
    held = client.get_secret_value(SecretId=os.environ[f"ONS_INFLUXDB_{name}_SECRET"])
    client.close()
    return dict(json.loads(held["SecretString"]))


@pytest.fixture
def told() -> Iterator[Any]:
    """Where CloudFormation waits for the outcome of a custom resource."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    event = {
        "ResponseURL": f"http://127.0.0.1:{server.server_port}/response",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "StoreSetUp",
    }
    yield event, received
    server.shutdown()
    server.server_close()


@pytest.mark.influxdb
def test_a_deployment_sets_up_the_store_and_keeps_tokens_that_work(
    store: InfluxServer, told: Any
) -> None:
    event, received = told
    assert lambda_handler({**event, "RequestType": "Create"}, None) == {"bootstrapped": True}
    assert [item["Status"] for item in received] == ["SUCCESS"]
    writer = InfluxClient(store.url, secret("WRITE")["write_token"], "ons-energy")
    writer.write("generation_data", b"generation_data,region=SE power_mw=1 1700000000000000")
    assert set(secret("READ")) == {"read_token"}
    before = secret("WRITE")
    assert lambda_handler({}, None) == {"bootstrapped": True}
    assert secret("WRITE") == before


@pytest.mark.influxdb
def test_a_store_that_does_not_answer_fails_the_deployment_at_once(
    store: InfluxServer, told: Any
) -> None:
    event, received = told
    store.kill()
    with pytest.raises(StoreUnavailable):
        lambda_handler({**event, "RequestType": "Update"}, None)
    assert [item["Status"] for item in received] == ["FAILED"]


@pytest.mark.influxdb
def test_a_secret_that_is_not_there_fails_the_deployment_at_once(
    store: InfluxServer, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, received = told
    monkeypatch.setenv("ONS_INFLUXDB_OPERATOR_SECRET", "of/nobody")
    with pytest.raises(ClientError):
        lambda_handler({**event, "RequestType": "Create"}, None)
    assert [(item["Status"], item["Reason"]) for item in received] == [
        ("FAILED", "ResourceNotFoundException")
    ]


@pytest.mark.influxdb
def test_deleting_the_stack_undoes_nothing(store: InfluxServer, told: Any) -> None:
    event, received = told
    assert lambda_handler({**event, "RequestType": "Delete"}, None) == {}
    assert [item["Status"] for item in received] == ["SUCCESS"]
