"""A loader as the settings of a process describe it."""

from __future__ import annotations

from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.lake.ledger import Ledger
from ons_platform.storage import open_storage
from ons_platform.timeseries.client import open_client
from ons_platform.timeseries.loading.load import Loader
from ons_platform.timeseries.loading.parts import Parts

READ_BACK_SECONDS = 120.0
"""A month of millions of points may take longer to sum up than people wait for an answer."""


def open_loader(here: Settings, ledger: Ledger) -> Loader | None:
    """The loader; None where no store is configured."""
    client = open_client(here.model_copy(update={"influxdb_query_seconds": READ_BACK_SECONDS}))
    if client is None:
        return None
    return Loader(
        Parts(
            catalog=catalog(),
            ledger=ledger,
            processed=open_storage(here.processed_bucket, here),
            failed=open_storage(here.failed_bucket, here),
            client=client,
            settings=here,
        )
    )
