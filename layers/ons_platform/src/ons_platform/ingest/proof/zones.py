"""Everything that work over many objects needs, opened together."""

from __future__ import annotations

from dataclasses import dataclass

from ons_platform.catalog.registry import Catalog, catalog
from ons_platform.config import Settings
from ons_platform.lake.ledger import Ledger
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import Storage, open_storage


@dataclass(frozen=True)
class Zones:
    """The catalogue, the ledger and the zones of one platform."""

    catalog: Catalog
    ledger: Ledger
    raw: Storage
    processed: Storage
    settings: Settings


def open_zones(here: Settings) -> Zones:
    """As the settings name them; close the ledger afterwards."""
    return Zones(
        catalog(),
        open_ledger(here.ledger_url),
        open_storage(here.raw_bucket, here),
        open_storage(here.processed_bucket, here),
        here,
    )
