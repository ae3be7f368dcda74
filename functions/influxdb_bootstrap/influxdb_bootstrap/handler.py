"""Makes buckets and tokens of the time-series store when the stack is deployed (TSD-4 to TSD-7)."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
import urllib3

from ons_platform.config import settings
from ons_platform.errors import InvalidRequest
from ons_platform.observability import log_event
from ons_platform.timeseries.bootstrap import bootstrap_as

_TIMEOUT_SECONDS = 20.0


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Set up what is missing and keep the tokens in their secrets; the same again changes nothing.

    `event` is CloudFormation's request of a custom resource, which is told the outcome, or empty
    when a person invokes the function. What is deleted keeps its data: nothing is undone.
    """
    if "ResponseURL" not in event:
        return _set_up()
    try:
        done = {} if event["RequestType"] == "Delete" else _set_up()
    except Exception as error:
        _respond(event, "FAILED", getattr(error, "message", type(error).__name__))
        raise
    _respond(event, "SUCCESS", "the store is set up")
    return done


def _set_up() -> dict[str, Any]:
    here = settings()
    if not here.influxdb_url:
        raise InvalidRequest("INFLUXDB_URL names no store to set up.", field="INFLUXDB_URL")
    secrets = boto3.client("secretsmanager", region_name=here.aws_region)
    held = secrets.get_secret_value(SecretId=os.environ["ONS_INFLUXDB_OPERATOR_SECRET"])
    user = json.loads(held["SecretString"])
    tokens = bootstrap_as(
        here.influxdb_url, here.influxdb_org, username=user["username"], password=user["password"]
    )
    kept = {
        "ONS_INFLUXDB_WRITE_SECRET": {"write_token": tokens.write},
        "ONS_INFLUXDB_READ_SECRET": {"read_token": tokens.read},
    }
    for name, value in kept.items():
        secrets.put_secret_value(SecretId=os.environ[name], SecretString=json.dumps(value))
    log_event("store.bootstrapped", org=here.influxdb_org)
    return {"bootstrapped": True}


def _respond(event: dict[str, Any], status: str, reason: str) -> None:
    """Tell CloudFormation, which otherwise waits until its time is up."""
    body = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId", "influxdb-bootstrap"),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    with urllib3.PoolManager(timeout=_TIMEOUT_SECONDS) as pool:
        pool.request(
            "PUT", event["ResponseURL"], body=json.dumps(body), headers={"Content-Type": ""}
        )
