"""A failed object keeps its bytes and gets a reason people can read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ons_platform.errors import MalformedFile
from ons_platform.ingest.failure import record_failure
from ons_platform.lake.ledger import Status

LAMBDA_CAUSE = json.dumps({"errorMessage": "too bad", "errorType": "MalformedFile"})


def fail(room: Any, version: Any, error: dict[str, Any]) -> dict[str, Any]:
    return record_failure(
        version,
        error,
        ledger=room.ledger,
        raw=room.storage("raw"),
        failed=room.storage("failed"),
    )


def test_the_processors_own_reason_is_kept(room: Any) -> None:
    version = room.put("CURVA_CARGA_2023.csv", "a;b\n1;2\n")
    with pytest.raises(MalformedFile):
        room.process(version)
    message = fail(room, version, {"Error": "MalformedFile", "Cause": LAMBDA_CAUSE})
    assert message["reason"]["missing"]
    folder = f"{version.key}/{version.version_id}"
    failed = room.storage("failed")
    assert json.loads(failed.get_bytes(f"{folder}/reason.json")) == message
    text = failed.get_bytes(f"{folder}/reason.txt").decode()
    assert "faltam as colunas" in text
    assert "missing columns" in text
    assert failed.get_bytes(f"{folder}/CURVA_CARGA_2023.csv") == b"a;b\n1;2\n"
    entry = room.ledger.get(version.key, version.version_id)
    assert entry.status is Status.FAILED
    assert entry.reason == message["reason"]
    assert fail(room, version, {"Error": "MalformedFile"})["reason"] == message["reason"]


def test_a_failed_batch_job_has_the_reason_the_job_left(room: Any) -> None:
    version = room.put("CURVA_CARGA_2023.csv", "a;b\n1;2\n")
    with pytest.raises(MalformedFile):
        room.process(version)
    message = fail(room, version, {"Error": "States.TaskFailed", "Cause": "{}"})
    assert message["reason"]["error"] == "MalformedFile"


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (LAMBDA_CAUSE, {"error": "MalformedFile", "message": "too bad"}),
        ({"StatusReason": "OutOfMemory"}, {"error": "E", "message": "OutOfMemory"}),
        ("plain text", {"error": "E", "message": "plain text"}),
        ("[1]", {"error": "E", "message": "[1]"}),
        (None, {"error": "E", "message": "E"}),
    ],
)
def test_otherwise_the_state_machine_says_why(
    room: Any, cause: Any, expected: dict[str, str]
) -> None:
    version = room.put("x.csv", b"x")
    assert fail(room, version, {"Error": "E", "Cause": cause})["reason"] == expected


def test_an_object_that_is_gone_or_climbs_out_still_gets_its_reason(
    room: Any, object_version: Any
) -> None:
    version = object_version("../../etc/x.csv", version_id="v1")
    message = fail(room, version, {"Error": "UnsafeKey", "Cause": "climbs"})
    assert message["object_kept"] is False
    failed = room.storage("failed")
    assert failed.get_bytes("../../etc/x.csv/v1/reason.json")
    assert not (room.folder.parent / "etc").exists()


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (
            {"Error": "Sandbox.Timedout", "Cause": "Task timed out after 900 s"},
            "out_of_time",
            "longer",
        ),
        ({"Error": "States.Timeout"}, "out_of_time", "longer"),
        (
            {
                "Error": "States.TaskFailed",
                "Cause": json.dumps({"StatusReason": "Job attempt duration exceeded timeout"}),
            },
            "out_of_time",
            "longer",
        ),
        (
            {
                "Error": "States.TaskFailed",
                "Cause": json.dumps(
                    {
                        "Container": {
                            "Reason": "OutOfMemoryError: Container killed due to memory usage"
                        }
                    }
                ),
            },
            "out_of_memory",
            "memory",
        ),
        ({"Error": "ArrowMemoryError", "Cause": "malloc"}, "out_of_memory", "memory"),
    ],
)
def test_a_limit_is_told_in_words_of_both_languages(
    room: Any, error: dict[str, Any], code: str, word: str
) -> None:
    version = room.put("CURVA_CARGA_2023.csv", "a;b\n1;2\n")
    room.ledger.receive(version)
    reason = fail(room, version, error)["reason"]
    assert reason["code"] == code
    assert word in reason["message"]
    assert "divida-o" in reason["message_pt"]
    assert "CURVA_CARGA_2023.csv" in reason["message"]
    note = room.storage("failed").get_bytes(f"{version.key}/{version.version_id}/reason.txt")
    assert reason["message_pt"] in note.decode()
