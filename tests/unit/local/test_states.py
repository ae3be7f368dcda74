from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ons_local.child import Spawner
from ons_local.jobs import JobQueue
from ons_local.mailbox import Mailbox
from ons_local.states import StateMachine
from ons_local.template import JobSpec

RETRY = [
    {
        "ErrorEquals": ["LeaseHeld"],
        "IntervalSeconds": 1,
        "BackoffRate": 2,
        "MaxAttempts": 3,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    }
]
ARN = "arn:aws:lambda:us-east-1:000000000000:function"


def task(function: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": f"{ARN}:{function}:live", "Payload.$": "$"},
        "OutputPath": "$.Payload",
        **more,
    }


def machine(states: dict[str, Any], services: Any, **more: Any) -> StateMachine:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states, **more})
    return StateMachine(definition, services, retry_scale=0.01)


class Here:
    """Real processes behind a state machine."""

    def __init__(self, pool: Any, jobs: JobQueue | None, mailbox: Mailbox | None) -> None:
        self.pool, self.jobs, self.mailbox = pool, jobs, mailbox

    def invoke(self, function: str, payload: bytes) -> Any:
        return self.pool.invoke(function, payload, wait=0.5)

    def submit_job(self, name: str, variables: dict[str, str], memory: int | None) -> str:
        assert self.jobs is not None
        return self.jobs.submit(name, variables, memory)

    def describe_job(self, job_id: str) -> dict[str, Any]:
        assert self.jobs is not None
        return self.jobs.wait(job_id)

    def send(self, channel: str, body: str, subject: str | None) -> str:
        assert self.mailbox is not None
        return self.mailbox.send(channel, body, subject)


def test_a_transient_error_is_retried_by_its_name(pool, spec, tmp_path):
    services = Here(pool(spec("flaky")), None, None)
    flow = machine({"Only": task("flaky", Retry=RETRY, End=True)}, services)
    ended = flow.run("one", {"file": str(tmp_path / "calls"), "failures": 2})
    assert ended.status == "SUCCEEDED"
    assert ended.output == {"calls": 3}


def test_retries_end_and_the_error_is_told(pool, spec, tmp_path):
    services = Here(pool(spec("flaky")), None, None)
    flow = machine({"Only": task("flaky", Retry=RETRY, End=True)}, services)
    ended = flow.run("one", {"file": str(tmp_path / "calls"), "failures": 9})
    assert (ended.status, ended.error) == ("FAILED", "LeaseHeld")
    assert json.loads(ended.cause)["errorMessage"] == "not yet"
    assert (tmp_path / "calls").read_text() == "4"


def test_an_execution_runs_again_under_another_name(pool, spec):
    flow = machine({"Only": task("says", End=True)}, Here(pool(spec("says")), None, None))
    assert [flow.run(name, {}).output for name in ("one", "two")] == ["é", "é"]


@pytest.mark.parametrize(
    ("function", "error"), [("fails", "LeaseHeld"), ("exits", "Runtime.ExitError")]
)
def test_a_catch_goes_by_name_and_keeps_the_input(pool, spec, function, error):
    caught = {"ErrorEquals": [error], "ResultPath": "$.error", "Next": "After"}
    states = {
        "First": task(function, Catch=[caught], Next="After"),
        "After": {"Type": "Succeed"},
    }
    flow = machine(states, Here(pool(spec(function)), None, None))
    ended = flow.run("one", {"key": "a"})
    assert ended.output["key"] == "a"
    assert ended.output["error"]["Error"] == error


def test_a_task_timeout_is_caught(pool, spec):
    caught = {"ErrorEquals": ["States.Timeout"], "ResultPath": "$.error", "Next": "After"}
    first = task("sleeps", TimeoutSeconds=1, Catch=[caught], Next="After")
    first["Parameters"]["Payload"] = 3
    del first["Parameters"]["Payload.$"]
    services = Here(pool(spec("sleeps")), None, None)
    ended = machine({"First": first, "After": {"Type": "Succeed"}}, services).run("one", {})
    assert ended.output["error"]["Error"] == "States.Timeout"


def test_a_busy_function_is_lambdas_own_error(pool, spec):
    services = Here(pool(spec("says"), slots=1), None, None)
    services.pool._functions["says"]._permits.acquire()
    caught = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "Next": "After"}
    states = {"First": task("says", Catch=[caught], Next="After"), "After": {"Type": "Succeed"}}
    assert machine(states, services).run("one", {}).status == "SUCCEEDED"
    unknown = machine({"Only": task("nope", End=True)}, services).run("two", {})
    assert unknown.error == "Lambda.ResourceNotFoundException"


def job(**more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Parameters": {
            "JobName": "extract",
            "JobQueue": "queue",
            "JobDefinition": "definition",
            "ContainerOverrides": {
                "Environment": [{"Name": "JOB_STATUS", "Value.$": "States.Format('{}', $.status)"}]
            },
        },
        "ResultPath": None,
        **more,
    }


@pytest.mark.usefixtures("code_on_path")
def test_a_batch_job_ends_as_its_process_does(tmp_path):
    spawner = Spawner(tmp_path / "log")
    jobs = JobQueue(spawner, {"ONS_RAW_BUCKET": "raw"}, JobSpec(), module="stub_job")
    services = Here(None, jobs, None)
    caught = {"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.error", "Next": "After"}
    flow = machine(
        {"Job": job(Catch=[caught], Next="After"), "After": {"Type": "Succeed"}}, services
    )
    assert flow.run("one", {"status": 0}).output == {"status": 0}
    failed = flow.run("two", {"status": 65}).output
    cause = json.loads(failed["error"]["Cause"])
    assert cause["container"]["exitCode"] == 65
    assert cause["StatusReason"] == "Essential container in task exited"
    assert not jobs.processes()


def test_messages_are_stored(tmp_path):
    mailbox = Mailbox(tmp_path / "mailbox.db")
    states = {
        "Queue": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": "https://sqs/0/review", "MessageBody.$": "$"},
            "ResultPath": "$.review",
            "Next": "Topic",
        },
        "Topic": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {"TopicArn": "arn:aws:sns:r:0:notices", "Message": "m", "Subject": "s"},
            "ResultPath": "$.notice",
            "End": True,
        },
    }
    ended = machine(states, Here(None, None, mailbox)).run("one", {"key": "é"})
    assert mailbox.counts() == {"notices": 1, "review": 1}
    notice, review = mailbox.newest()
    assert (notice["subject"], notice["body"]) == ("s", "m")
    assert json.loads(review["body"]) == {"key": "é"}
    assert ended.output["review"]["MessageId"] == review["id"]
    mailbox.close()


def test_an_execution_has_a_time_limit(pool, spec):
    services = Here(pool(spec("sleeps")), None, None)
    flow = machine(
        {"Only": {"Type": "Wait", "Seconds": 5, "End": True}}, services, TimeoutSeconds=1
    )
    assert flow.run("one", {}).status == "TIMED_OUT"


def test_the_projects_own_definition_is_understood():
    from ons_local.template import load_template

    template = load_template(Path(__file__).parents[3] / "template.yaml")
    StateMachine(template.definition, Here(None, None, None))


def test_nothing_of_moto_stands_in_for_aws(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    import boto3
    from moto.core.models import botocore_stubber

    assert not botocore_stubber.enabled
    assert boto3.client("sqs", region_name="us-east-1").meta.endpoint_url.startswith("https://sqs.")
