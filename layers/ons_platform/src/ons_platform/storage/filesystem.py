"""Objects as files of a folder.

obstore's own local store has neither a conditional update nor fsync nor versions (measured), which
the lake's exactness and the durability of acknowledged uploads need: hence this adapter. Files are
never changed in place: a write goes to a temporary file, is synced and renamed, so a reader keeps
the bytes it opened. Beside the objects the folder holds `.tmp`, `.locks` and `.versions`.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ons_platform.errors import NotFound, StorageUnavailable, UnsafeKey
from ons_platform.storage.backend import ObjectInfo, Only
from ons_platform.storage.names import key_to_name, name_to_key

_OWN = (".tmp", ".locks", ".versions")


class FilesystemBackend:
    """One bucket as one folder; safe across threads and processes of one machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, source: bytes | Path, only: Only | str) -> ObjectInfo | None:
        """Copy in, then rename over; a condition is checked under the path's lock."""
        with self._errors(path), self._staged(source) as staged:
            return self._publish(path, staged, only)

    def take(self, path: str, source: Path, only: Only | str) -> ObjectInfo | None:
        """Hard-link in (copy across devices), then rename over."""
        with self._errors(path), self._linked(source) as staged:
            return self._publish(path, staged, only)

    def write_version(self, path: str, source: bytes | Path) -> str:
        """The version's file first, then the current one: a crash between leaves no half state."""
        version_id = f"{time.time_ns():020d}-{uuid.uuid4().hex[:12]}"
        target = self._version_file(path, version_id)
        staging = self._staged(source) if isinstance(source, bytes) else self._linked(source)
        with self._errors(path), staging as staged:
            _rename(staged, target)
        self.take(path, target, Only.ALWAYS)
        return version_id

    def read(self, path: str, version_id: str | None) -> bytes:
        """The whole file."""
        with self._errors(path):
            return self._existing(path, version_id).read_bytes()

    @contextmanager
    def file(self, path: str, version_id: str | None) -> Iterator[Path]:
        """The file itself: do not write to it."""
        with self._errors(path):
            file = self._existing(path, version_id)
        yield file

    def head(self, path: str, version_id: str | None) -> ObjectInfo | None:
        """From the file's inode, modification time (ns) and size."""
        with self._errors(path):
            file = self._file(path) if version_id is None else self._version_file(path, version_id)
            return _info(path, file, version_id)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Walk the folder the prefix names, in alphabetical order of file names."""
        folder = prefix.rsplit("/", 1)[0] if "/" in prefix else ""
        base = self.root / key_to_name(folder) if folder else self.root
        for current, folders, files in os.walk(base):
            own = _OWN if current == str(self.root) else ()
            folders[:] = sorted(set(folders).difference(own))
            for name in sorted(files):
                file = Path(current, name)
                key = name_to_key(PurePosixPath(file.relative_to(self.root)))
                if key.startswith(prefix) and (info := _info(key, file, None)):
                    yield info

    def delete(self, paths: Sequence[str]) -> None:
        """Unlink each; versions stay."""
        for path in paths:
            with self._errors(path):
                self._file(path).unlink(missing_ok=True)

    def copy(self, source: str, target: str) -> None:
        """A second name for the same bytes: no file is ever changed in place."""
        with self.file(source, None) as file:
            self.take(target, file, Only.ALWAYS)

    def uri(self, path: str) -> str:
        """The absolute file name."""
        return str(self._file(path).absolute())

    def presigned_url(self, path: str, method: str, seconds: int) -> str:  # noqa: ARG002
        """The file's URL: whoever may read the folder may read the file."""
        return self._file(path).as_uri()

    def _file(self, path: str) -> Path:
        return self.root / key_to_name(path)

    def _version_file(self, path: str, version_id: str) -> Path:
        return self.root / ".versions" / key_to_name(path) / key_to_name(f"v/{version_id}")

    def _existing(self, path: str, version_id: str | None) -> Path:
        file = self._file(path) if version_id is None else self._version_file(path, version_id)
        if not file.is_file():
            raise FileNotFoundError(errno.ENOENT, "no such object", path)
        return file

    def _publish(self, path: str, staged: Path, only: Only | str) -> ObjectInfo | None:
        target = self._file(path)
        if only is Only.ALWAYS:
            _rename(staged, target)
            return _info(path, target, None)
        with self._lock(path):
            found = _info(path, target, None)
            if only is Only.ABSENT and found is not None:
                return None
            if isinstance(only, str) and (found is None or found.etag != only):
                return None
            _rename(staged, target)
            return _info(path, target, None)

    @contextmanager
    def _staged(self, source: bytes | Path) -> Iterator[Path]:
        with self._temporary() as staged:
            if isinstance(source, bytes):
                staged.write_bytes(source)
            else:
                shutil.copyfile(source, staged)
            _sync(staged)
            yield staged

    @contextmanager
    def _linked(self, source: Path) -> Iterator[Path]:
        with self._temporary() as staged:
            try:
                os.link(source, staged)
            except OSError as error:
                if isinstance(error, FileNotFoundError):
                    raise
                shutil.copyfile(source, staged)
            _sync(staged)
            yield staged

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        staged = self.root / ".tmp" / uuid.uuid4().hex
        staged.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield staged
        finally:
            staged.unlink(missing_ok=True)

    @contextmanager
    def _lock(self, path: str) -> Iterator[None]:
        name = hashlib.sha256(path.encode()).hexdigest()[:2]
        file = self.root / ".locks" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"there is no object {path!r} in {self.root.name}", key=path) from error
        except (IsADirectoryError, FileExistsError) as error:
            raise UnsafeKey(
                "the key is a folder of other keys, or another key is a folder of it", key=path
            ) from error
        except OSError as error:
            raise StorageUnavailable(f"the folder {self.root} failed: {error.strerror}") from error


def _info(path: str, file: Path, version_id: str | None) -> ObjectInfo | None:
    try:
        stat = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not file.is_file():
        return None
    etag = f"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}"
    return ObjectInfo(path, stat.st_size, etag, version_id, modified=stat.st_mtime)


def _rename(staged: Path, target: Path) -> None:
    """Make the bytes visible under the name, and the name itself durable."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (NotADirectoryError, FileExistsError) as error:
        raise IsADirectoryError(errno.EISDIR, "a parent is an object", str(target)) from error
    staged.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
