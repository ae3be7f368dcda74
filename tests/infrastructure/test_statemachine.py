"""The state machines' shape, and ingestion's ways through them (ING-2, ING-8, ING-10)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ons_local.functions import Result
from ons_local.states import Ended, StateMachine
from ons_local.template import load_template
from ons_platform import errors
from ons_platform.errors import OnsError, TransientError

EVENT = {"detail-type": "Object Created", "detail": {"object": {"key": "a.csv"}}}
ROUTE = {
    "object": {"key": "a.csv"},
    "processingType": "lambda",
    "processorConfig": {"dataset": "x", "format": "csv", "vcpu": 2, "memory": 3008},
    "outputLocation": "s3://processed/",
}


@pytest.fixture(params=["ingestion", "backfill"])
def machine(request: pytest.FixtureRequest, root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        (root / f"statemachine/{request.param}.asl.json").read_text()
    )
    return loaded


def flows(machine: dict[str, Any]) -> list[dict[str, Any]]:
    """The machine itself and what its maps run for each item."""
    inner = [
        state["ItemProcessor"] for state in machine["States"].values() if "ItemReader" in state
    ]
    return [machine, *inner]


def tasks(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Everything that calls a service, maps included."""
    return {
        name: state
        for flow in flows(machine)
        for name, state in flow["States"].items()
        if state["Type"] in ("Task", "Map")
    }


def targets(state: dict[str, Any]) -> set[str]:
    """States a state can lead to."""
    choices = [*state.get("Choices", []), *state.get("Catch", []), state]
    return {choice[key] for choice in choices for key in ("Next", "Default") if key in choice}


def test_states_have_the_names_asked_for(ingestion_machine: dict[str, Any]) -> None:
    wanted = {
        "Route",
        "ProcessStructured",
        "ProcessUnstructured",
        "LoadToTimestream",
        "UpdateKnowledgeBase",
    }
    assert wanted <= set(ingestion_machine["States"])


def test_every_substitution_is_given_and_used(template: Any, root: Path) -> None:
    machines = template.of_type("AWS::Serverless::StateMachine")
    assert set(machines) == {"IngestionStateMachine", "BackfillStateMachine"}
    for properties in machines.values():
        text = (root / properties["DefinitionUri"]).read_text()
        used = {part.split("}")[0] for part in text.split("${")[1:]}
        assert used == set(properties["DefinitionSubstitutions"])


def test_every_state_is_reachable_and_leads_on(machine: dict[str, Any]) -> None:
    for flow in flows(machine):
        states = flow["States"]
        reached: set[str] = set()
        waiting = {flow["StartAt"]}
        while waiting:
            reached |= waiting
            waiting = set().union(*(targets(states[name]) for name in waiting)) - reached
        assert reached == set(states)


def test_every_task_has_a_time_limit_a_retry_and_a_catch(machine: dict[str, Any]) -> None:
    for name, task in tasks(machine).items():
        nested = "states:startExecution" in task.get("Resource", "")
        assert task["Type"] == "Map" or 0 < task["TimeoutSeconds"] <= 14_400 * (1 + 2 * nested), (
            name
        )
        assert task["Retry"], name
        last = task["Catch"][-1]
        assert last["ErrorEquals"] == ["States.ALL"], name
        assert last["ResultPath"] != "$", name


def test_functions_may_take_their_own_time(machine: dict[str, Any], template: Any) -> None:
    functions = template.of_type("AWS::Serverless::Function")
    default = template.document["Globals"]["Function"]["Timeout"]
    for task in tasks(machine).values():
        if task.get("Resource", "").endswith("lambda:invoke"):
            name = task["Parameters"]["FunctionName"].strip("${}").removesuffix("Arn")
            limit = functions[f"{name}Function"].get("Timeout", default)
            assert task["TimeoutSeconds"] >= limit


def test_only_what_may_pass_is_retried_and_ever_more_slowly(machine: dict[str, Any]) -> None:
    ours = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, OnsError)
    }
    services = ("Lambda.", "Batch.", "SQS.", "SNS.", "StepFunctions.", "Sfn.")
    passing = ("States.Timeout", "States.ItemReaderFailed")
    for name, task in tasks(machine).items():
        for retry in task["Retry"]:
            assert (retry["BackoffRate"], retry["MaxAttempts"]) == (2, 3), name
            assert retry["JitterStrategy"] == "FULL", name
            for error in retry["ErrorEquals"]:
                if error in ours:
                    assert issubclass(getattr(errors, error), TransientError)
                else:
                    assert error in passing or error.startswith(services)


def test_every_transient_error_a_step_can_raise_is_retried(machine: dict[str, Any]) -> None:
    raised = {"StorageUnavailable", "LeaseHeld", "ServiceUnavailable"}
    for name, task in tasks(machine).items():
        if task.get("Resource", "").endswith("lambda:invoke"):
            assert raised <= set(task["Retry"][0]["ErrorEquals"]), name


