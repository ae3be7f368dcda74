"""Requests made from the OpenAPI document: every response is one that it describes."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.requests import Request
from starlette.responses import Response

from ons_platform.api import platform, queries

CHECKS: Any = [content_type_conformance, response_schema_conformance, status_code_conformance]


@pytest.fixture
def document(loaded) -> Any:
    """The document over the two functions, behind a gateway of a few lines."""

    async def answer(request: Request) -> Response:
        body = await request.body()
        event = {
            "httpMethod": request.method,
            "path": request.scope["raw_path"].decode(),
            "headers": dict(request.headers),
            "queryStringParameters": dict(request.query_params) or None,
            "body": body.decode("utf-8", "surrogateescape") if body else None,
        }
        handle = queries.handle if request.url.path.startswith("/query") else platform.handle
        made = handle(event, loaded.services)
        return Response(made["body"].encode(), made["statusCode"], made["headers"])

    async def gateway(scope: Any, receive: Any, send: Any) -> None:
        """Whatever the path holds, line breaks too: a router would find no route for those."""
        response = await answer(Request(scope, receive))
        await response(scope, receive, send)

    return schemathesis.openapi.from_asgi("/openapi.json", gateway)


def test_every_response_is_described(document: Any) -> None:
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) == len(platform.ROUTES) + len(queries.ROUTES)
    for operation in operations:
        _try(operation)


def _try(operation: Any) -> None:
    @settings(max_examples=15, deadline=None)
    @given(case=operation.as_strategy())
    def answered_as_described(case: schemathesis.Case) -> None:
        case.validate_response(case.call(), checks=CHECKS)

    answered_as_described()
