"""The one place where an error becomes an `application/problem+json` response (QRY-12 … QRY-16)."""

from __future__ import annotations

import json
from typing import Any

from ons_platform.api.http import Response
from ons_platform.errors import OnsError, TransientError

PROBLEM_TYPE = "application/problem+json"
_PLACES_SHOWN = ("details", "position", "allow", "candidates")


def problem(error: OnsError, instance: str) -> Response:
    """RFC 9457 problem; `instance` is the query or request id that the log knows too.

    Of an internal error nothing is told but that it happened. A transient one carries
    `retry_after` in seconds, in the body and as the `Retry-After` header.
    """
    headers: dict[str, str] = {}
    if error.http_status == 500:
        kind, detail, places = "InternalError", "It is logged under this instance.", {}
    else:
        kind, detail = type(error).__name__, error.message
        places = {name: error.where[name] for name in _PLACES_SHOWN if name in error.where}
    body: dict[str, Any] = {
        "type": f"urn:ons:problem:{kind}",
        "title": error.title,
        "error": kind,
        "status": error.http_status,
        "detail": detail,
        "instance": instance,
        "details": [],
        **places,
    }
    if isinstance(error, TransientError):
        body["retry_after"] = error.retry_after
        headers["Retry-After"] = str(error.retry_after)
    if "allow" in places:
        headers["Allow"] = ", ".join(places["allow"])
    text = json.dumps(body, ensure_ascii=False)
    return Response(error.http_status, text, PROBLEM_TYPE, headers)
