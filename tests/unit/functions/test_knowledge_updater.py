from __future__ import annotations

from typing import Any

import pytest

from knowledge_updater.handler import lambda_handler
from ons_platform.lake.knowledge import KnowledgeBase
from ons_platform.lake.ledger import Status
from ons_platform.storage import open_storage
from structured_data_processor.handler import lambda_handler as process


def test_describes_the_dataset_and_completes_the_entry(platform: Any, routed: Any) -> None:
    version = platform.store_sample()
    process(routed(version, dataset=None), None)
    answer = lambda_handler(routed(version, dataset=None), None)
    processed = open_storage(platform.settings.processed_bucket, platform.settings)
    known = KnowledgeBase(processed).get("carga-energia")
    assert known is not None
    assert answer["rows"] == known.rows == 1460
    entry = platform.ledger.get(version.key, version.version_id)
    assert entry.status is Status.COMPLETED


@pytest.mark.parametrize("status", [Status.SUPERSEDED, Status.COMPLETED])
def test_leaves_other_states_alone(platform: Any, routed: Any, status: Status) -> None:
    version = platform.store_sample()
    process(routed(version), None)
    platform.ledger.update(version, status=status)
    lambda_handler(routed(version), None)
    assert platform.ledger.get(version.key, version.version_id).status is status
