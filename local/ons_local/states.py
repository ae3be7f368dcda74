"""All the glue to moto's Amazon States Language interpreter (moto 5.2.5, pinned).

The interpreter's service tasks reach AWS through `boto_client_for`. Here that name leads to this
machine's own functions, jobs, queues and topics, so neither boto nor `mock_aws` is involved and
nothing of moto reaches beyond this module. What moto 5.2.5 needs to be told:

- `moto.batch` loads every EC2 instance type (94 MB, 0.9 s) for one enum: its package is entered
  without its `__init__`;
- the time between retries is `time.sleep` in `retrier_decl`; under test it is scaled;
- every execution parses its definition again (80 ms): here it is parsed once;
- finished threads pile up in `TMP_THREADS`;
- a `Fail` state cannot pass on an error named `States.…`: that ends as `States.Runtime`.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import logging
import sys
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from ons_local.functions import Result
from ons_local.intrinsics import ACCOUNT, REGION
from ons_platform.errors import OnsError, TransientError

_PARSER = "moto.stepfunctions.parser"
_TASK = f"{_PARSER}.asl.component.state.exec.state_task"
_CLIENT_USERS = (
    f"{_TASK}.lambda_eval_utils",
    f"{_TASK}.service.state_task_service_batch",
    f"{_TASK}.service.state_task_service_sns",
    f"{_TASK}.service.state_task_service_sqs",
)


class Services(Protocol):
    """What a state machine's tasks can call."""

    def invoke(self, function: str, payload: bytes) -> Result:
        """Run a function by its logical id."""
        ...

    def submit_job(self, name: str, variables: dict[str, str], memory: int | None) -> str:
        """Start a batch job with so many MiB of memory and return its id."""
        ...

    def describe_job(self, job_id: str) -> dict[str, Any]:
        """A job's description; may wait a few seconds for its end."""
        ...

    def send(self, channel: str, body: str, subject: str | None) -> str:
        """Send to a queue or topic by name and return the message id."""
        ...


@dataclass(frozen=True)
class Ended:
    """How an execution ended: `status` as Step Functions names it, with the error if it failed."""

    status: str
    error: str = ""
    cause: str = ""
    output: Any = None


class StateMachine:
    """One state machine definition whose tasks call `services`.

    `retry_scale` multiplies the waits between retries. Raises moto's `ASLParserException` when the
    definition is not valid.
    """

    def __init__(self, definition: str, services: Services, *, retry_scale: float = 1.0) -> None:
        _load()
        self._definition = definition
        self._role = f"arn:aws:iam::{ACCOUNT}:role/{id(self)}"
        _services[self._role] = services
        _retry_scale[0] = retry_scale
        parser = _module(f"{_PARSER}.asl.parse.asl_parser").AmazonStateLanguageParser
        self._program = parser.parse(definition)[0]

    def run(self, name: str, event: dict[str, Any]) -> Ended:
        """Run one execution to its end in this thread; `name` must be new."""
        worker, ended = self._worker(name, event)
        worker._execution_logic()
        threads = _module(f"{_PARSER}.utils").TMP_THREADS
        threads[:] = [thread for thread in threads if thread.is_alive()]
        return _outcome(ended[0], worker.env)

    def _worker(self, name: str, event: dict[str, Any]) -> tuple[Any, list[Any]]:
        details = _module(f"{_PARSER}.asl.eval.evaluation_details")
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}"
        ended: list[Any] = []
        worker: Any = _module(f"{_PARSER}.backend.execution_worker").ExecutionWorker(
            evaluation_details=details.EvaluationDetails(
                aws_execution_details=details.AWSExecutionDetails(
                    account=ACCOUNT, region=REGION, role_arn=self._role
                ),
                execution_details=details.ExecutionDetails(
                    arn=f"{arn}:execution:ingestion:{name}",
                    name=name,
                    role_arn=self._role,
                    inpt=event,
                    start_time=datetime.now(UTC).isoformat(),
                ),
                state_machine_details=details.StateMachineDetails(
                    arn=f"{arn}:stateMachine:ingestion",
                    name="ingestion",
                    typ="STANDARD",
                    definition=self._definition,
                ),
            ),
            exec_comm=types.SimpleNamespace(
                terminated=lambda: ended.append(worker.env.program_state())
            ),
            cloud_watch_logging_session=None,
            activity_store={},
        )
        worker._get_evaluation_entrypoint = lambda: self._program
        return worker, ended


def _outcome(state: Any, environment: Any) -> Ended:
    kind = type(state).__name__
    if kind == "ProgramEnded":
        return Ended("SUCCEEDED", output=environment.states.get_input())
    if kind == "ProgramTimedOut":
        return Ended("TIMED_OUT", error="States.Timeout", cause="the execution took too long")
    error = getattr(state, "error", None) or {}
    return Ended("FAILED", error=error.get("error", "") or "", cause=error.get("cause", "") or "")


