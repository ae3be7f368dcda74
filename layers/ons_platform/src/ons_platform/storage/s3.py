"""Objects in S3, over obstore: streaming, multipart and conditional writes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
)
from obstore.store import S3Store

from ons_platform.errors import NotFound, ServiceUnavailable, StorageUnavailable, UnsafeKey
from ons_platform.storage.backend import ObjectInfo, Only

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta, PutMode
    from obstore.store import ClientConfig, RetryConfig

_CHUNK = 8 * 1024 * 1024
RETRIES: RetryConfig = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}


class S3Backend:
    """One bucket (and prefix); credentials, region and endpoint come from the AWS_* variables."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.bucket = bucket
        self.prefix = prefix
        self.store = S3Store(
            bucket,
            prefix=prefix or None,
            client_options=client_options(),
            retry_config=RETRIES,
        )

    def write(self, path: str, source: bytes | Path, only: Only | str) -> ObjectInfo | None:
        """A single put below obstore's multipart size; conditional puts are always single."""
        mode: PutMode = "overwrite"
        if only is Only.ABSENT:
            mode = "create"
        elif isinstance(only, str):
            mode = {"e_tag": only}
        try:
            with self._errors(path):
                if only is Only.ALWAYS:
                    result = obstore.put(self.store, _expressible(path), source, chunk_size=_CHUNK)
                else:
                    result = obstore.put(
                        self.store, _expressible(path), source, mode=mode, use_multipart=False
                    )
        except (AlreadyExistsError, PreconditionError):
            return None
        except NotFound:
            if isinstance(only, str):
                return None
            raise
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        return ObjectInfo(path, size, result["e_tag"] or "", result["version"])

    def take(self, path: str, source: Path, only: Only | str) -> ObjectInfo | None:
        """The file is uploaded: there is nothing to save by handing it over."""
        return self.write(path, source, only)

    def write_version(self, path: str, source: bytes | Path) -> str:
        """The bucket's versioning keeps the older ones; `null` in a bucket without versioning."""
        info = self.write(path, source, Only.ALWAYS)
        return (info.version_id if info else None) or "null"

    def read(self, path: str, version_id: str | None) -> bytes:
        """The whole object in memory."""
        with self._errors(path):
            return (
                obstore.get(self.store, _expressible(path), options=_version(version_id))
                .bytes()
                .to_bytes()
            )

    @contextmanager
    def file(self, path: str, version_id: str | None) -> Iterator[Path]:
        """A download to a temporary file that goes away with the `with`; memory stays flat."""
        with tempfile.TemporaryDirectory(prefix="ons-") as folder:
            target = Path(folder, "object")
            with self._errors(path), target.open("wb") as handle:
                result = obstore.get(self.store, _expressible(path), options=_version(version_id))
                for chunk in result.stream(min_chunk_size=_CHUNK):
                    handle.write(chunk)
            yield target

    def head(self, path: str, version_id: str | None) -> ObjectInfo | None:
        """A HEAD request."""
        try:
            with self._errors(path):
                options: GetOptions = {**_version(version_id), "head": True}
                found = obstore.get(self.store, _expressible(path), options=options)
                kind = found.attributes.get("Content-Type")
                return replace(_info(found.meta, path), content_type=kind)
        except NotFound:
            return None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Pages of 1000. S3 prefixes are textual, obstore's end at a slash: filter the rest."""
        folder = prefix.rsplit("/", 1)[0] if "/" in prefix else None
        with self._errors(prefix):
            for page in obstore.list(self.store, prefix=folder):
                for meta in page:
                    if meta["path"].startswith(prefix):
                        yield _info(meta, meta["path"])

    def delete(self, paths: Sequence[str]) -> None:
        """One bulk request per thousand."""
        with self._errors(paths[0] if paths else ""):
            obstore.delete(self.store, [_expressible(path) for path in paths])

    def copy(self, source: str, target: str) -> None:
        """On the server's side."""
        with self._errors(source):
            obstore.copy(self.store, _expressible(source), _expressible(target))

    def uri(self, path: str) -> str:
        """With the bucket, and the prefix if there is one."""
        return "s3://" + "/".join(part for part in (self.bucket, self.prefix, path) if part)

    def presigned_url(self, path: str, method: str, seconds: int) -> str:
        """SigV4 in the query string, signed with this process's credentials."""
        verb = cast("Literal['GET', 'PUT', 'HEAD', 'DELETE']", method.upper())
        with self._errors(path):
            return obstore.sign(self.store, verb, _expressible(path), timedelta(seconds=seconds))

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(f"there is no object {path!r} in {self.bucket}", key=path) from error
        except (AlreadyExistsError, PreconditionError):
            raise
        except PermissionDeniedError as error:
            raise ServiceUnavailable(
                f"access to {self.bucket} is denied", bucket=self.bucket
            ) from error
        except (InvalidPathError, ValueError) as error:
            raise UnsafeKey("the object store cannot hold this key", key=path) from error
        except BaseError as error:
            raise StorageUnavailable(f"the bucket {self.bucket} did not answer") from error


def client_options() -> ClientConfig:
    """How obstore talks HTTP: plain only to an endpoint the environment names so."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    return {"allow_http": endpoint.startswith("http://"), "timeout": "120s"}


def _expressible(path: str) -> str:
    """Refuse keys obstore would silently change, such as a leading or trailing slash."""
    if not path or path != path.strip("/"):
        raise ValueError(path)
    return path


def _version(version_id: str | None) -> GetOptions:
    return {} if version_id in {None, "null"} else {"version": version_id}


def _info(meta: ObjectMeta, path: str) -> ObjectInfo:
    modified = meta["last_modified"].timestamp()
    return ObjectInfo(path, meta["size"], meta["e_tag"] or "", meta["version"], modified=modified)
