"""Loads the partitions a version touched into the time-series store."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from ons_platform.config import settings
from ons_platform.lake.ledger import ObjectVersion, Status
from ons_platform.lake.ledgers import open_ledger


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Record the version as loaded; without a store the lake alone answers (LAK-9).

    Only a version just processed changes its status: a superseded one has nothing to load, and one
    already completed stays so when its event is delivered again.
    """
    version = ObjectVersion.from_dict(event["object"])
    with closing(open_ledger(settings().ledger_url)) as ledger:
        if ledger.receive(version).status is Status.PROCESSED:
            ledger.update(version, status=Status.LOADED)
    return {"loaded": False, "reason": "no time-series store is configured"}
