"""`ons migrate`: the old time-series store into the new one, from this machine."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ons_local.influxd import InfluxServer
from ons_local.migrateviews import MigrationProgress
from ons_local.store import FOLDER
from ons_local.zones import zone_settings
from ons_platform.config import Settings

if TYPE_CHECKING:
    from ons_platform.timeseries.migration.copying import Parts

SUCCESS, DIFFERENT, REFUSED, INTERRUPTED = 0, 1, 65, 130


class Migration:
    """The steps as the command takes them; Ctrl-C ends one after the batch under way.

    What the platform logs goes to stderr: stdout is for results.
    """

    def __init__(self, data_dir: Path | None, database: str | None, *, quiet: bool) -> None:
        settings = with_store(zone_settings(data_dir), data_dir)
        chosen = {"legacy_database": database} if database else {}
        self._settings = settings.model_copy(update=chosen)
        self._quiet = quiet
        self._stop = threading.Event()

    def step(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One step as the function would do it, with a bar on stderr."""
        from ons_platform.timeseries.migration.driving import Request, drive

        request = Request.read({k: v for k, v in asked.items() if v is not None})
        with self._parts() as parts:
            return drive(parts, request)

    def preview(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What a run would do with each chunk; nothing is written."""
        from ons_platform.timeseries.migration.driving import Request
        from ons_platform.timeseries.migration.moving import preview

        request = Request.read({k: v for k, v in asked.items() if v is not None})
        with self._parts() as parts:
            return list(preview(parts, request.wanted(parts)))

    def keep_up(
        self, tables: tuple[str, ...] | None, seconds: float, told: Callable[[dict[str, Any]], None]
    ) -> None:
        """Rounds of a sync, `seconds` from one's end to the next's start, until told to stop."""
        while not self._stop.is_set():
            told(self.step({"action": "sync", "tables": tables}))
            self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        with self._interruptible():
            ends = time.monotonic() + seconds
            while not self._stop.is_set() and (left := ends - time.monotonic()) > 0:
                self._stop.wait(min(left, 0.2))

    @contextmanager
    def _parts(self) -> Iterator[Parts]:
        from ons_platform.timeseries.migration.driving import open_parts

        with (
            redirect_stdout(sys.stderr),
            self._interruptible(),
            MigrationProgress(quiet=self._quiet) as watch,
        ):
            yield open_parts(self._settings, watch, self._stop.is_set)

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stop.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def exit_code(result: Mapping[str, Any]) -> int:
    """Of a step: 0, 1 where the stores differ, 65 where rows are in quarantine, 130 if stopped."""
    if not result["complete"]:
        return INTERRUPTED
    summary = result["summary"]
    if summary["states"].get("different"):
        return DIFFERENT
    return REFUSED if summary["quarantined"] else SUCCESS


def with_store(settings: Settings, data_dir: Path | None) -> Settings:
    """A platform's own InfluxDB where the environment names none."""
    from ons_local.client import Client, data_folder, find_target

    folder = data_folder(data_dir)
    if settings.influxdb_url or not (folder / "ledger.db").exists():
        return settings
    from ons_local.reports import platform_state

    client = Client(find_target(folder))
    try:
        state = platform_state(client) or {}
    finally:
        client.close()
    url = state.get("influxdb", {}).get("url")
    if not url:
        return settings
    server = InfluxServer(folder / FOLDER)
    return settings.model_copy(update={"influxdb_url": url, "influxdb_token": server.write_token})