class Steps:
    """Functions, jobs and channels that answer from a script and note what they were asked.

    A function's script is a list of answers, the last one repeated; an exception class stands for
    a failed invocation of that name.
    """

    def __init__(self, **scripts: list[Any]) -> None:
        self.scripts = {
            "LambdaRouterFunction": [ROUTE],
            "StructuredDataProcessorFunction": [{"status": "processed"}],
            "InfluxdbLoaderFunction": [{"loaded": False}],
            "KnowledgeUpdaterFunction": [{"rows": 1}],
            "FailureRecorderFunction": [],
            "job": ["SUCCEEDED"],
            **scripts,
        }
        self.calls: list[str] = []
        self.inputs: dict[str, Any] = {}
        self.sent: dict[str, Any] = {}
        self.memory: list[int | None] = []

    def invoke(self, function: str, payload: bytes) -> Result:
        self.calls.append(function)
        self.inputs[function] = json.loads(payload)
        script = self.scripts[function]
        answer = script.pop(0) if len(script) > 1 else script[0] if script else None
        if answer is None:
            answer = {"reason": "recorded", "error": self.inputs[function]["error"]}
        if isinstance(answer, str):
            failed = {"errorType": answer, "errorMessage": f"{answer} happened"}
            return Result(json.dumps(failed).encode(), failed=True)
        return Result(json.dumps(answer).encode(), failed=False)

    def submit_job(self, _name: str, variables: dict[str, str], memory: int | None) -> str:
        self.calls.append("job")
        self.inputs["job"] = json.loads(variables["ONS_TASK"])
        self.memory.append(memory)
        return "job-1"

    def describe_job(self, job_id: str) -> dict[str, Any]:
        script = self.scripts["job"]
        status, _, reason = (script.pop(0) if len(script) > 1 else script[0]).partition(": ")
        return {"jobId": job_id, "jobName": "job", "status": status, "statusReason": reason}

    def send(self, channel: str, body: str, _subject: str | None) -> str:
        self.calls.append(channel)
        self.sent[channel] = json.loads(body)
        return "message-1"


@pytest.fixture(scope="module")
def run(root: Path) -> Callable[..., tuple[Ended, Steps]]:
    definition = load_template(root / "template.yaml").definition
    count = iter(range(1000))

    def once(**scripts: list[Any]) -> tuple[Ended, Steps]:
        steps = Steps(**scripts)
        machine = StateMachine(definition, steps, retry_scale=0.0)
        return machine.run(f"run-{next(count)}", EVENT), steps

    return once


REVIEW, NOTICE = "ons-data-platform-manual-review-dev", "ons-data-platform-notices-dev"
FAILED = ["FailureRecorderFunction", REVIEW, NOTICE]
LOADED = ["InfluxdbLoaderFunction", "KnowledgeUpdaterFunction"]


def test_a_table_goes_through_the_function(run: Any) -> None:
    ended, steps = run()
    assert ended.status == "SUCCEEDED"
    assert steps.calls == [
        "LambdaRouterFunction",
        "StructuredDataProcessorFunction",
        *LOADED,
    ]
    assert steps.inputs["LambdaRouterFunction"]["event"] == EVENT
    assert steps.inputs["LambdaRouterFunction"]["execution_id"].startswith("run-")
    assert steps.inputs["StructuredDataProcessorFunction"] == ROUTE
    assert steps.inputs["KnowledgeUpdaterFunction"]["object"] == ROUTE["object"]


def test_what_does_not_fit_goes_to_the_container(run: Any) -> None:
    ended, steps = run(LambdaRouterFunction=[{**ROUTE, "processingType": "batch"}])
    assert ended.status == "SUCCEEDED"
    assert steps.calls == ["LambdaRouterFunction", "job", *LOADED]
    assert steps.inputs["job"]["object"] == ROUTE["object"]


@pytest.mark.parametrize(
    "limit",
    [
        "Runtime.ExitError",
        "Runtime.OutOfMemory",
        "Sandbox.Timedout",
        "Lambda.Unknown",
        "MemoryError",
        "ArrowMemoryError",
    ],
)
def test_a_function_at_its_limit_hands_over_to_a_larger_container(run: Any, limit: str) -> None:
    ended, steps = run(StructuredDataProcessorFunction=[limit])
    assert ended.status == "SUCCEEDED"
    assert steps.calls.count("StructuredDataProcessorFunction") == 1
    assert steps.memory == [16384]
    assert steps.inputs["job"]["processorConfig"]["memory"] == 16384


def test_a_function_that_does_not_answer_hands_over_as_well(ingestion_machine: Any) -> None:
    """The time-out of the state itself: nothing tries the function again, the container has it."""
    process = ingestion_machine["States"]["ProcessStructured"]
    assert not any("States.Timeout" in retry["ErrorEquals"] for retry in process["Retry"])
    assert "States.Timeout" in process["Catch"][0]["ErrorEquals"]
    assert process["Catch"][0]["Next"] == "TakeMoreMemory"


