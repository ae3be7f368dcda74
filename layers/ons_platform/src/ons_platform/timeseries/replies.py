"""What InfluxDB says when it does not do what was asked, as one of the platform's errors.

Who caused an error decides its class: a query or points the server can never take are terminal,
a server that is overloaded, full or ill is transient. Messages are the server's, cut to a bounded
length; the token is in none of them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ons_platform.errors import (
    InvalidRequest,
    NotFound,
    OnsError,
    RejectedPoints,
    StoreDenied,
    StoreUnavailable,
)
from ons_platform.timeseries.transport import Reply

MESSAGE_LENGTH = 500
LINE_LENGTH = 300
DEFAULT_RETRY_SECONDS = 5

_UNPARSED = re.compile(r"unable to parse '(.*?)': (.*?)(?=\nunable to parse '|\Z)", re.DOTALL)
_DROPPED = re.compile(r"\bdropped=(\d+)")
_CONFLICT = re.compile(
    r'input field "(?P<field>.*)" on measurement "(?P<measurement>.*)" '
    r"is type (?P<type>\w+), already exists as type (?P<known>\w+)"
)
_EARLIEST = re.compile(r"Lower Bound at (\S+?)(?:,|\s|$)")
_ILL = re.compile(
    r"internal error|panic|shutting down|engine.*closed|context (?:canceled|deadline)|timeout"
    r"|i/o|no space|connection|memory allocation limit|queue length",
    re.IGNORECASE,
)
_BUSY = (429, 503)


def of_write(reply: Reply) -> OnsError:
    """Why points were not written, or not all of them."""
    message = _message(reply)
    if reply.status in (400, 413, 422):
        return _rejected(reply.status, message)
    if reply.status == 404:
        return NotFound(f"The time-series store has no such place: {message}")
    return _common(reply, message)


def of_query(reply: Reply) -> OnsError:
    """Why a query has no answer."""
    message = _message(reply)
    if reply.status in (400, 404, 405, 413, 422) and not _ILL.search(message):
        return InvalidRequest(f"The store refuses the query: {message}")
    return _common(reply, message)


def of_text(message: str) -> OnsError:
    """Of an error told without a status: after the first rows, or of one statement of several."""
    if _ILL.search(message):
        return StoreUnavailable(f"the time-series store failed: {message[:MESSAGE_LENGTH]}")
    return InvalidRequest(f"The store refuses the query: {message[:MESSAGE_LENGTH]}")


def _common(reply: Reply, message: str) -> OnsError:
    if reply.status in (401, 403):
        return StoreDenied(
            f"The time-series store does not take our token ({reply.status}): check that it is of "
            "this server and organisation and may read, or write, the bucket",
            status=reply.status,
        )
    asked = asked_seconds(reply)
    return StoreUnavailable(
        f"the time-series store failed ({reply.status}): {message}",
        retry_after=asked or DEFAULT_RETRY_SECONDS,
        status=reply.status,
    )


def asked_seconds(reply: Reply) -> int | None:
    """Seconds the server asks to wait; None when it does not say."""
    text = reply.headers.get("Retry-After", "")
    return max(1, int(text)) if text.isdigit() else None


def is_busy(status: int) -> bool:
    """Whether the same request may well succeed a moment later."""
    return status in _BUSY


def _message(reply: Reply) -> str:
    text = reply.body.decode("utf-8", "replace")
    try:
        told: Any = json.loads(text)
    except ValueError:
        told = {}
    if isinstance(told, dict):
        text = str(told.get("message") or told.get("error") or text)
    return text.strip()


def _rejected(status: int, message: str) -> RejectedPoints:
    """One entry of `points` per line or field the server names; `dropped` is its own count.

    A line that cannot be read rejects its whole request (`written` is 0). Of a type conflict or of
    points beyond the retention only the points concerned are dropped, the others are written; the
    count is of the first cause the server met, hence a lower bound.
    """
    unparsed = [
        {"line": line[:LINE_LENGTH], "reason": reason[:MESSAGE_LENGTH]}
        for line, reason in _UNPARSED.findall(message)
    ]
    if unparsed or status != 422:
        points = unparsed or [{"reason": message[:MESSAGE_LENGTH]}]
        return RejectedPoints("The store cannot read these lines", points=points, written=0)
    return RejectedPoints(
        "The store does not take some of these points",
        points=[_partial(message)],
        dropped=_dropped(message),
    )


def _partial(message: str) -> dict[str, Any]:
    conflict = _CONFLICT.search(message)
    if conflict:
        return {"reason": "field type conflict", **conflict.groupdict()}
    if "retention policy" in message.lower():
        earliest = _EARLIEST.search(message)
        known = {"earliest": earliest.group(1)} if earliest else {}
        return {"reason": "beyond the retention", **known}
    return {"reason": message[:MESSAGE_LENGTH]}


def _dropped(message: str) -> int | None:
    found = _DROPPED.search(message)
    return int(found.group(1)) if found else None
