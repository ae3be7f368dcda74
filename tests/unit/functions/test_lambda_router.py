from __future__ import annotations

from typing import Any

import pytest

from lambda_router.handler import lambda_handler
from ons_platform.errors import UnsupportedFile
from ons_platform.lake.ledger import Status


def test_answers_where_a_table_goes(platform: Any, storage_event: Any) -> None:
    version = platform.store_sample()
    answer = lambda_handler({"execution_id": "run-1", "event": storage_event(version)}, None)
    assert answer["object"] == version.as_dict()
    assert answer["processingType"] == "lambda"
    assert set(answer) == {"object", "processingType", "processorConfig", "outputLocation"}


def test_opens_the_ledger_entry(platform: Any, storage_event: Any) -> None:
    version = platform.store_sample()
    lambda_handler({"execution_id": "run-1", "event": storage_event(version)}, None)
    entry = platform.ledger.get(version.key, version.version_id)
    assert (entry.status, entry.execution_id) == (Status.RECEIVED, "run-1")


def test_a_delivery_again_does_not_undo_what_is_done(platform: Any, storage_event: Any) -> None:
    version = platform.store_sample()
    platform.ledger.update(version, status=Status.COMPLETED)
    lambda_handler({"execution_id": "run-2", "event": storage_event(version)}, None)
    assert platform.ledger.get(version.key, version.version_id).status is Status.COMPLETED


def test_a_refusal_leaves_its_reason(platform: Any, storage_event: Any) -> None:
    version = platform.store("program.exe", b"MZ")
    with pytest.raises(UnsupportedFile) as refusal:
        lambda_handler({"execution_id": "run-1", "event": storage_event(version)}, None)
    reason = platform.ledger.get(version.key, version.version_id).reason
    assert reason == refusal.value.as_dict()


def test_a_new_run_forgets_an_old_reason(platform: Any, storage_event: Any) -> None:
    version = platform.store_sample()
    platform.ledger.update(version, reason={"error": "StorageUnavailable"})
    lambda_handler({"execution_id": "run-2", "event": storage_event(version)}, None)
    assert platform.ledger.get(version.key, version.version_id).reason is None
