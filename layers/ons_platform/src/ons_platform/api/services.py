"""What the endpoints work with, opened on first use: a request pays only for the parts it needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from ons_platform.api.executions import Executions, open_executions
from ons_platform.catalog.registry import Catalog, catalog
from ons_platform.config import Settings, settings

if TYPE_CHECKING:
    from ons_platform.lake.engine import LakeEngine
    from ons_platform.lake.knowledge import KnowledgeBase
    from ons_platform.lake.ledger import Ledger
    from ons_platform.questions.engines.store import InfluxPlans
    from ons_platform.storage import Storage
    from ons_platform.timeseries.client import InfluxClient
    from ons_platform.timeseries.watch import Watch


ENGINE_SECONDS = 20.0
"""A query ends well before API Gateway gives up (29 s)."""


def utc_now() -> datetime:
    """This instant, aware."""
    return datetime.now(UTC)


class Services:
    """The platform's parts as the settings name them; `now` is the clock requests are dated by."""

    def __init__(
        self,
        settings: Settings,
        *,
        catalog: Catalog,
        executions: Executions,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.executions = executions
        self.now = now

    @cached_property
    def ledger(self) -> Ledger:
        """Status of every object version, and the usage counters."""
        from ons_platform.lake.ledgers import open_ledger

        return open_ledger(self.settings.ledger_url)

    @cached_property
    def raw(self) -> Storage:
        """The raw zone."""
        from ons_platform.storage import open_storage

        return open_storage(self.settings.raw_bucket, self.settings)

    @cached_property
    def processed(self) -> Storage:
        """The processed zone: lake files and what is known of them."""
        from ons_platform.storage import open_storage

        return open_storage(self.settings.processed_bucket, self.settings)

    @cached_property
    def knowledge(self) -> KnowledgeBase:
        """Coverage of each dataset."""
        from ons_platform.lake.knowledge import KnowledgeBase

        return KnowledgeBase(self.processed)

    @cached_property
    def engine(self) -> LakeEngine:
        """SQL over the lake."""
        from ons_platform.lake.engine import LakeEngine

        return LakeEngine(self.processed, self.knowledge, timeout=ENGINE_SECONDS)

    @cached_property
    def influx(self) -> InfluxClient | None:
        """The time-series store; None when there is none, and the lake answers everything."""
        from ons_platform.timeseries.client import open_client

        return open_client(self.settings)

    @cached_property
    def plans(self) -> InfluxPlans | None:
        """Plans run by the time-series store; None when there is none."""
        from ons_platform.questions.engines.store import InfluxPlans
        from ons_platform.timeseries.held import HeldStore

        if self.influx is None:
            return None
        return InfluxPlans(self.influx, HeldStore(self.processed), self.now)

    @cached_property
    def influx_watch(self) -> Watch | None:
        """What is known of the time-series store's health; None when there is none."""
        from ons_platform.timeseries.watch import Watch

        if self.influx is None:
            return None
        return Watch(self.influx, every=self.settings.influxdb_check_seconds)

    def close(self) -> None:
        """Give back what was opened."""
        opened = vars(self)
        for name in ("engine", "ledger", "influx"):
            if opened.get(name) is not None:
                opened[name].close()


@lru_cache(maxsize=1)
def services() -> Services:
    """The services of this process."""
    return Services(settings(), catalog=catalog(), executions=open_executions(settings()))
