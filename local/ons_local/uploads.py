"""`ons upload`: files to the raw zone, and what became of each."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ons_local.client import Client
from ons_platform.errors import InvalidRequest, NotFound, OnsError, Unauthorized

DATA_SUFFIXES = frozenset(
    {".csv", ".json", ".parquet", ".xls", ".xlsx"}
    | {".docx", ".jpeg", ".jpg", ".pdf", ".png", ".tif", ".tiff"}
)
"""What a folder is searched for; a file named itself is sent whatever it is called."""

_SHOWN = (
    "execution_id",
    "dataset",
    "rows_read",
    "rows_written",
    "rows_flagged",
    "rows_skipped",
    "partitions",
    "reason",
)
TERMINAL = frozenset({"completed", "superseded", "failed"})
_AT_ONCE = 4
_FIRST_POLL, _SLOWEST_POLL = 0.05, 1.0
_UNSEEN_SECONDS = 300.0


@dataclass(frozen=True)
class FileResult:
    """What became of one file; `seconds` from reading it to its end, `reason` when it failed."""

    file: str
    key: str | None = None
    version_id: str | None = None
    execution_id: str | None = None
    status: str = "failed"
    dataset: str | None = None
    rows_read: int = 0
    rows_written: int = 0
    rows_flagged: int = 0
    rows_skipped: int = 0
    partitions: Sequence[str] = ()
    seconds: float = 0.0
    reason: dict[str, Any] | None = field(default=None)

    @property
    def ok(self) -> bool:
        """Whether the file is in the lake, or on its way as asked."""
        return self.status != "failed"

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {**asdict(self), "partitions": list(self.partitions)}


class Watcher(Protocol):
    """Somebody who shows how an upload goes."""

    def started(self, path: Path, size: int) -> None:
        """A file's turn has come; `size` in bytes."""
        ...

    def sent(self, path: Path, count: int) -> None:
        """So many further bytes are on their way."""
        ...

    def waiting(self, path: Path, status: str) -> None:
        """All bytes are there; the file is being processed."""
        ...

    def ended(self, path: Path, result: FileResult) -> None:
        """The file has come to its end."""
        ...


def collect(paths: Iterable[Path]) -> list[Path]:
    """The files to send: those named, and the data files below the folders named, in name order.

    Raises `InvalidRequest` when a path does not exist or a folder holds no data file.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if _is_data(file, path))
            if not inside:
                raise InvalidRequest(
                    f"{path} holds no data file ({' '.join(sorted(DATA_SUFFIXES))})"
                )
            found.extend(inside)
        elif path.is_file():
            found.append(path)
        else:
            raise InvalidRequest(f"{path} does not exist")
    return list(dict.fromkeys(found))


def _is_data(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.is_file() and not hidden and file.suffix.lower() in DATA_SUFFIXES


def upload(
    client: Client, files: Sequence[Path], watcher: Watcher, *, wait: bool
) -> list[FileResult]:
    """Send the files, a few at once, and return one result each in their order.

    Files of the same name become versions of one key: they go one after the other.
    """
    by_name: dict[str, list[int]] = {}
    for index, path in enumerate(files):
        by_name.setdefault(path.name, []).append(index)
    results: dict[int, FileResult] = {}

    def send(indexes: list[int]) -> None:
        for index in indexes:
            results[index] = _one(client, files[index], watcher, wait=wait)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(send, indexes) for indexes in by_name.values()]:
            done.result()
    return [results[index] for index in range(len(files))]


def _one(client: Client, path: Path, watcher: Watcher, *, wait: bool) -> FileResult:
    began = time.monotonic()
    try:
        result = _send_and_follow(client, path, watcher, wait=wait)
    except OnsError as error:
        result = FileResult(str(path), reason=error.as_dict())
    except OSError as error:
        reason = {"error": type(error).__name__, "message": f"{path}: {error.strerror}"}
        result = FileResult(str(path), reason=reason)
    result = FileResult(**{**vars(result), "seconds": round(time.monotonic() - began, 3)})
    watcher.ended(path, result)
    return result


def _send_and_follow(client: Client, path: Path, watcher: Watcher, *, wait: bool) -> FileResult:
    size = path.stat().st_size
    watcher.started(path, size)
    wanted = {"filename": path.name, "size": size, "sha256": _sha256(path)}
    grant = client.post("/uploads", wanted)
    if grant.get("unchanged"):
        return _result(path, grant["object"], status="unchanged")
    try:
        version_id = _put(client, path, grant, watcher)
    except Unauthorized:  # the platform was restarted in between: its upload URLs are new
        grant = client.post("/uploads", wanted)
        version_id = _put(client, path, grant, watcher)
    if not wait:
        return FileResult(str(path), grant["key"], version_id, status="received")
    watcher.waiting(path, "received")
    entry = follow(client, grant["key"], version_id, lambda status: watcher.waiting(path, status))
    return _result(path, entry)


def _put(client: Client, path: Path, grant: dict[str, Any], watcher: Watcher) -> str:
    return client.put_file(
        grant["url"], path, grant["headers"], lambda count: watcher.sent(path, count)
    )


def follow(
    client: Client,
    key: str,
    version_id: str,
    seen: Callable[[str], None],
    execution_id: str | None = None,
) -> dict[str, Any]:
    """Poll an object version until it has come to an end and return its entry.

    With `execution_id`, an end that another execution brought about does not count. Raises
    `NotFound` when the platform does not know the version after five minutes.
    """
    pause, began = _FIRST_POLL, time.monotonic()
    while True:
        try:
            entry = client.get(client.object_path(key), version_id=version_id or None)
        except NotFound:
            if time.monotonic() - began > _UNSEEN_SECONDS:
                raise
        else:
            seen(entry["status"])
            mine = execution_id is None or entry["execution_id"] == execution_id
            if mine and entry["status"] in TERMINAL:
                return dict(entry)
        time.sleep(pause)
        pause = min(_SLOWEST_POLL, pause * 1.25)


def _result(path: Path, entry: dict[str, Any], status: str | None = None) -> FileResult:
    return FileResult(
        file=str(path),
        key=entry["version"]["key"],
        version_id=entry["version"]["version_id"],
        status=status or entry["status"],
        **{name: entry[name] for name in _SHOWN},
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
