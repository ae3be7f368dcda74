"""Loads what the lake has and the time-series store lacks (TSD-11 to TSD-18)."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ons_platform.config import settings
from ons_platform.lake.ledger import Ledger, ObjectVersion, Status
from ons_platform.lake.ledgers import open_ledger

if TYPE_CHECKING:
    from ons_platform.timeseries.loading.catchup import CaughtUp
    from ons_platform.timeseries.loading.load import Loader

_PATIENCE_SECONDS = 60.0
"""That long a file's execution waits for its loads; the rest is caught up with."""
_RESERVE_MILLISECONDS = 120_000
"""Left to the last load that was begun."""
_NO_STORE = {"loaded": False, "reason": "no time-series store is configured"}


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Load what is pending: of the dataset of `object`, or with `catch_up` of every dataset.

    The version counts as loaded even where the store does not answer: its rows are in the lake,
    what is pending stays so, and the next run takes it up. Only a version just processed changes
    its status. A load that failed for good raises its error, after all others were made (TSD-18):
    of a file the state machine sends it to the queue for review and goes on, of a scheduled run
    Lambda sends it to the functions' dead letters.
    """
    with closing(open_ledger(settings().ledger_url)) as ledger:
        version = None if event.get("catch_up") else ObjectVersion.from_dict(event["object"])
        try:
            return _result(ledger, version, context)
        finally:
            if version and ledger.receive(version).status is Status.PROCESSED:
                ledger.update(version, status=Status.LOADED)


def _result(ledger: Ledger, version: ObjectVersion | None, context: Any) -> dict[str, Any]:
    if not settings().influxdb_url:
        return _NO_STORE
    from ons_platform.timeseries.loading.opening import open_loader

    loader = open_loader(settings(), ledger)
    if loader is None:
        return _NO_STORE
    done = _load(loader, ledger, version, context)
    for _, _, error in done.failed:
        raise error
    return done.as_dict()


def _load(loader: Loader, ledger: Ledger, version: ObjectVersion | None, context: Any) -> CaughtUp:
    from ons_platform.lake.knowledge import KnowledgeBase
    from ons_platform.storage import open_storage
    from ons_platform.timeseries.loading.catchup import catch_up
    from ons_platform.timeseries.loading.pending import files_of_knowledge, files_of_ledger

    if version is None:
        known = KnowledgeBase(open_storage(settings().processed_bucket, settings())).all()
        files = {item.dataset: files_of_knowledge(item) for item in known}
        return catch_up(loader, files, has_time=_clock(context))
    slug = ledger.receive(version).dataset
    files = {slug: files_of_ledger(ledger, slug)} if slug else {}
    return catch_up(loader, files, has_time=_clock(context, _PATIENCE_SECONDS))


def _clock(context: Any, seconds: float = float("inf")) -> Callable[[], bool]:
    """Whether there is time to begin another load."""
    end = time.monotonic() + seconds

    def has_time() -> bool:
        left = getattr(context, "get_remaining_time_in_millis", None)
        return time.monotonic() < end and (left is None or left() > _RESERVE_MILLISECONDS)

    return has_time
