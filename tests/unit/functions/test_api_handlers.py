"""The two handlers behind the REST API only pass the event on."""

from __future__ import annotations

import json
from typing import Any

from platform_api.handler import lambda_handler as platform_handler
from timeseries_query_processor.handler import lambda_handler as query_handler


def request(method: str, path: str, body: Any = None) -> dict[str, Any]:
    return {
        "httpMethod": method,
        "path": path,
        "headers": {"Content-Type": "application/json"},
        "queryStringParameters": None,
        "requestContext": {"requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def test_platform_routes_are_answered(platform: Any) -> None:
    response = platform_handler(request("GET", "/objects"), None)
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {"objects": []}


def test_query_routes_are_answered(platform: Any) -> None:
    response = query_handler(request("POST", "/query", {"question": ""}), None)
    assert response["statusCode"] == 400
    assert json.loads(response["body"])["details"]


def test_neither_answers_the_other_ones_routes(platform: Any) -> None:
    assert query_handler(request("GET", "/objects"), None)["statusCode"] == 404
    assert platform_handler(request("POST", "/query", {"question": "x"}), None)["statusCode"] == 404
