"""Refreshes what the question side knows of a dataset (RAG-7) and completes the entry (ING-11)."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from ons_platform.catalog.registry import catalog
from ons_platform.config import settings
from ons_platform.lake.knowledge import refresh
from ons_platform.lake.ledger import ObjectVersion, Status
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import open_storage


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Describe the dataset's coverage anew; then the version counts as completed.

    The dataset is the ledger's, which the processor recognised by the file's columns. A superseded
    version keeps its status.
    """
    here = settings()
    version = ObjectVersion.from_dict(event["object"])
    with closing(open_ledger(here.ledger_url)) as ledger:
        entry = ledger.receive(version)
        slug = entry.dataset or event["processorConfig"]["dataset"]
        known = refresh(catalog()[slug], ledger, open_storage(here.processed_bucket, here))
        if entry.status in (Status.PROCESSED, Status.LOADED):
            ledger.update(version, status=Status.COMPLETED)
    return {"dataset": slug, "rows": known.rows, "data_version": known.data_version}
