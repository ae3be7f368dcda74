"""GET /quality and GET /quality/{key+}: what was found in each file, as data or as a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ons_platform.api.http import Request, Response
from ons_platform.api.objects import MAX_LISTED, find_entry, listed_limit
from ons_platform.api.pages import content_policy
from ons_platform.api.services import Services
from ons_platform.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from ons_platform.lake.ledger import Entry

_READ_AT_ONCE = 16
_FORMATS = ("json", "html")
_LANGUAGES = ("pt", "en")


def list_quality(request: Request, parts: Services, _: Mapping[str, str]) -> Response:
    """GET /quality?prefix=&limit=: the newest version of each object, newest first."""
    entries: dict[str, Entry] = {}
    for entry in parts.ledger.entries(prefix=request.query.get("prefix", ""), limit=MAX_LISTED):
        entries.setdefault(entry.version.key, entry)
    chosen = list(entries.values())[: listed_limit(request.query.get("limit", "100"))]
    with ThreadPoolExecutor(_READ_AT_ONCE, "report") as pool:
        files = list(pool.map(lambda entry: _summary(entry, _report(entry, parts)), chosen))
    return Response.of_json({"files": files})


def show_quality(request: Request, parts: Services, places: Mapping[str, str]) -> Response:
    """GET /quality/{key+}?version_id=&format=&language=: the report of one object version."""
    form = _one_of(request, "format", _FORMATS)
    language = _one_of(request, "language", _LANGUAGES)
    entry = find_entry(places["key"], request.query.get("version_id"), parts)
    report = _report(entry, parts)
    if form == "json":
        return Response.of_json({**_summary(entry, report), "report": report})
    from ons_platform.ingest.reports.page import report_page

    name = entry.version.key.rsplit("/", 1)[-1]
    page = report_page(report or {"file": name, "reason": entry.reason}, language)
    headers = {"Content-Security-Policy": content_policy(page), "Referrer-Policy": "no-referrer"}
    return Response(200, page, "text/html; charset=utf-8", headers)


def _report(entry: Entry, parts: Services) -> dict[str, Any] | None:
    """The report as it was written; None for a version that was refused or is not processed."""
    from ons_platform.ingest.reports.place import report_path

    try:
        text = parts.processed.get_bytes(report_path(entry.version))
    except NotFound:
        return None
    report: dict[str, Any] = json.loads(text)
    return report


def _summary(entry: Entry, report: Mapping[str, Any] | None) -> dict[str, Any]:
    found = report or {}
    return {
        "key": entry.version.key,
        "version_id": entry.version.version_id,
        "status": entry.status.value,
        "dataset": entry.dataset,
        "rows_written": entry.rows_written,
        "score": found.get("score"),
        "flags": found.get("flags", {}),
        "completeness": (found.get("completeness") or {}).get("share"),
        "findings": len(found.get("findings", [])),
        "reason": entry.reason,
    }


def _one_of(request: Request, name: str, allowed: tuple[str, ...]) -> Any:
    """The first one unless the request names another."""
    wanted = request.query.get(name, allowed[0])
    if wanted in allowed:
        return wanted
    raise InvalidRequest(
        f"The {name} is unknown.",
        details=[{"field": name, "message": f"one of {', '.join(allowed)}"}],
    )
