"""The backfill state machine (issue 4 item 7).

moto runs no distributed map as Step Functions does (one page of the listing, no tolerated failures,
no result writer), so the map's own settings are checked as they stand, and what it does with an
object is run: the very item processor in an inline map, the ingestion it starts as a real execution
of the ingestion definition.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from ons_local.functions import Result
from ons_local.states import StateMachine
from ons_local.template import load_template

SFN = "moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn"


@pytest.fixture(scope="module")
def backfill(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((root / "statemachine/backfill.asl.json").read_text())
    return loaded


def test_the_map_reads_the_bucket_itself_and_is_bounded(backfill: dict[str, Any]) -> None:
    each = backfill["States"]["EachObject"]
    assert each["ItemProcessor"]["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD",
    }
    assert each["ItemReader"] == {
        "Resource": "arn:aws:states:::s3:listObjectsV2",
        "Parameters": {"Bucket": "${RawBucketName}", "Prefix.$": "$.prefix"},
    }
    assert each["MaxConcurrencyPath"] == "$.maxConcurrency"
    assert each["ToleratedFailurePercentagePath"] == "$.toleratedFailurePercentage"
    assert each["ResultWriter"]["Parameters"] == {
        "Bucket": "${ProcessedBucketName}",
        "Prefix": "_backfills",
    }
    assert each["ItemSelector"] == {
        "run.$": "$$.Execution.Name",
        "key.$": "$$.Map.Item.Value.Key",
    }


def test_what_an_object_costs_when_it_is_there_already(backfill: dict[str, Any]) -> None:
    each = backfill["States"]["EachObject"]["ItemProcessor"]
    assert each["StartAt"] == "Check"
    assert each["States"]["Check"]["Next"] == "ChooseAction"
    assert each["States"][each["States"]["ChooseAction"]["Default"]]["Type"] == "Succeed"


def test_ingestion_is_waited_for_under_a_name_that_starts_it_once(
    backfill: dict[str, Any],
) -> None:
    ingest = backfill["States"]["EachObject"]["ItemProcessor"]["States"]["Ingest"]
    assert ingest["Resource"] == "arn:aws:states:::states:startExecution.sync:2"
    assert ingest["Parameters"] == {
        "StateMachineArn": "${IngestionStateMachineArn}",
        "Name.$": "$.name",
        "Input.$": "$.event",
    }
    assert not any("States.Timeout" in retry["ErrorEquals"] for retry in ingest["Retry"])


def test_the_sample_input_is_what_the_machine_reads(backfill: dict[str, Any], root: Path) -> None:
    sample = json.loads((root / "events/state_machines/backfill.json").read_text())
    assert set(sample) == set(backfill["States"]["Defaults"]["Parameters"]["defaults"])


def test_the_interpreter_reads_the_whole_definition(backfill: dict[str, Any]) -> None:
    """Its parser knows distributed maps, so what does not fit the language is found here."""
    StateMachine(json.dumps(backfill), Checks())
    broken = json.loads(json.dumps(backfill))
    broken["States"]["EachObject"]["ItemReader"] = {"Bucket": "raw"}
    with pytest.raises(Exception, match="mismatched input"):
        StateMachine(json.dumps(broken), Checks())


class Ingestion:
    """Step Functions' client: every execution is run to its end, a name twice is refused."""

    def __init__(self, fails: str = "") -> None:
        self.started: dict[str, Any] = {}
        self.fails = fails

    def start_execution(self, **given: Any) -> dict[str, Any]:
        self.started[given["Name"]] = json.loads(given["Input"])
        arn = f"{given['StateMachineArn']}:{given['Name']}".replace("stateMachine", "execution")
        return {"ExecutionArn": arn, "StartDate": 0}

    def describe_execution(self, **given: Any) -> dict[str, Any]:
        from moto.stepfunctions.parser.api import ExecutionStatus

        arn = given["executionArn"]
        event = self.started[arn.rsplit(":", 1)[1]]
        bad = event["detail"]["object"]["key"] == self.fails
        status = ExecutionStatus.FAILED if bad else ExecutionStatus.SUCCEEDED
        return {
            "executionArn": arn,
            "stateMachineArn": "arn:aws:states:us-east-1:0:stateMachine:ingestion",
            "status": status,
            "startDate": 0,
            "input": json.dumps(event),
            "output": "{}",
        }


