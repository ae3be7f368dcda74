"""Loads the partitions a version touched into the time-series store."""

from __future__ import annotations

from typing import Any


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Record the version as loaded; without a store the lake alone answers (LAK-9).

    A superseded version has nothing to load and keeps its status.
    """
    from ons_platform.config import settings
    from ons_platform.lake.ledger import ObjectVersion, Status, open_ledger

    ledger = open_ledger(settings().ledger_url)
    version = ObjectVersion.from_dict(event["object"])
    entry = ledger.get(version.key, version.version_id)
    if entry is not None and entry.status is Status.SUPERSEDED:
        return {"loaded": False, "reason": "a newer version of the object is current"}
    ledger.update(version, status=Status.LOADED)
    return {"loaded": False, "reason": "no time-series store is configured"}
