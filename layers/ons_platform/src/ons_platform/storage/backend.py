"""What an adapter offers to `Storage`: few primitives, errors of the platform's tree only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class ObjectInfo:
    """One object: `etag` changes with every write of the path; `size` in bytes.

    `content_type` is what the uploader said, where the store keeps it (`head` on S3). `modified` is
    when it was written, in seconds since 1970 UTC.
    """

    path: str
    size: int
    etag: str
    version_id: str | None = None
    content_type: str | None = None
    modified: float | None = None


class Only(Enum):
    """When a conditional write may happen."""

    ALWAYS = "always"
    ABSENT = "absent"


class Backend(Protocol):
    """Primitives over one bucket. Paths are keys as S3 knows them, never file names."""

    def write(self, path: str, source: bytes | Path, only: Only | str) -> ObjectInfo | None:
        """Write whole; `only` is a condition or the etag to replace. None: the condition failed."""
        ...

    def take(self, path: str, source: Path, only: Only | str) -> ObjectInfo | None:
        """As `write`, but the file is handed over and may become the object itself."""
        ...

    def write_version(self, path: str, source: bytes | Path) -> str:
        """Write a new version beside the older ones and return its id."""
        ...

    def read(self, path: str, version_id: str | None) -> bytes:
        """The whole content; `NotFound` when there is none."""
        ...

    def file(self, path: str, version_id: str | None) -> AbstractContextManager[Path]:
        """A local file with the content, for reading only and only inside the `with`."""
        ...

    def head(self, path: str, version_id: str | None) -> ObjectInfo | None:
        """What is known of the object, or None."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects whose path starts with the prefix, in any order, page by page."""
        ...

    def delete(self, paths: Sequence[str]) -> None:
        """Remove the current objects; absent ones are no error."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Copy within the bucket without passing through this process where possible."""
        ...

    def uri(self, path: str) -> str:
        """Where other readers of this machine or account find the object."""
        ...

    def presigned_url(self, path: str, method: str, seconds: int) -> str:
        """A URL that allows this method on this path for that long."""
        ...
