from __future__ import annotations

from typing import Any

import pytest

from ons_platform.errors import RejectedFile
from ons_platform.lake.ledger import Status
from structured_data_processor.handler import lambda_handler


def test_returns_what_was_written(platform: Any, routed: Any) -> None:
    version = platform.store_sample()
    outcome = lambda_handler(routed(version), None)
    assert outcome["object"] == version.as_dict()
    assert outcome["rows_written"] == 1460
    entry = platform.ledger.get(version.key, version.version_id)
    assert (entry.status, entry.dataset) == (Status.PROCESSED, "carga-energia")


def test_a_broken_file_is_refused_under_the_name_the_state_machine_knows(
    platform: Any, routed: Any
) -> None:
    version = platform.store("CARGA_ENERGIA_2023.csv", b"a;b\n1;2\n")
    with pytest.raises(RejectedFile):
        lambda_handler(routed(version), None)