_services: dict[str, Services] = {}
_retry_scale = [1.0]


class _Client:
    """The calls service tasks make, in boto3's shapes."""

    def __init__(self, services: Services, service: str) -> None:
        self._services = services
        self._service = service

    def invoke(self, **given: Any) -> dict[str, Any]:
        """`lambda:invoke` by name or ARN, with or without an alias."""
        parts = str(given["FunctionName"]).split(":")
        name = parts[6] if parts[0] == "arn" else parts[0]
        payload = given.get("Payload", b"{}")
        result = self._call(lambda: self._services.invoke(name, payload))
        answer = {"StatusCode": 200, "Payload": io.BytesIO(result.payload)}
        return {**answer, "FunctionError": "Unhandled"} if result.failed else answer

    def submit_job(self, **given: Any) -> dict[str, Any]:
        """`batch:submitJob`; keys arrive in either casing."""
        job = _folded(given)
        overrides = job.get("containeroverrides", {})
        environment = overrides.get("environment", [])
        variables = {str(item["name"]): str(item["value"]) for item in environment}
        sizes = {item["type"]: item["value"] for item in overrides.get("resourcerequirements", [])}
        memory = int(sizes["MEMORY"]) if "MEMORY" in sizes else None
        name = str(job["jobname"])
        job_id = self._call(lambda: self._services.submit_job(name, variables, memory))
        return {"JobName": name, "JobId": job_id}

    def describe_jobs(self, jobs: list[str]) -> dict[str, Any]:
        """`batch:describeJobs`, as the `.sync` pattern polls it: one job at a time."""
        status = _module("moto.batch.utils").JobStatus
        job = self._call(lambda: self._services.describe_job(jobs[0]))
        as_cause = {"StatusReason": job.get("statusReason", "")}  # capitalised, as on AWS
        return {"jobs": [{**job, **as_cause, "status": status(job["status"])}]}

    def send_message(self, **given: Any) -> dict[str, Any]:
        """`sqs:sendMessage`; the queue's name is the last part of its URL."""
        channel = str(given["QueueUrl"]).rsplit("/", 1)[-1]
        body = str(given["MessageBody"])
        return {"MessageId": self._call(lambda: self._services.send(channel, body, None))}

    def publish(self, **given: Any) -> dict[str, Any]:
        """`sns:publish`; the topic's name is the last part of its ARN."""
        channel = str(given["TopicArn"]).rsplit(":", 1)[-1]
        body, subject = str(given["Message"]), given.get("Subject")
        return {"MessageId": self._call(lambda: self._services.send(channel, body, subject))}

    def _call(self, work: Callable[[], Any]) -> Any:
        """What a service itself cannot do is a client error, named as the AWS service names it."""
        client_error = _module("botocore.exceptions").ClientError
        try:
            return work()
        except OnsError as error:
            busy = isinstance(error, TransientError)
            code = "TooManyRequestsException" if busy else "ResourceNotFoundException"
            metadata = {"HTTPStatusCode": error.http_status, "RequestId": ""}
            response = {
                "Error": {"Code": code, "Message": error.message},
                "ResponseMetadata": metadata,
            }
            raise client_error(response, self._service) from error


def _client_for(
    region: str,  # noqa: ARG001 - moto's signature
    service: str,
    state_credentials: Any = None,
) -> _Client:
    return _Client(_services[state_credentials.role_arn], service)


def _folded(value: Any) -> Any:
    """The value with every key in lower case; the values under `value` keep theirs."""
    if isinstance(value, dict):
        return {key.lower(): _folded(item) for key, item in value.items()}
    return [_folded(item) for item in value] if isinstance(value, list) else value


def _module(name: str) -> Any:
    return importlib.import_module(name)


def _load() -> None:
    """Import the interpreter once and put this machine's services in its way."""
    if f"{_PARSER}.backend.execution_worker" in sys.modules:
        return
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    _enter_without_init("moto.batch")
    _module(f"{_PARSER}.backend.execution_worker")
    for name in _CLIENT_USERS:
        _module(name).boto_client_for = _client_for
    _module(f"{_PARSER}.asl.component.common.retry.retrier_decl").time = types.SimpleNamespace(
        sleep=lambda seconds: time.sleep(seconds * _retry_scale[0])
    )


def _enter_without_init(package: str) -> None:
    spec = importlib.util.find_spec(package)
    if package not in sys.modules and spec and spec.submodule_search_locations:
        bare = types.ModuleType(package)
        bare.__path__ = list(spec.submodule_search_locations)
        sys.modules[package] = bare
