"""API Gateway REST proxy events in, proxy responses out."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from ons_platform.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

MAX_BODY_BYTES = 64 * 1024
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """One HTTP request; header names are lower-case, `body` is the decoded bytes.

    `request_id` is API Gateway's (a UUID), else a new one: it is the `query_id` of an answer and
    the `instance` of a problem.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes | None
    request_id: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Request:
        """Read a REST proxy event; absent parts (`null` in the event) are empty.

        Never fails: a body marked base64 that is not becomes None, which `json` refuses.
        """
        context = event.get("requestContext") or {}
        return cls(
            method=str(event.get("httpMethod") or "GET").upper(),
            path=str(event.get("path") or "/"),
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            query=dict(event.get("queryStringParameters") or {}),
            body=_body(event),
            request_id=_identity(context.get("requestId")),
        )

    def json(self) -> dict[str, Any]:
        """The body as a JSON object of at most 64 KB.

        Raises `UnsupportedMediaType`, `PayloadTooLarge` or `InvalidRequest`, in that order.
        """
        self._require_json_type()
        if self.body is None:
            raise InvalidRequest("The body is marked base64 and is not.")
        if len(self.body) > MAX_BODY_BYTES:
            raise PayloadTooLarge(
                f"The body has {len(self.body)} bytes; at most {MAX_BODY_BYTES} are taken."
            )
        try:
            value = json.loads(self.body.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(
                "The body is not JSON in UTF-8.", details=[{"field": "body", "message": str(error)}]
            ) from error
        if not isinstance(value, dict):
            raise InvalidRequest(
                "The body is not a JSON object.",
                details=[{"field": "body", "message": 'send an object such as {"question": "…"}'}],
            )
        return value

    def _require_json_type(self) -> None:
        sent = self.headers.get("content-type", "")
        media_type = sent.split(";", 1)[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise UnsupportedMediaType(
                f"The content type is {sent or 'not given'!r}; send application/json."
            )


def _identity(sent: Any) -> str:
    try:
        return str(UUID(str(sent)))
    except ValueError:
        return str(uuid4())


def _body(event: Mapping[str, Any]) -> bytes | None:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True)
class Response:
    """One HTTP response with a text body."""

    status: int
    body: str
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(
        cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """`value` as a JSON body."""
        return cls(status, json.dumps(value, ensure_ascii=False), JSON_TYPE, headers or {})

    def as_proxy(self) -> dict[str, Any]:
        """The form API Gateway takes from a function."""
        return {
            "statusCode": self.status,
            "headers": {
                "Content-Type": self.content_type,
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                **self.headers,
            },
            "body": self.body.encode("utf-8", "replace").decode("utf-8"),
            "isBase64Encoded": False,
        }
