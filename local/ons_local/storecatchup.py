"""Keeps the embedded platform's store up with its lake, as a schedule does it on AWS."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ons_local.functions import Result
from ons_local.store import Access, Store
from ons_platform.config import Settings
from ons_platform.errors import OnsError
from ons_platform.lake.knowledge import KnowledgeBase
from ons_platform.storage import open_storage
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.held import HeldStore
from ons_platform.timeseries.loading.pending import files_of_knowledge, pending_work

LOOK_SECONDS = 3.0
_LONGEST_PAUSE_SECONDS = 60.0
_LOADER = "InfluxdbLoaderFunction"
_EVENT = b'{"catch_up": true}'

_log = logging.getLogger(__name__)


class StoreCatchUp:
    """Looks every few seconds, and has the loader invoked when something is pending.

    A look costs two listings and a request to the store. After an invocation that helped nothing
    the pauses grow up to a minute.
    """

    def __init__(
        self, settings: Settings, store: Store, invoke: Callable[[str, bytes], Result]
    ) -> None:
        processed = open_storage(settings.processed_bucket, settings)
        self._known = KnowledgeBase(processed)
        self._held = HeldStore(processed)
        self._store = store
        self._invoke = invoke
        self._closing = threading.Event()
        self._client: tuple[Access, InfluxClient] | None = None

    def start(self) -> None:
        """Begin, in a thread of its own."""
        threading.Thread(target=self._run, name="catch-up", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()

    def pending(self) -> int:
        """How many partitions the store lacks; none as long as it does not answer."""
        access = self._store.access
        if access is None:
            return 0
        try:
            files = {item.dataset: files_of_knowledge(item) for item in self._known.all()}
            buckets = self._client_of(access).buckets()
            return len(pending_work(self._held.snapshot(), files, buckets))
        except OnsError as error:
            _log.debug("not caught up: %s", error.message)
            return 0

    def _run(self) -> None:
        pause = LOOK_SECONDS
        while not self._closing.wait(pause):
            before = self.pending()
            if not before:
                pause = LOOK_SECONDS
                continue
            result = self._invoke(_LOADER, _EVENT)
            if result.failed:
                _log.warning("loading into the time-series store failed: %s", result.error)
            helped = not result.failed and self.pending() < before
            pause = LOOK_SECONDS if helped else min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _client_of(self, access: Access) -> InfluxClient:
        """One client as long as the store is the same."""
        if self._client is None or self._client[0] != access:
            self._client = (access, InfluxClient(access.url, access.write, access.org))
        return self._client[1]
