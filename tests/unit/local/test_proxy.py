from __future__ import annotations

import base64
import json

import pytest
from starlette.requests import Request

from ons_local.proxy import RouteTable, http_response, proxy_event
from ons_local.template import Route
from ons_platform.errors import MethodNotAllowed, NotFound

ROUTES = tuple(
    Route(method, path, "F", True)
    for method, path in [
        ("GET", "/objects/{key+}"),
        ("GET", "/objects"),
        ("GET", "/catalog/{dataset}"),
        ("GET", "/catalog/all"),
        ("POST", "/catalog/{dataset}"),
        ("ANY", "/any"),
        ("GET", "/"),
    ]
)


@pytest.mark.parametrize(
    ("path", "template", "places"),
    [
        ("/", "/", {}),
        ("/objects", "/objects", {}),
        ("/objects/a", "/objects/{key+}", {"key": "a"}),
        ("/objects/a/%C3%A9%2Fb/", "/objects/{key+}", {"key": "a/é/b/"}),
        ("/objects/%2E%2E/x", "/objects/{key+}", {"key": "../x"}),
        ("/catalog/all", "/catalog/all", {}),
        ("/catalog/curva-carga", "/catalog/{dataset}", {"dataset": "curva-carga"}),
        ("/any", "/any", {}),
    ],
)
def test_a_path_finds_its_route(path, template, places):
    match = RouteTable(ROUTES).match("GET", path)
    assert match.route.path == template
    assert match.places == places


@pytest.mark.parametrize("path", ["/objects/", "/catalog/", "/catalog/a/b", "/nope", "//"])
def test_a_path_without_a_route(path):
    with pytest.raises(NotFound):
        RouteTable(ROUTES).match("GET", path)


def test_a_path_that_does_not_take_the_method():
    with pytest.raises(MethodNotAllowed) as refused:
        RouteTable(ROUTES).match("PUT", "/catalog/x")
    assert refused.value.where["allow"] == ["GET", "POST"]


def request(body_path: bytes = b"/objects/a%2Fb", query: bytes = b"") -> Request:
    return Request(
        {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": body_path.decode(),
            "raw_path": body_path,
            "query_string": query,
            "headers": [
                (b"host", b"h"),
                (b"x-api-key", b"secret"),
                (b"x-two", b"1"),
                (b"x-two", b"2"),
            ],
            "client": ("127.0.0.9", 1),
            "server": ("h", 80),
            "scheme": "http",
        }
    )


def event(body: bytes = b"", **more) -> dict:
    return proxy_event(request(**more), RouteTable(ROUTES).match("GET", "/objects/a"), body, "id")


def test_the_event_has_api_gateways_fields():
    made = event(query=b"a=1&a=2&b=")
    assert made["resource"] == "/objects/{key+}"
    assert made["path"] == "/objects/a%2Fb"
    assert made["pathParameters"] == {"key": "a"}
    assert made["queryStringParameters"] == {"a": "2", "b": ""}
    assert made["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""]}
    assert made["headers"]["x-two"] == "2"
    assert made["multiValueHeaders"]["x-two"] == ["1", "2"]
    assert made["requestContext"]["identity"]["sourceIp"] == "127.0.0.9"
    assert made["requestContext"]["identity"]["apiKeyId"] == "id"
    assert "secret" not in json.dumps(made)


@pytest.mark.parametrize(
    ("body", "text", "is_base64"),
    [
        (b"", None, False),
        ("é".encode(), "é", False),
        (b"\xff", base64.b64encode(b"\xff").decode(), True),
    ],
)
def test_a_body_that_is_no_text_travels_as_base64(body, text, is_base64):
    made = event(body)
    assert (made["body"], made["isBase64Encoded"]) == (text, is_base64)


def answer(**fields) -> bytes:
    return json.dumps({"statusCode": 200, **fields}).encode()


def test_an_answer_becomes_a_response():
    response = http_response(
        answer(
            statusCode=201,
            headers={"X-One": "1", "Content-Length": "9999", "X-Two": "0"},
            multiValueHeaders={"X-Two": ["a", "b"]},
            body="é",
        )
    )
    assert response.status_code == 201
    assert response.body == "é".encode()
    assert response.headers.getlist("x-two") == ["a", "b"]
    assert response.headers["x-one"] == "1"
    assert response.headers["content-length"] == "2"


def test_a_binary_answer():
    body = base64.b64encode(b"\x00\xff").decode()
    assert http_response(answer(body=body, isBase64Encoded=True)).body == b"\x00\xff"


@pytest.mark.parametrize(
    "payload", [b"null", b'"text"', b"{}", answer(body="#", isBase64Encoded=True)]
)
def test_an_answer_that_is_none(payload):
    with pytest.raises(ValueError, match=r"proxy response|base64"):
        http_response(payload)
