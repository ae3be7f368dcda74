"""Who runs on a data directory: one process at a time, found through `platform.json`."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from ons_local.private import write_private
from ons_platform.errors import InvalidRequest, TerminalError


class AlreadyRunning(TerminalError):
    """Another platform process owns the data directory."""

    exit_code = 73
    title = "Already running"


@dataclass(frozen=True)
class Instance:
    """A running platform: where it answers and its process id."""

    url: str
    pid: int


class DataDirLock:
    """Exclusive use of a data directory until the process ends, however it ends.

    Raises `AlreadyRunning` with the address of the owner.
    """

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._card = data_dir / "platform.json"
        self._file = (data_dir / "platform.lock").open("a")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            owner = _read(self._card)
            where = f" at {owner.url} (process {owner.pid})" if owner else ""
            raise AlreadyRunning(
                f"a platform already runs on {data_dir}{where}: use it, or give another --data-dir"
            ) from None
        self._card.unlink(missing_ok=True)

    def announce(self, url: str) -> None:
        """Tell commands where the platform answers."""
        draft = self._card.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(Instance(url, os.getpid()))), "utf-8")
        draft.replace(self._card)

    def release(self) -> None:
        """Withdraw the address and the lock."""
        self._card.unlink(missing_ok=True)
        self._file.close()


def find_instance(data_dir: Path) -> Instance | None:
    """The platform that runs on this directory, if one does; a stale file is not one.

    A platform that is starting holds the lock before it withdraws the file of one that was killed,
    so the file's process counts too; and only a live one's lock is tried, lest trying it refuse
    the start.
    """
    instance = _read(data_dir / "platform.json")
    if instance is None or not _alive(instance.pid) or not _locked(data_dir / "platform.lock"):
        return None
    return instance


def _read(path: Path) -> Instance | None:
    try:
        return Instance(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError, TypeError):
        return False
    except PermissionError:
        return True
    return True


def _locked(path: Path) -> bool:
    try:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


class ApiKey:
    """The one key of this machine, in `<data-dir>/api-key`, readable by its owner only."""

    def __init__(self, data_dir: Path) -> None:
        path = data_dir / "api-key"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32) + "\n")
        self._key = path.read_text("ascii").strip().encode("ascii")
        if not self._key:
            raise InvalidRequest(f"{path} is empty: delete it and a new key is made")

    def matches(self, given: str) -> bool:
        """Whether it is this key, in a time that does not depend on where they differ."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._key)

    @property
    def id(self) -> str:
        """A name for the key that does not reveal it."""
        return hashlib.sha256(self._key).hexdigest()[:10]
