"""Executions of the ingestion state machine: queued, a few at once, taken up after a crash."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ons_local.events import object_created
from ons_local.states import Ended, StateMachine
from ons_platform.lake.ledger import Ledger, ObjectVersion, Status

_log = logging.getLogger(__name__)
_TERMINAL = (Status.COMPLETED, Status.SUPERSEDED, Status.FAILED)
_RESUMED_AT_MOST = 1_000_000


@dataclass(frozen=True)
class _Item:
    name: str
    event: Mapping[str, Any]

    @property
    def version(self) -> ObjectVersion:
        return ObjectVersion.from_event(dict(self.event))


class ExecutionQueue:
    """Runs at most `workers` executions at once, in order of submission.

    `machine` is called when it is first needed, and never twice at once: it is slow to load.
    What is queued is not stored: the ledger knows every object that is acknowledged and not done.
    """

    def __init__(
        self, machine: Callable[[], StateMachine], ledger: Ledger, *, workers: int
    ) -> None:
        self._machine = machine
        self._ledger = ledger
        self._queue: queue.Queue[_Item] = queue.Queue()
        self._running: dict[str, str] = {}
        self._ended: deque[dict[str, Any]] = deque(maxlen=100)
        self._closing = threading.Event()
        self._loading = threading.Lock()
        for number in range(workers):
            threading.Thread(target=self._work, name=f"execution-{number}", daemon=True).start()

    def warm(self) -> None:
        """Load the interpreter ahead of the first execution."""
        with self._loading:
            self._machine()

    def start(self, event: Mapping[str, Any], name: str = "") -> str:
        """Queue one execution for an S3 event and return its id."""
        item = _Item(name or str(uuid4()), event)
        self._queue.put(item)
        return item.name

    def resume(self) -> int:
        """Start again, oldest first, what a former process acknowledged and did not finish."""
        unfinished = [
            entry
            for status in Status
            if status not in _TERMINAL
            for entry in self._ledger.entries(status=status, limit=_RESUMED_AT_MOST)
        ]
        for entry in sorted(unfinished, key=lambda entry: entry.received_at):
            self.start(object_created(entry.version))
        return len(unfinished)

    def state(self) -> dict[str, Any]:
        """For people: how many wait, which run, how the last ones ended."""
        return {
            "queued": self._queue.qsize(),
            "running": [{"execution_id": k, "key": v} for k, v in self._running.copy().items()],
            "ended": list(self._ended)[-20:],
        }

    def close(self, grace: float) -> bool:
        """Start nothing more and wait up to `grace` seconds; `True` when nothing was cut short."""
        self._closing.set()
        deadline = time.monotonic() + grace
        while self._running and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self._running and self._queue.empty()

    def _work(self) -> None:
        while not self._closing.is_set():
            try:
                item = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            if self._closing.is_set():
                return
            self._running[item.name] = str(item.event["detail"]["object"]["key"])
            try:
                self._run(item)
            finally:
                del self._running[item.name]

    def _run(self, item: _Item) -> None:
        began = time.monotonic()
        try:
            with self._loading:
                machine = self._machine()
            ended = machine.run(item.name, dict(item.event))
        except Exception as error:  # noqa: BLE001 - the edge: one execution must not stop the rest
            _log.exception("execution %s broke off", item.name)
            ended = Ended("FAILED", type(error).__name__, str(error))
        self._ended.append(
            {
                "execution_id": item.name,
                "key": item.event["detail"]["object"]["key"],
                "status": ended.status,
                "error": ended.error,
                "seconds": round(time.monotonic() - began, 3),
            }
        )
        if ended.status != "SUCCEEDED":
            self._settle(item.version, ended)

    def _settle(self, version: ObjectVersion, ended: Ended) -> None:
        """An execution that failed without recording it would otherwise be resumed for ever."""
        entry = self._ledger.get(version.key, version.version_id)
        if entry is not None and entry.status not in _TERMINAL:
            reason = {"error": ended.error, "message": ended.cause, "transient": False}
            self._ledger.update(version, status=Status.FAILED, reason=reason)
