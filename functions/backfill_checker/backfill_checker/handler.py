"""Decides for one object of a backfill whether it still has to be ingested (issue 4 item 7)."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from ons_platform.config import settings
from ons_platform.ingest.backfill import next_step
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import open_storage


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer `{"action": "start", "name", "event"}` or `{"action": "skip", "reason"}`.

    `event` is `{"run", "key"}`: the backfill's execution name and an object of the raw zone.
    """
    here = settings()
    with closing(open_ledger(here.ledger_url)) as ledger:
        step = next_step(
            event["key"],
            event["run"],
            bucket=here.raw_bucket,
            ledger=ledger,
            raw=open_storage(here.raw_bucket, here),
        )
    return {"key": event["key"], **step}
