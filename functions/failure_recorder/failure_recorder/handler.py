"""Sends a failed object version to the failed zone and says why (ING-9)."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from ons_platform.config import settings
from ons_platform.ingest.failure import record_failure
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import open_storage


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Record the failure; return the message for the manual-review queue and the notice.

    `event` is the state of the execution that failed: the router's answer, or still the EventBridge
    event when the router itself failed, with `error` as `{"Error", "Cause"}`, which ends the
    execution and is therefore part of the answer.
    """
    here = settings()
    routed = "object" in event
    version = (
        ObjectVersion.from_dict(event["object"]) if routed else ObjectVersion.from_event(event)
    )
    with closing(open_ledger(here.ledger_url)) as ledger:
        message = record_failure(
            version,
            event["error"],
            ledger=ledger,
            raw=open_storage(here.raw_bucket, here),
            failed=open_storage(here.failed_bucket, here),
        )
    return {**message, "error": event["error"]}
