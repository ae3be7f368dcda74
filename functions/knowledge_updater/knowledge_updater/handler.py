"""Refreshes what the question side knows of a dataset (RAG-7) and completes the entry (ING-11)."""

from __future__ import annotations

from typing import Any


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Describe the dataset's coverage anew; then the version counts as completed."""
    from ons_platform.catalog.registry import catalog
    from ons_platform.config import settings
    from ons_platform.lake.knowledge import refresh
    from ons_platform.lake.ledger import ObjectVersion, Status, open_ledger
    from ons_platform.storage import open_storage

    here = settings()
    ledger = open_ledger(here.ledger_url)
    version = ObjectVersion.from_dict(event["object"])
    slug = event["processorConfig"]["dataset"]
    knowledge = refresh(catalog()[slug], ledger, open_storage(here.processed_bucket, here))
    entry = ledger.get(version.key, version.version_id)
    if entry is None or entry.status is not Status.SUPERSEDED:
        ledger.update(version, status=Status.COMPLETED)
    return {"dataset": slug, "rows": knowledge.rows, "data_version": knowledge.data_version}
