"""Starting the ingestion of an object: Step Functions on AWS, the embedded platform's door here."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from ons_platform.config import Settings
from ons_platform.errors import ServiceUnavailable

_TIMEOUT_SECONDS = 10


class Executions(Protocol):
    """Starts the ingestion state machine."""

    def start(self, name: str, event: Mapping[str, Any]) -> str:
        """Start one execution with `event` as its input and return its id.

        `name` is unique per execution. Raises `ServiceUnavailable` when it cannot be started now.
        """
        ...


class StepFunctionsExecutions:
    """Executions of a Step Functions state machine."""

    def __init__(self, state_machine_arn: str, region: str) -> None:
        self._arn = state_machine_arn
        self._region = region

    def start(self, name: str, event: Mapping[str, Any]) -> str:
        """See `Executions.start`; the id is the execution's ARN."""
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError

        client = boto3.client("stepfunctions", region_name=self._region)
        try:
            started = client.start_execution(
                stateMachineArn=self._arn, name=name, input=json.dumps(event)
            )
        except (BotoCoreError, ClientError) as error:
            raise ServiceUnavailable(
                "The ingestion state machine did not take the execution.", retry_after=30
            ) from error
        return str(started["executionArn"])


class HttpExecutions:
    """Executions of the embedded platform: the event is POSTed, `execution_id` comes back."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def start(self, name: str, event: Mapping[str, Any]) -> str:
        """See `Executions.start`."""
        connection = http.client.HTTPConnection(
            self._url.hostname or "127.0.0.1", self._url.port, timeout=_TIMEOUT_SECONDS
        )
        try:
            connection.request(
                "POST",
                self._url.path or "/",
                json.dumps(event),
                {"Content-Type": "application/json", "X-Execution-Name": name},
            )
            response = connection.getresponse()
            answer = response.read()
            if response.status >= 300:
                raise ServiceUnavailable("The embedded platform did not take the execution.")
            return str(json.loads(answer)["execution_id"])
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            raise ServiceUnavailable("The embedded platform did not answer.") from error
        finally:
            connection.close()


class NoExecutions:
    """Where neither is configured: says so instead of failing obscurely."""

    def start(self, name: str, event: Mapping[str, Any]) -> str:  # noqa: ARG002 - the port's
        """Always raises `ServiceUnavailable`."""
        raise ServiceUnavailable(
            "No state machine is configured (ONS_STATE_MACHINE_ARN or ONS_EXECUTIONS_URL).",
            retry_after=300,
        )


def open_executions(settings: Settings) -> Executions:
    """The adapter the settings name; the embedded platform's door counts first."""
    if settings.executions_url:
        return HttpExecutions(settings.executions_url)
    if settings.state_machine_arn:
        return StepFunctionsExecutions(settings.state_machine_arn, settings.aws_region)
    return NoExecutions()
