"""POST /uploads: where to PUT a file, or that the very same file is already in the lake."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from ons_platform.api import uploadtoken
from ons_platform.api.http import Request, Response
from ons_platform.api.models import BRASILIA, UploadBody, parse
from ons_platform.api.services import Services
from ons_platform.errors import InvalidRequest, PayloadTooLarge

if TYPE_CHECKING:
    from ons_platform.lake.ledger import Entry

URL_SECONDS = 3600
SINGLE_PUT_BYTES = 5 * 1024**3
"""The largest object S3 takes in one PUT."""

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}")
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_NOT_SHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def create_upload(request: Request, parts: Services, _: Mapping[str, str]) -> Response:
    """POST /uploads: 201 with a URL to PUT the bytes to, or 200 when nothing would change.

    The key is `year=YYYY/<filename>` (LAK-1): the last year in the name, else the current one.
    """
    body = parse(UploadBody, request.json())
    check_filename(body.filename)
    _check_size(body.size, parts)
    key = f"year={_year(body.filename, parts):04d}/{body.filename}"
    same = unchanged(key, body.sha256, parts) if body.sha256 else None
    if same is not None:
        return Response.of_json({"unchanged": True, "key": key, "object": same.as_dict()})
    answer = {
        "unchanged": False,
        "key": key,
        "url": _url(request, key, parts),
        "method": "PUT",
        "headers": {},
        "expires_in": URL_SECONDS,
    }
    return Response.of_json(answer, 201)


def check_filename(filename: str) -> None:
    """Raise `InvalidRequest` for a name that is a path, or that cannot be shown as it is."""
    problem = None
    if "/" in filename or "\\" in filename:
        problem = "must be a file name without folders: the part after the last / or \\"
    elif filename in {".", ".."} or filename != filename.strip():
        problem = "must be a name such as CURVA_CARGA_2023.csv, without outer blanks"
    elif any(unicodedata.category(char) in _NOT_SHOWN for char in filename):
        problem = "must not hold control or invisible characters: rename the file"
    if problem:
        raise InvalidRequest(
            "The file name cannot be used.", details=[{"field": "filename", "message": problem}]
        )


def unchanged(key: str, sha256: str, parts: Services) -> Entry | None:
    """The completed entry that already holds these bytes, if no newer one is under way."""
    from ons_platform.lake.ledger import Status

    versions = [entry for entry in parts.ledger.entries(prefix=key) if entry.version.key == key]
    for entry in sorted(versions, key=lambda entry: entry.version.rank, reverse=True):
        if entry.status is Status.FAILED:
            continue
        checksum = str(entry.metadata.get("checksum", "")).removeprefix("sha256:")
        same = checksum.lower() == sha256.lower()
        return entry if entry.status is Status.COMPLETED and same else None
    return None


def _check_size(size: int, parts: Services) -> None:
    limit = parts.settings.max_object_bytes
    if not parts.settings.upload_url:
        limit = min(limit, SINGLE_PUT_BYTES)
    if size > limit:
        raise PayloadTooLarge(
            f"The file has {size} bytes; at most {limit} are taken in one upload. Split it by "
            "year or month, as ONS does, or copy it to the raw bucket in parts (aws s3 cp)."
        )


def _year(filename: str, parts: Services) -> int:
    found = _YEAR.findall(filename)
    return int(found[-1]) if found else parts.now().astimezone(BRASILIA).year


def _url(request: Request, key: str, parts: Services) -> str:
    """A URL at the host the caller reached us by: the one it can reach again."""
    template = parts.settings.upload_url
    if not template:
        return parts.raw.presigned_url(key, "PUT", URL_SECONDS)
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise InvalidRequest(
            "The Host header is missing or is none.",
            details=[{"field": "Host", "message": "send a name or address, and a port"}],
        )
    expires_at = int(parts.now().timestamp()) + URL_SECONDS
    token = uploadtoken.sign(parts.settings.upload_secret, key, expires_at)
    values = {"{host}": host, "{key}": quote(key, safe="/="), "{token}": token}
    for name, value in values.items():
        template = template.replace(name, value)
    return template
