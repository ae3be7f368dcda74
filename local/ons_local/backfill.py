"""`ons backfill`: a folder of files into the lake, a few at once, resumable (issue 4 item 7).

Nothing is remembered between runs but by the platform: a file whose bytes are in the lake is
`unchanged`, so the same command continues where it was interrupted.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ons_local.backfillplan import Plan
from ons_local.client import Client, NotRunning, Unreachable
from ons_local.uploads import PATIENT, FileResult, Watcher, digest, send_one
from ons_platform.errors import InvalidRequest, OnsError, PayloadTooLarge, TransientError

AWAY_SECONDS = 60.0
"""How long a backfill waits for a platform that stopped answering to come back."""
_LOOK_SECONDS = 0.5


class Interrupted(OnsError):
    """Somebody pressed Ctrl-C: what is not done is left for the next run."""

    exit_code = 130
    title = "Interrupted"


@dataclass(frozen=True)
class Summary:
    """The end of a backfill; `size` is of the files sent in bytes, `seconds` by the wall clock."""

    results: Sequence[FileResult]
    skipped: Sequence[tuple[Path, str]]
    size: int
    seconds: float

    @property
    def left(self) -> list[FileResult]:
        """The files an interruption left for the next run."""
        return [result for result in self.results if _is_left(result)]

    @property
    def refused(self) -> list[FileResult]:
        """The other files that are not in the lake."""
        return [result for result in self.results if not result.ok and not _is_left(result)]

    @property
    def exit_code(self) -> int:
        """0, or 65 when a file was refused; when only the moment was wrong, 130 or 75."""
        if self.left:
            return Interrupted.exit_code
        lasting = [item for item in self.refused if not (item.reason or {}).get("transient")]
        return 65 if lasting else TransientError.exit_code if self.refused else 0

    def as_dict(self) -> dict[str, Any]:
        """JSON form: counts, then every file."""
        new = [result for result in self.results if is_new(result)]
        left = self.left
        statuses = Counter("left" if _is_left(item) else item.status for item in self.results)
        return {
            "files": len(self.results),
            "statuses": dict(sorted(statuses.items())),
            "rows": sum(result.rows_written for result in new),
            "flagged": sum(result.rows_flagged for result in new),
            "skipped_rows": sum(result.rows_skipped for result in new),
            "bytes": self.size,
            "seconds": round(self.seconds, 2),
            "megabytes_per_second": round(self.size / 1e6 / max(self.seconds, 1e-9), 2),
            "refused": [{"file": item.file, "reason": item.reason} for item in self.refused],
            "left": [item.file for item in left],
            "skipped": [{"file": str(path), "why": why} for path, why in self.skipped],
            "results": [result.as_dict() for result in self.results],
        }


def _is_left(result: FileResult) -> bool:
    return _error(result) == Interrupted.__name__


class Backfill:
    """Sends a plan's files through `connect()`'s client, `concurrency` groups at once.

    `connect` is called again when the platform stopped answering: it may have been restarted, with
    another address. A file that fails is a result like any other; none stops the rest.
    """

    def __init__(
        self,
        connect: Callable[[], Client],
        watcher: Watcher,
        *,
        concurrency: int,
        away_seconds: float = AWAY_SECONDS,
    ) -> None:
        self._connect = connect
        self._client = connect()
        self._watcher = _Interruptible(watcher)
        self._concurrency = concurrency
        self._away_seconds = away_seconds
        self._reconnecting = threading.Lock()
        self._gone = False

    def run(self, wanted: Plan) -> Summary:
        """Send everything and say what became of it; Ctrl-C ends it early with what is known."""
        began = time.monotonic()
        found: dict[Path, FileResult] = {}
        with ThreadPoolExecutor(self._concurrency) as pool:
            groups = [pool.submit(self._group, group, found) for group in wanted.groups]
            try:
                for group in groups:
                    group.result()
            except KeyboardInterrupt:
                self._watcher.stop()
        seconds = time.monotonic() - began
        self._client.close()
        results = [found.get(path) or _not_sent(path) for path in wanted.files]
        size = sum(_size(Path(result.file)) for result in results if is_new(result))
        return Summary(results, wanted.skipped, size, seconds)

    def _group(self, group: Sequence[Path], found: dict[Path, FileResult]) -> None:
        """A revision that had to be sent makes the ones after it newer only if they follow it."""
        resend = False
        for path in group[self._overtaken(group, found) :]:
            if self._watcher.stopped:
                return
            found[path] = result = self._file(path, resend=resend)
            resend = resend or is_new(result)

    def _overtaken(self, group: Sequence[Path], found: dict[Path, FileResult]) -> int:
        """How many first files are versions of a key whose later version is in the lake.

        Files of the same name share a key, and the platform compares bytes with the newest only.
        """
        if len({path.name for path in group}) > 1:
            return 0
        try:
            current = [index for index in range(1, len(group)) if self._unchanged(group[index])]
        except (OnsError, OSError):
            return 0  # sending it will tell
        newest = max(current, default=0)
        for path in group[:newest]:
            found[path] = FileResult(str(path), status="unchanged")
            self._watcher.ended(path, found[path])
        return newest

    def _unchanged(self, path: Path) -> bool:
        return is_unchanged(self._client, path)

    def _file(self, path: Path, *, resend: bool) -> FileResult:
        attempt = _Attempt(self._watcher)
        while True:
            client = self._client
            result = send_one(client, path, attempt, wait=True, resend=resend, pauses=PATIENT)
            error = _error(result)
            if error == Unreachable.__name__ and self._reconnected(client):
                continue
            if error != Interrupted.__name__:
                self._watcher.ended(path, result)
            return result

    def _reconnected(self, lost: Client) -> bool:
        """Whether there is a client other than the lost one before patience ends, once for all."""
        with self._reconnecting:
            deadline = time.monotonic() + self._away_seconds
            while self._client is lost and not self._watcher.stopped and not self._gone:
                try:
                    client = self._connect()
                    client.get("/health")
                    self._client = client
                except (NotRunning, Unreachable, OSError):
                    self._gone = time.monotonic() > deadline
                    time.sleep(_LOOK_SECONDS)
            return self._client is not lost


class _Interruptible:
    """Passes everything on until it is stopped; from then on whoever reports is interrupted."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        self._stop.set()

    def started(self, path: Path, size: int) -> None:
        self._go_on()
        self._watcher.started(path, size)

    def sent(self, path: Path, count: int) -> None:
        self._go_on()
        self._watcher.sent(path, count)

    def waiting(self, path: Path, status: str) -> None:
        self._go_on()
        self._watcher.waiting(path, status)

    def ended(self, path: Path, result: FileResult) -> None:
        self._watcher.ended(path, result)

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise Interrupted("interrupted; run the same command again to continue")


