"""HTTP requests as API Gateway REST proxy events, and the functions' answers as HTTP responses."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from ons_local.intrinsics import ACCOUNT
from ons_local.template import Route
from ons_platform.errors import MethodNotAllowed, NotFound

_HIDDEN_HEADERS = frozenset({"x-api-key"})
_HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})


@dataclass(frozen=True)
class Match:
    """A route and what its places hold, percent-decoded."""

    route: Route
    places: Mapping[str, str]


class RouteTable:
    """The template's routes: literal segments win over `{name}`, and that over `{name+}`."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self._routes = sorted(routes, key=_specificity)

    def match(self, method: str, raw_path: str) -> Match:
        """Find the route of a percent-encoded path.

        Raises `NotFound`, or `MethodNotAllowed` with the methods the path takes.
        """
        found = [
            Match(route, places)
            for route in self._routes
            if (places := _places(route.path, raw_path)) is not None
        ]
        if not found:
            raise NotFound(f"there is nothing at {raw_path}; the API is described at /openapi.json")
        for match in found:
            if match.route.method in (method, "ANY"):
                return match
        allow = sorted({match.route.method for match in found})
        raise MethodNotAllowed(
            f"{method} is not allowed on {raw_path}; use {' or '.join(allow)}", allow=allow
        )


def _specificity(route: Route) -> list[int]:
    return [
        2 if part.endswith("+}") else 1 if part.startswith("{") else 0
        for part in route.path.split("/")
    ]


def _places(template: str, raw_path: str) -> dict[str, str] | None:
    parts = raw_path.split("/")
    places: dict[str, str] = {}
    names = template.split("/")
    for index, name in enumerate(names):
        if name.endswith("+}"):
            rest = "/".join(parts[index:])
            return {**places, name[1:-2]: unquote(rest)} if rest else None
        if index >= len(parts):
            return None
        if name.startswith("{") and parts[index]:
            places[name[1:-1]] = unquote(parts[index])
        elif name != parts[index]:
            return None
    return places if len(parts) == len(names) else None


def proxy_event(request: Request, match: Match, body: bytes, key_id: str | None) -> dict[str, Any]:
    """The event API Gateway would send; the API key itself stays outside the functions."""
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        if name not in _HIDDEN_HEADERS:
            headers.setdefault(name, []).append(value)
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.url.query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    text, is_base64 = _event_body(body)
    return {
        "resource": match.route.path,
        "path": raw_path(request),
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(match.places) or None,
        "stageVariables": None,
        "requestContext": _context(request, match, key_id),
        "body": text,
        "isBase64Encoded": is_base64,
    }


def _context(request: Request, match: Match, key_id: str | None) -> dict[str, Any]:
    now = time.time()
    return {
        "resourceId": "local",
        "resourcePath": match.route.path,
        "httpMethod": request.method,
        "path": raw_path(request),
        "accountId": ACCOUNT,
        "apiId": "local",
        "stage": "local",
        "protocol": f"HTTP/{request.scope.get('http_version', '1.1')}",
        "domainName": request.headers.get("host", ""),
        "requestId": str(uuid4()),
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now * 1000),
        "identity": {
            "sourceIp": request.client.host if request.client else "127.0.0.1",
            "userAgent": request.headers.get("user-agent"),
            "apiKeyId": key_id,
        },
    }


def raw_path(request: Request) -> str:
    """The path as it was sent, percent-encoded."""
    return bytes(request.scope.get("raw_path") or request.url.path.encode()).decode("latin-1")


def _event_body(body: bytes) -> tuple[str | None, bool]:
    if not body:
        return None, False
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), True


def http_response(payload: bytes) -> Response:
    """The HTTP response of a function's proxy answer.

    Raises `ValueError` when the answer does not have API Gateway's form.
    """
    answer = json.loads(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        raise ValueError("the function's answer is not a proxy response")
    body = answer.get("body") or ""
    try:
        binary = answer.get("isBase64Encoded")
        content = base64.b64decode(body, validate=True) if binary else str(body).encode()
    except binascii.Error as error:
        raise ValueError("the function's body is not base64") from error
    response = Response(content, status_code=int(answer["statusCode"]))
    for name, values in _headers(answer).items():
        for value in values:
            response.headers.append(name, value)
    return response


def _headers(answer: Mapping[str, Any]) -> dict[str, list[str]]:
    """Single and multiple values together; a multiple one replaces the single one of its name."""
    headers = {name.lower(): [str(value)] for name, value in (answer.get("headers") or {}).items()}
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        headers[name.lower()] = [str(value) for value in values]
    return {name: values for name, values in headers.items() if name not in _HOP_BY_HOP}
