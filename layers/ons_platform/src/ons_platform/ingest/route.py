"""Where a raw object goes (ING-3 to ING-5): by extension, content type and size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.errors import StorageUnavailable
from ons_platform.ingest.keys import check_key, extension, filename
from ons_platform.ingest.reading.formats import ARCHIVES, STRUCTURED
from ons_platform.ingest.reasons import reject
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.storage import Storage

DOCUMENTS = {
    "pdf": "pdf",
    "docx": "docx",
    "png": "image",
    "jpg": "image",
    "jpeg": "image",
    "tif": "image",
    "tiff": "image",
}
"""Extension -> format of documents and scans."""

_CONTENT_TYPES = {
    "text/csv": "csv",
    "application/json": "json",
    "application/gzip": "gz",
    "application/pdf": "pdf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/zip": "zip",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
}
_FUNCTION_MEMORY = 3008
_LARGE_BYTES = 1024**3
_USUAL_EXPANSION = 10
"""What a packed table is multiplied by to be compared with plain ones."""
_SMALL_JOB = {"vcpu": 2, "memory": 8192}
_LARGE_JOB = {"vcpu": 4, "memory": 16384}


@dataclass(frozen=True)
class Route:
    """The router's answer; `memory` in MiB. `dataset` is None where only the columns can tell."""

    version: ObjectVersion
    processing_type: str
    dataset: str | None
    format: str
    vcpu: int
    memory: int
    output_location: str

    def as_dict(self) -> dict[str, Any]:
        """The fields of ING-5, with the object version the later states work on."""
        return {
            "object": self.version.as_dict(),
            "processingType": self.processing_type,
            "processorConfig": {
                "dataset": self.dataset,
                "format": self.format,
                "vcpu": self.vcpu,
                "memory": self.memory,
            },
            "outputLocation": self.output_location,
        }


def route(version: ObjectVersion, settings: Settings, storage: Storage) -> Route:
    """Decide without reading the object.

    The extension decides; without a known one the content type does. Raises `UnsafeKey`,
    `UnsupportedFile`, `EmptyFile`, `FileLimitExceeded`; `StorageUnavailable` (transient) while the
    object is not there.
    """
    check_key(version.key)
    info = storage.head(version.key, version.version_id)
    if info is None:
        raise StorageUnavailable(f"{version.key!r} is not in the raw zone", key=version.key)
    known = _known_extension(version.key, info.content_type or "")
    name = filename(version.key)
    if info.size == 0:
        raise reject("empty_file", file=name)
    if info.size > settings.max_object_bytes:
        raise reject("too_large", file=name, size=info.size, limit=settings.max_object_bytes)
    named = catalog().by_name(name)
    size = info.size * (_USUAL_EXPANSION if known in ARCHIVES else 1)
    in_function = known in STRUCTURED and size <= settings.batch_threshold_bytes
    job = _LARGE_JOB if size > _LARGE_BYTES else _SMALL_JOB
    return Route(
        version=version,
        processing_type="lambda" if in_function else "batch",
        dataset=named.dataset if named else None,
        format=STRUCTURED.get(known) or DOCUMENTS[known],
        vcpu=job["vcpu"],
        memory=_FUNCTION_MEMORY if in_function else job["memory"],
        output_location=f"s3://{settings.processed_bucket}/",
    )


def _known_extension(key: str, content_type: str) -> str:
    supported = (*STRUCTURED, *DOCUMENTS)
    found = extension(key)
    if found in supported:
        return found
    by_type = _CONTENT_TYPES.get(content_type.split(";")[0].strip().lower())
    if by_type is None:
        raise reject(
            "unsupported_file",
            file=filename(key),
            extension=found,
            content_type=content_type,
            supported=supported,
        )
    return by_type
