from __future__ import annotations

import json
from typing import Any

import pytest

from failure_recorder.handler import lambda_handler
from ons_platform.lake.ledger import Status

ERROR = {"Error": "MalformedFile", "Cause": json.dumps({"errorMessage": "broken"})}


@pytest.mark.parametrize("step", ["router", "processor"])
def test_records_whatever_step_failed(
    platform: Any, routed: Any, storage_event: Any, step: str
) -> None:
    version = platform.store("broken.csv", b"?")
    state = storage_event(version) if step == "router" else routed(version)
    message = lambda_handler({**state, "error": ERROR}, None)
    assert message["object"] == version.as_dict()
    assert message["error"] == ERROR
    entry = platform.ledger.get(version.key, version.version_id)
    assert entry.status is Status.FAILED
    assert entry.reason["message"] == "broken"
    assert any(item.path.startswith("broken.csv/") for item in platform.failed.list())


def test_the_reason_a_container_left_says_more_than_its_exit(platform: Any, routed: Any) -> None:
    version = platform.store("scan.pdf", b"%PDF")
    reason = {"error": "UnsupportedFile", "message": "not in this release", "transient": False}
    platform.ledger.update(version, reason=reason)
    failed = {"Error": "States.TaskFailed", "Cause": json.dumps({"Status": "FAILED"})}
    assert lambda_handler({**routed(version), "error": failed}, None)["reason"] == reason