class _Attempt:
    """Passes on how sending goes; how an attempt ended is not yet how the file ended."""

    def __init__(self, watcher: Watcher) -> None:
        self.started = watcher.started
        self.sent = watcher.sent
        self.waiting = watcher.waiting

    def ended(self, path: Path, result: FileResult) -> None:
        """Another attempt may follow."""


def _error(result: FileResult) -> str:
    return str((result.reason or {}).get("error", ""))


def is_new(result: FileResult) -> bool:
    """Whether the file came into the lake by this run."""
    return result.ok and result.status != "unchanged"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _not_sent(path: Path) -> FileResult:
    error = Interrupted("not sent; run the same command again to continue")
    return FileResult(str(path), reason=error.as_dict())


def is_unchanged(client: Client, path: Path) -> bool:
    """Whether these bytes are what the lake has of the file's key."""
    wanted = {"filename": path.name, "size": path.stat().st_size, "sha256": digest(path, "sha256")}
    return bool(client.post("/uploads", wanted).get("unchanged"))


def preview(client: Client, wanted: Plan) -> list[dict[str, Any]]:
    """What a run would do with each file, in its order; nothing is sent."""
    return [
        {"file": str(path), "bytes": _size(path), "would": _would(client, path)}
        for path in wanted.files
    ]


def _would(client: Client, path: Path) -> str:
    try:
        return "skip, unchanged" if is_unchanged(client, path) else "send"
    except (InvalidRequest, PayloadTooLarge) as error:
        return f"be refused: {error.message}"
    except OSError as error:
        return f"be refused: {error.strerror}"
