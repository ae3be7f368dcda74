"""The HTTP side: API Gateway's manners in front of the functions, and the platform's own doors."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ons_local.functions import FunctionPool
from ons_local.instance import ApiKey
from ons_local.proxy import RouteTable, http_response, proxy_event, raw_path
from ons_local.rawdoor import RawDoor
from ons_local.template import Template
from ons_local.throttle import TokenBuckets
from ons_platform.api.problems import problem
from ons_platform.errors import (
    MethodNotAllowed,
    OnsError,
    PayloadTooLarge,
    ServiceUnavailable,
    Unauthorized,
)

BODY_LIMIT = 10 * 1024 * 1024
"""API Gateway's own limit on a request body, in bytes."""
_SLOT_WAIT_SECONDS = 10.0
_CONCURRENT_REQUESTS = 32

_log = logging.getLogger(__name__)


class Gateway:
    """The ASGI application.

    `start_execution` takes an S3 event and a name and returns an execution id; its door's path
    holds `door_secret`. `state` describes the platform for `ons status` and `ons doctor`.
    """

    def __init__(
        self,
        template: Template,
        *,
        pool: FunctionPool,
        key: ApiKey,
        raw: RawDoor,
        start_execution: Callable[[Mapping[str, Any], str], str],
        door_secret: str,
        state: Callable[[], dict[str, Any]],
    ) -> None:
        self._routes = RouteTable(template.routes)
        self._pool = pool
        self._key = key
        self._raw = raw
        self._start_execution = start_execution
        self._state = state
        self._buckets = TokenBuckets(template.throttle)
        self._threads = CapacityLimiter(_CONCURRENT_REQUESTS)
        self._doors: dict[str, tuple[str, Callable[[Request], Awaitable[Response]]]] = {
            "/_platform": ("GET", self._describe),
            f"/_executions/{door_secret}": ("POST", self._execute),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every failure is a problem+json."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except OnsError as error:
            response = _problem(error)
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - the process edge
            _log.exception("%s %s", request.method, request.url.path)
            response = _problem(OnsError("unexpected"))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = raw_path(request)
        if path.startswith("/raw/"):
            _require_method(request, "PUT")
            return await self._put_raw(request, unquote(path.removeprefix("/raw/")))
        if path in self._doors:
            method, door = self._doors[path]
            _require_method(request, method)
            return await door(request)
        return await self._call_function(request)

    async def _call_function(self, request: Request) -> Response:
        match = self._routes.match(request.method, raw_path(request))
        key_id = self._identify(request) if match.route.key_required else None
        body = await _read(request, BODY_LIMIT)
        event = json.dumps(proxy_event(request, match, body, key_id)).encode()
        result = await to_thread.run_sync(
            lambda: self._pool.invoke(match.route.function, event, wait=_SLOT_WAIT_SECONDS),
            limiter=self._threads,
        )
        if result.failed:
            _log.error("%s failed: %s", match.route.function, result.error)
            raise ServiceUnavailable("the function behind this path failed; it is logged")
        return http_response(result.payload)

    async def _put_raw(self, request: Request, key: str) -> Response:
        length = request.headers.get("content-length", "")
        version = await self._raw.put(
            key,
            request.query_params.get("token", ""),
            int(length) if length.isdigit() else None,
            request.stream(),
        )
        headers = {"x-amz-version-id": version.version_id, "ETag": f'"{version.etag}"'}
        return Response(status_code=200, headers=headers)

    async def _execute(self, request: Request) -> Response:
        event = json.loads(await _read(request, BODY_LIMIT))
        name = request.headers.get("x-execution-name", "")
        return JSONResponse({"execution_id": self._start_execution(event, name)}, 202)

    async def _describe(self, request: Request) -> Response:
        self._identify(request)
        return JSONResponse(await to_thread.run_sync(self._state))

    def _identify(self, request: Request) -> str:
        """The caller's key id; raises `Unauthorized` or, past the usage plan, `RateLimited`."""
        if not self._key.matches(request.headers.get("x-api-key", "")):
            raise Unauthorized("send the API key in the x-api-key header")
        self._buckets.take(self._key.id)
        return self._key.id


def _require_method(request: Request, method: str) -> None:
    if request.method != method:
        raise MethodNotAllowed(
            f"{request.method} is not allowed here; use {method}", allow=[method]
        )


async def _read(request: Request, limit: int) -> bytes:
    too_large = PayloadTooLarge(f"a request body may have at most {limit} bytes")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise too_large
    body = bytearray()
    stream: AsyncIterator[bytes] = request.stream()
    async for chunk in stream:
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def _problem(error: OnsError) -> Response:
    answer = problem(error, str(uuid4()))
    return Response(
        answer.body, answer.status, {"Content-Type": answer.content_type, **answer.headers}
    )
