"""Sends a failed object version to the failed zone and says why (ING-9)."""

from __future__ import annotations

from typing import Any


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Record the failure; return the message for the manual-review queue and the notice.

    `event` is the state of the execution that failed: the router's answer, or still the EventBridge
    event when the router itself failed, with `error` as `{"Error", "Cause"}`.
    """
    from ons_platform.config import settings
    from ons_platform.ingest.failure import record_failure
    from ons_platform.lake.ledger import ObjectVersion, open_ledger
    from ons_platform.storage import open_storage

    here = settings()
    version = (
        ObjectVersion.from_dict(event["object"])
        if "object" in event
        else ObjectVersion.from_event(event)
    )
    message = record_failure(
        version,
        event["error"],
        ledger=open_ledger(here.ledger_url),
        raw=open_storage(here.raw_bucket, here),
        failed=open_storage(here.failed_bucket, here),
    )
    return {**message, "error": event["error"]}
