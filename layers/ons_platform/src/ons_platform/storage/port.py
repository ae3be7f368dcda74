"""The storage the rest of the platform sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ons_platform.config import Settings
from ons_platform.storage.backend import Backend, ObjectInfo, Only

_DELETE_PAGE = 1000


class Storage:
    """One bucket behind a URL.

    Missing objects raise `NotFound`; a store that does not answer raises `StorageUnavailable`
    (transient); a key that cannot be stored raises `UnsafeKey`. Safe to share between threads.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._backend = _backend(self.url)

    def put_bytes(self, path: str, data: bytes) -> ObjectInfo:
        """Write the bytes whole, replacing what was there."""
        return _written(self._backend.write(path, data, Only.ALWAYS))

    def put_file(self, path: str, local_file: Path) -> ObjectInfo:
        """Write a copy of the file whole, replacing what was there (multipart on S3)."""
        return _written(self._backend.write(path, local_file, Only.ALWAYS))

    def adopt(self, path: str, local_file: Path) -> ObjectInfo:
        """As `put_file` without the copy where possible: nobody may change the file afterwards."""
        return _written(self._backend.take(path, local_file, Only.ALWAYS))

    def create(self, path: str, data: bytes) -> bool:
        """Write only where nothing is; False when something was there already."""
        return self._backend.write(path, data, Only.ABSENT) is not None

    def swap(self, path: str, local_file: Path, expected_etag: str | None) -> ObjectInfo | None:
        """Replace the object only if its etag is still the expected one (None: still absent).

        Returns None when somebody else wrote meanwhile: read again and redo. The file is handed
        over as with `adopt`.
        """
        condition = Only.ABSENT if expected_etag is None else expected_etag
        return self._backend.take(path, local_file, condition)

    def put_version(self, key: str, content: bytes | Path) -> str:
        """Keep the content as a further version of the key and return the version's id.

        On S3 the bucket's versioning does it; on the filesystem each version stays readable under
        its id. Returns after the bytes are on the disk. A file is handed over as with `adopt`.
        """
        return self._backend.write_version(key, content)

    def get_bytes(self, path: str, version_id: str | None = None) -> bytes:
        """The whole content."""
        return self._backend.read(path, version_id)

    def as_file(self, path: str, version_id: str | None = None) -> AbstractContextManager[Path]:
        """A local file to read inside the `with`: the real one here, a temporary copy of S3."""
        return self._backend.file(path, version_id)

    def head(self, path: str, version_id: str | None = None) -> ObjectInfo | None:
        """Size and etag, or None when there is no such object."""
        return self._backend.head(path, version_id)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every current object whose path starts with the prefix, page by page."""
        return self._backend.list(prefix)

    def delete(self, path: str) -> None:
        """Remove the current object; an absent one is no error."""
        self._backend.delete([path])

    def delete_prefix(self, prefix: str) -> int:
        """Remove every object under the prefix, a page at a time, and return how many."""
        count = 0
        page: list[str] = []
        for info in self._backend.list(prefix):
            page.append(info.path)
            if len(page) == _DELETE_PAGE:
                self._backend.delete(page)
                count, page = count + len(page), []
        if page:
            self._backend.delete(page)
        return count + len(page)

    def copy(self, source: str, target: str) -> None:
        """Copy within the bucket."""
        self._backend.copy(source, target)

    def uri(self, path: str) -> str:
        """Where DuckDB and others find the object: a file name here, `s3://bucket/path` there."""
        return self._backend.uri(path)

    def presigned_url(self, path: str, method: str, seconds: int = 3600) -> str:
        """A URL that allows the method on the path for that long (`file://` on the filesystem)."""
        return self._backend.presigned_url(path, method, seconds)


def open_storage(bucket: str, settings: Settings) -> Storage:
    """The storage of a bucket by the template of the settings."""
    return Storage(settings.storage_url.replace("{bucket}", bucket))


def _written(info: ObjectInfo | None) -> ObjectInfo:
    if info is None:
        raise AssertionError("an unconditional write cannot fail its condition")
    return info


def _backend(url: str) -> Backend:
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        from ons_platform.storage.filesystem import FilesystemBackend

        return FilesystemBackend(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        from ons_platform.storage.s3 import S3Backend

        return S3Backend(parts.netloc, parts.path.strip("/"))
    raise ValueError(f"{url!r}: a storage URL is file:///absolute/folder or s3://bucket[/prefix]")
