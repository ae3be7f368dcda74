"""`ons upload`: files to the raw zone, and what became of each."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from ons_local.client import Client
from ons_platform.errors import InvalidRequest, NotFound, OnsError, Unauthorized
from ons_platform.ingest.reading.formats import STRUCTURED

TABLE_SUFFIXES = frozenset(f".{name}" for name in STRUCTURED if name != "txt")
"""Tables and what holds one; a `.txt` is more often a note, and is sent when it is named."""
DOCUMENT_SUFFIXES = frozenset({".docx", ".jpeg", ".jpg", ".pdf", ".png", ".tif", ".tiff"})
DATA_SUFFIXES = TABLE_SUFFIXES | DOCUMENT_SUFFIXES
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
_UNSEEN_SECONDS = 300.0


class Pauses(NamedTuple):
    """Seconds between two looks at an object: the first pause, and what they grow to."""

    first: float
    slowest: float


QUICK = Pauses(0.05, 1.0)
"""For somebody who waits for one file."""
PATIENT = Pauses(0.4, 1.0)
"""For many files at once: each look costs the machine that works on them."""


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
            inside = [file for file in visible_files(path) if file.suffix.lower() in DATA_SUFFIXES]
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


def visible_files(folder: Path) -> list[Path]:
    """The files below a folder in name order, without hidden ones and those in hidden folders."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(p.startswith(".") for p in file.relative_to(folder).parts)
    )


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
            results[index] = send_one(client, files[index], watcher, wait=wait)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(send, indexes) for indexes in by_name.values()]:
            done.result()
    return [results[index] for index in range(len(files))]


def send_one(
    client: Client,
    path: Path,
    watcher: Watcher,
    *,
    wait: bool,
    resend: bool = False,
    pauses: Pauses = QUICK,
) -> FileResult:
    """Send one file and, with `wait`, follow it to its end; a failure is a result, never raised.

    Bytes that are in the lake already are not sent again but with `resend`, and those that are
    under way from an earlier attempt are followed.
    """
    began = time.monotonic()
    try:
        result = _send_and_follow(client, path, watcher, wait=wait, resend=resend, pauses=pauses)
    except OnsError as error:
        result = FileResult(str(path), reason=error.as_dict())
    except OSError as error:
        reason = {"error": type(error).__name__, "message": f"{path}: {error.strerror}"}
        result = FileResult(str(path), reason=reason)
    result = replace(result, seconds=round(time.monotonic() - began, 3))
    watcher.ended(path, result)
    return result


def _send_and_follow(
    client: Client, path: Path, watcher: Watcher, *, wait: bool, resend: bool, pauses: Pauses
) -> FileResult:
    size = path.stat().st_size
    watcher.started(path, size)
    wanted: dict[str, Any] = {"filename": path.name, "size": size}
    if not resend:
        wanted["sha256"] = digest(path, "sha256")
    grant = client.post("/uploads", wanted)
    if grant.get("unchanged"):
        return _result(path, grant["object"], status="unchanged")
    version_id = None if resend else _under_way(client, grant["key"], path, size)
    if version_id is None:
        version_id = _put(client, path, wanted, grant, watcher)
    if not wait:
        return FileResult(str(path), grant["key"], version_id, status="received")
    watcher.waiting(path, "received")
    entry = follow(
        client,
        grant["key"],
        version_id,
        lambda status: watcher.waiting(path, status),
        pauses=pauses,
    )
    return _result(path, entry)


def _under_way(client: Client, key: str, path: Path, size: int) -> str | None:
    """The version with these very bytes that is the key's newest and not at its end yet."""
    try:
        newest = client.get(client.object_path(key))
    except NotFound:
        return None
    version = newest["version"]
    if newest["status"] in TERMINAL or version["size"] != size:
        return None
    return str(version["version_id"]) if version["etag"] == digest(path, "md5") else None


def _put(
    client: Client,
    path: Path,
    wanted: Mapping[str, Any],
    grant: Mapping[str, Any],
    watcher: Watcher,
) -> str:
    def put(granted: Mapping[str, Any]) -> str:
        return client.put_file(
            granted["url"], path, granted["headers"], lambda count: watcher.sent(path, count)
        )

    try:
        return put(grant)
    except Unauthorized:  # the platform was restarted in between: its upload URLs are new
        return put(client.post("/uploads", wanted))


def follow(
    client: Client,
    key: str,
    version_id: str,
    seen: Callable[[str], None],
    execution_id: str | None = None,
    pauses: Pauses = QUICK,
) -> dict[str, Any]:
    """Poll an object version until it has come to an end and return its entry.

    With `execution_id`, an end that another execution brought about does not count. Raises
    `NotFound` when the platform does not know the version after five minutes.
    """
    pause, began = pauses.first, time.monotonic()
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
        pause = min(pauses.slowest, pause * 1.25)


def _result(path: Path, entry: dict[str, Any], status: str | None = None) -> FileResult:
    return FileResult(
        file=str(path),
        key=entry["version"]["key"],
        version_id=entry["version"]["version_id"],
        status=status or entry["status"],
        **{name: entry[name] for name in _SHOWN},
    )


def digest(path: Path, algorithm: Literal["md5", "sha256"]) -> str:
    """Hexadecimal digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
