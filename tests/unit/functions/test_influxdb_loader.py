from __future__ import annotations

from typing import Any

import pytest

from influxdb_loader.handler import lambda_handler
from ons_platform.lake.ledger import Status


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Status.PROCESSED, Status.LOADED),
        (Status.SUPERSEDED, Status.SUPERSEDED),
        (Status.COMPLETED, Status.COMPLETED),
    ],
)
def test_moves_only_what_was_just_processed(
    platform: Any, routed: Any, before: Status, after: Status
) -> None:
    version = platform.store_sample()
    platform.ledger.update(version, status=before)
    assert lambda_handler(routed(version), None)["loaded"] is False
    assert platform.ledger.get(version.key, version.version_id).status is after
