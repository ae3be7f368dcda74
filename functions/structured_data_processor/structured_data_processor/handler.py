"""Turns one structured file into lake partitions (STR-1 to STR-5)."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from ons_platform.catalog.registry import catalog
from ons_platform.config import settings
from ons_platform.ingest.process import process
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import open_storage


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Process the object of the router's answer; return what was read, written and flagged."""
    here = settings()
    with closing(open_ledger(here.ledger_url)) as ledger:
        outcome = process(
            ObjectVersion.from_dict(event["object"]),
            event["processorConfig"],
            catalog=catalog(),
            ledger=ledger,
            raw=open_storage(here.raw_bucket, here),
            processed=open_storage(here.processed_bucket, here),
            settings=here,
        )
    return outcome.as_dict()
