"""GET /objects, GET /objects/{key+} and POST /replay: what became of each object version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

from ons_platform.api.http import Request, Response
from ons_platform.api.models import ReplayBody, parse
from ons_platform.api.services import Services
from ons_platform.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from ons_platform.lake.ledger import Entry, Status

MAX_LISTED = 1000


def list_objects(request: Request, parts: Services, _: Mapping[str, str]) -> Response:
    """GET /objects?status=&prefix=&limit=: entries, newest first."""
    entries = parts.ledger.entries(
        status=_status(request.query.get("status")),
        prefix=request.query.get("prefix", ""),
        limit=listed_limit(request.query.get("limit", "100")),
    )
    return Response.of_json({"objects": [entry.as_dict() for entry in entries]})


def show_object(request: Request, parts: Services, places: Mapping[str, str]) -> Response:
    """GET /objects/{key+}?version_id=: that version of the object, else its newest."""
    entry = find_entry(places["key"], request.query.get("version_id"), parts)
    return Response.of_json(entry.as_dict())


def replay(request: Request, parts: Services, _: Mapping[str, str]) -> Response:
    """POST /replay: a new execution for the same object version, or for every failed one."""
    from ons_platform.lake.ledger import Status

    body = parse(ReplayBody, request.json())
    if body.key is not None:
        entries = [find_entry(body.key, body.version_id, parts)]
    else:
        entries = parts.ledger.entries(status=Status.FAILED, limit=MAX_LISTED)
    return Response.of_json({"executions": [_again(entry, parts) for entry in entries]}, 202)


def _again(entry: Entry, parts: Services) -> dict[str, str]:
    from ons_platform.lake.ledger import Status

    parts.ledger.update(entry.version, status=Status.RECEIVED, reason=None)
    name = f"replay-{uuid4()}"
    execution_id = parts.executions.start(name, entry.version.to_event("Replay"))
    return {
        "key": entry.version.key,
        "version_id": entry.version.version_id,
        "execution_id": execution_id,
    }


def find_entry(key: str, version_id: str | None, parts: Services) -> Entry:
    """That version of an object, or its newest; raises `NotFound`."""
    entry = parts.ledger.get(key, version_id) if version_id else parts.ledger.latest(key)
    if entry is None:
        version = f" in version {version_id}" if version_id else ""
        raise NotFound(
            f"No object {key!r}{version} was received; GET /objects lists those that were."
        )
    return entry


def _status(text: str | None) -> Status | None:
    from ons_platform.lake.ledger import Status

    if text is None:
        return None
    try:
        return Status(text)
    except ValueError:
        allowed = ", ".join(status.value for status in Status)
        raise InvalidRequest(
            "The status is unknown.", details=[{"field": "status", "message": f"one of {allowed}"}]
        ) from None


def listed_limit(text: str) -> int:
    """How many to list at most; raises `InvalidRequest`."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_LISTED:
        return int(text)
    raise InvalidRequest(
        "The limit does not fit.",
        details=[{"field": "limit", "message": f"a whole number from 1 to {MAX_LISTED}"}],
    )
