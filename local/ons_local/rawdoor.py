"""`PUT /raw/{key}`: this machine's stand-in for a presigned PUT to the raw bucket."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool

from ons_local.events import object_created
from ons_local.executions import ExecutionQueue
from ons_platform.api.uploadtoken import verify
from ons_platform.errors import PayloadTooLarge
from ons_platform.lake.ledger import Ledger, ObjectVersion
from ons_platform.storage import Storage

_FLUSH_BYTES = 1024 * 1024


@dataclass(frozen=True)
class _Received:
    path: Path
    size: int
    md5: str


class RawDoor:
    """Stores uploads durably and starts their executions.

    `secret` signs the URLs that POST /uploads gives out; `scratch` is on the same disk as the
    buckets; `limit` is in bytes. `arriving` is called when bytes begin to come in, so that what
    will process them can start meanwhile.
    """

    def __init__(
        self,
        *,
        secret: str,
        bucket: str,
        raw: Storage,
        ledger: Ledger,
        executions: ExecutionQueue,
        scratch: Path,
        limit: int,
        arriving: Callable[[], None],
    ) -> None:
        self._secret = secret
        self._bucket = bucket
        self._raw = raw
        self._ledger = ledger
        self._executions = executions
        self._scratch = scratch
        self._limit = limit
        self._arriving = arriving
        self._storing = threading.Lock()

    async def put(
        self, key: str, token: str, declared: int | None, chunks: AsyncIterator[bytes]
    ) -> ObjectVersion:
        """Take one object; when this returns it is on disk, in the ledger and on its way.

        `declared` is the Content-Length. Raises `Unauthorized` for a token that is not for this
        key, `PayloadTooLarge` past the limit and `UnsafeKey` for a key that cannot be stored.
        """
        verify(self._secret, key, token, int(time.time()))
        if declared is not None and declared > self._limit:
            raise self._too_large()
        self._arriving()
        descriptor, name = tempfile.mkstemp(dir=self._scratch)
        try:
            with os.fdopen(descriptor, "wb") as file:
                received = await self._receive(file, Path(name), chunks)
            return await run_in_threadpool(self._store, key, received)
        finally:
            Path(name).unlink(missing_ok=True)

    async def _receive(self, file: BinaryIO, path: Path, chunks: AsyncIterator[bytes]) -> _Received:
        digest, size = hashlib.md5(usedforsecurity=False), 0
        buffer = bytearray()

        def flush() -> None:
            digest.update(buffer)
            file.write(buffer)
            buffer.clear()

        async for chunk in chunks:
            size += len(chunk)
            if size > self._limit:
                raise self._too_large()
            buffer += chunk
            if len(buffer) >= _FLUSH_BYTES:
                await run_in_threadpool(flush)
        flush()
        return _Received(path, size, digest.hexdigest())

    def _store(self, key: str, received: _Received) -> ObjectVersion:
        with self._storing:
            newest = self._ledger.latest(key)
            version = ObjectVersion(
                bucket=self._bucket,
                key=key,
                version_id=self._raw.put_version(key, received.path),
                sequencer=_sequencer(newest.version.sequencer if newest else ""),
                size=received.size,
                etag=received.md5,
                event_time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            )
            self._ledger.receive(version)
        self._executions.start(object_created(version))
        return version

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"an object may have at most {self._limit} bytes")


def _sequencer(after: str) -> str:
    """Hexadecimal, growing with time and past the key's last one even if the clock went back."""
    return f"{max(time.time_ns(), int(after or '0', 16) + 1):016X}"
