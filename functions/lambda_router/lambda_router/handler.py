"""Routes a raw object (ING-3 to ING-5) and opens its ledger entry."""

from __future__ import annotations

from typing import Any


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer where the object goes.

    `event` is `{"execution_id", "event"}` with the EventBridge event as S3 sent it. The answer holds
    `object`, `processingType`, `processorConfig` and `outputLocation`. Unknown kinds raise a
    `RejectedFile`, which the state machine sends to the failed zone.
    """
    from ons_platform.config import settings
    from ons_platform.ingest.route import route
    from ons_platform.lake.ledger import ObjectVersion, Status, open_ledger
    from ons_platform.storage import open_storage

    here = settings()
    ledger = open_ledger(here.ledger_url)
    version = ObjectVersion.from_event(event["event"])
    ledger.receive(version)
    ledger.update(version, status=Status.PROCESSING, execution_id=event["execution_id"])
    return route(version, here, open_storage(here.raw_bucket, here)).as_dict()