OUT_OF_MEMORY = "FAILED: OutOfMemoryError: Container killed due to memory usage"


def test_a_container_out_of_memory_gets_the_largest_one(run: Any) -> None:
    ended, steps = run(
        LambdaRouterFunction=[{**ROUTE, "processingType": "batch"}],
        job=[OUT_OF_MEMORY, "SUCCEEDED"],
    )
    assert ended.status == "SUCCEEDED"
    assert steps.memory == [3008, 30720]
    assert steps.inputs["job"]["processorConfig"] == {
        **ROUTE["processorConfig"],
        "vcpu": 4,
        "memory": 30720,
    }


def test_the_largest_container_out_of_memory_is_the_end(run: Any) -> None:
    ended, steps = run(StructuredDataProcessorFunction=["Runtime.ExitError"], job=[OUT_OF_MEMORY])
    assert ended.status == "FAILED"
    assert steps.memory == [16384, 30720]
    assert steps.calls[-3:] == FAILED
    error = steps.inputs["FailureRecorderFunction"]["error"]
    assert "OutOfMemoryError" in json.loads(error["Cause"])["StatusReason"]


@pytest.mark.parametrize("error", ["StorageUnavailable", "LeaseHeld", "ServiceUnavailable"])
def test_a_transient_error_is_tried_again(run: Any, error: str) -> None:
    ended, steps = run(StructuredDataProcessorFunction=[error, error, error, {"status": "ok"}])
    assert ended.status == "SUCCEEDED"
    assert steps.calls.count("StructuredDataProcessorFunction") == 4


def test_a_transient_error_that_stays_is_recorded(run: Any) -> None:
    ended, steps = run(KnowledgeUpdaterFunction=["LeaseHeld"])
    assert (ended.status, ended.error) == ("FAILED", "LeaseHeld")
    assert steps.calls.count("KnowledgeUpdaterFunction") == 4
    assert steps.calls[-3:] == FAILED


def test_a_load_that_fails_for_good_is_reviewed_and_the_file_goes_on(run: Any) -> None:
    ended, steps = run(InfluxdbLoaderFunction=["VerificationFailed"])
    assert ended.status == "SUCCEEDED"
    assert steps.calls[-3:] == ["InfluxdbLoaderFunction", REVIEW, "KnowledgeUpdaterFunction"]
    assert steps.sent[REVIEW]["error"]["Error"] == "VerificationFailed"
    assert steps.sent[REVIEW]["object"] == ROUTE["object"]


@pytest.mark.parametrize("step", ["LambdaRouterFunction", "StructuredDataProcessorFunction"])
def test_a_rejected_file_is_not_tried_again(run: Any, step: str) -> None:
    ended, steps = run(**{step: ["MalformedFile"]})
    assert (ended.status, ended.error) == ("FAILED", "MalformedFile")
    assert steps.calls.count(step) == 1
    assert steps.calls[-3:] == FAILED
    assert steps.inputs["FailureRecorderFunction"]["error"]["Error"] == "MalformedFile"
    assert steps.sent[REVIEW] == {"reason": "recorded", "error": steps.sent[REVIEW]["error"]}
    assert steps.sent[NOTICE]["reason"] == "recorded"


def test_the_failure_path_knows_the_object(run: Any) -> None:
    _, routed = run(StructuredDataProcessorFunction=["EmptyFile"])
    assert routed.inputs["FailureRecorderFunction"]["object"] == ROUTE["object"]
    _, unrouted = run(LambdaRouterFunction=["UnsafeKey"])
    assert unrouted.inputs["FailureRecorderFunction"]["detail"] == EVENT["detail"]


def test_a_failed_job_is_recorded(run: Any) -> None:
    ended, steps = run(LambdaRouterFunction=[{**ROUTE, "processingType": "batch"}], job=["FAILED"])
    assert ended.status == "FAILED"
    assert steps.calls[-3:] == FAILED
    assert steps.inputs["FailureRecorderFunction"]["error"]["Error"] == "States.TaskFailed"


def test_an_unknown_processing_type_is_recorded(run: Any) -> None:
    ended, steps = run(LambdaRouterFunction=[{**ROUTE, "processingType": "quantum"}])
    assert (ended.status, ended.error) == ("FAILED", "UnknownProcessingType")
    assert steps.calls == ["LambdaRouterFunction", *FAILED]


def test_people_hear_of_it_even_when_recording_fails(run: Any) -> None:
    ended, steps = run(
        StructuredDataProcessorFunction=["MalformedFile"], FailureRecorderFunction=["Broken"]
    )
    assert (ended.status, ended.error) == ("FAILED", "MalformedFile")
    assert steps.calls[-3:] == FAILED
    assert steps.sent[REVIEW]["object"] == ROUTE["object"]
    assert steps.sent[REVIEW]["recording"]["Error"] == "Broken"
