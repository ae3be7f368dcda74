"""What loading works on."""

from __future__ import annotations

from dataclasses import dataclass

from ons_platform.catalog.registry import Catalog
from ons_platform.config import Settings
from ons_platform.lake.ledger import Ledger
from ons_platform.storage import Storage
from ons_platform.timeseries.client import InfluxClient


@dataclass(frozen=True)
class Parts:
    """The catalogue, the ledger, the zones of lake files and of failures, the store, its limits."""

    catalog: Catalog
    ledger: Ledger
    processed: Storage
    failed: Storage
    client: InfluxClient
    settings: Settings
