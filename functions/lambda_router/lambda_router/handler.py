"""Routes a raw object (ING-3 to ING-5) and opens its ledger entry."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from ons_platform.config import settings
from ons_platform.errors import RejectedFile
from ons_platform.ingest.route import route
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import open_storage


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer where the object goes.

    `event` is `{"execution_id", "event"}` with the EventBridge event as S3 sent it. The answer
    holds `object`, `processingType`, `processorConfig` and `outputLocation`. Unknown kinds raise a
    `RejectedFile`, its reason in the ledger, and the state machine takes the failure path.
    """
    here = settings()
    version = ObjectVersion.from_event(event["event"])
    with closing(open_ledger(here.ledger_url)) as ledger:
        ledger.receive(version)
        ledger.update(version, execution_id=event["execution_id"], reason=None)
        try:
            return route(version, here, open_storage(here.raw_bucket, here)).as_dict()
        except RejectedFile as refusal:
            ledger.update(version, reason=refusal.as_dict())
            raise