class Checks:
    """The checker's answers by key; nothing else is called."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.sent: list[tuple[str, Any]] = []

    def invoke(self, function: str, payload: bytes) -> Result:
        assert function == "BackfillCheckerFunction"
        asked = json.loads(payload)
        self.asked.append(asked)
        key = asked["key"]
        answer: dict[str, Any] = {"key": key, "action": "skip", "reason": "completed"}
        if "new" in key:
            event = {"detail": {"object": {"key": key}}}
            answer = {"key": key, "action": "start", "name": f"name-{key}", "event": event}
        if "broken" in key:
            failed = {"errorType": "UnsafeKey", "errorMessage": "no"}
            return Result(json.dumps(failed).encode(), failed=True)
        return Result(json.dumps(answer).encode(), failed=False)

    def send(self, channel: str, body: str, subject: str | None) -> str:
        self.sent.append((channel, json.loads(body)))
        assert subject
        return "id"


def inline(backfill: dict[str, Any], root: Path) -> str:
    """The definition with an inline map over `$.items` in place of the distributed one."""
    template = load_template(root / "template.yaml")
    names = {
        "BackfillCheckerArn": "arn:aws:lambda:us-east-1:0:function:BackfillCheckerFunction:live",
        "IngestionStateMachineArn": "arn:aws:states:us-east-1:0:stateMachine:ingestion",
        "NoticeTopicArn": "arn:aws:sns:us-east-1:0:notices",
    }
    assert "BackfillCheckerFunction" in template.functions
    definition = json.loads(json.dumps(backfill))
    each = definition["States"]["EachObject"]
    for name in ("ItemReader", "ResultWriter", "Label", "ToleratedFailurePercentagePath"):
        del each[name]
    each |= {"ItemsPath": "$.items", "Next": "PublishSummary"}
    each["ItemProcessor"]["ProcessorConfig"] = {"Mode": "INLINE"}
    del definition["States"]["CountResults"]
    text = json.dumps(definition)
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
    return text


@pytest.fixture
def ingestion(monkeypatch: pytest.MonkeyPatch) -> Ingestion:
    client = Ingestion()
    StateMachine('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}', Checks())
    module = importlib.import_module(SFN)
    monkeypatch.setattr(module, "boto_client_for", lambda **_: client)
    return client


def run(backfill: dict[str, Any], root: Path, *keys: str) -> tuple[Any, Checks]:
    checks = Checks()
    machine = StateMachine(inline(backfill, root), checks, retry_scale=0.0)
    items = [{"Key": key, "Size": 1} for key in keys]
    return machine.run("nightly", {"items": items, "maxConcurrency": 2}), checks


def test_only_what_is_new_is_ingested(
    backfill: dict[str, Any], root: Path, ingestion: Ingestion
) -> None:
    ended, checks = run(backfill, root, "old.csv", "new1.csv", "new2.csv")
    assert ended.status == "SUCCEEDED", checks.sent
    assert ended.output["prefix"] == "year="
    assert {item["run"] for item in checks.asked} == {"nightly"}
    assert set(ingestion.started) == {"name-new1.csv", "name-new2.csv"}
    event = ingestion.started["name-new1.csv"]
    assert event["detail"]["object"]["key"] == "new1.csv"
    by_key = {result["key"]: result for result in ended.output["results"]}
    assert by_key["old.csv"]["reason"] == "completed"
    assert by_key["new2.csv"]["execution"] == "name-new2.csv"
    [(channel, message)] = checks.sent
    assert channel == "notices"
    assert len(message["results"]) == 3


def test_an_ingestion_that_fails_fails_its_item(
    backfill: dict[str, Any], root: Path, ingestion: Ingestion
) -> None:
    ingestion.fails = "new1.csv"
    ended, checks = run(backfill, root, "new1.csv", "old.csv")
    assert (ended.status, ended.error) != ("SUCCEEDED", "")
    assert [channel for channel, _ in checks.sent] == ["notices"]


def test_a_check_that_fails_fails_its_item_after_no_retry(
    backfill: dict[str, Any], root: Path, ingestion: Ingestion
) -> None:
    ended, checks = run(backfill, root, "broken.csv")
    assert (ended.status, ended.error) == ("FAILED", "UnsafeKey")
    assert len(checks.asked) == 1
    assert not ingestion.started
