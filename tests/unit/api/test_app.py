"""Routing, the process edge, and the contract document against the routes."""

from __future__ import annotations

import json

import pytest
from openapi_spec_validator import validate

from ons_platform.api import platform, queries
from ons_platform.api.app import Route, serve
from ons_platform.api.http import Request, Response
from ons_platform.api.pages import openapi

ROUTES = (*platform.ROUTES, *queries.ROUTES)


def test_the_document_is_valid_openapi() -> None:
    validate(openapi())


def test_the_document_describes_exactly_the_routes() -> None:
    described = {
        (method.upper(), path)
        for path, operations in openapi()["paths"].items()
        for method in operations
    }
    assert described == {(route.method, route.template.replace("+}", "}")) for route in ROUTES}


def test_the_document_is_served(api) -> None:
    assert api.get("/openapi.json").json == openapi()


def test_an_unknown_path_names_the_known_ones(api) -> None:
    reply = api.get("/nothing")
    assert reply.status == 404
    assert "GET /catalog" in reply.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("DELETE", "/catalog", "GET"), ("GET", "/query", "POST"), ("PUT", "/objects/a/b", "GET")],
)
def test_a_wrong_method_names_the_right_ones(api, method: str, path: str, allow: str) -> None:
    reply = api.call(method, path)
    assert reply.status == 405
    assert reply.headers["Allow"] == allow
    assert reply.json["allow"] == [allow]


def test_an_unexpected_failure_tells_nothing_and_is_logged(api, capsys) -> None:
    def broken(*_: object) -> Response:
        raise RuntimeError("the password is hunter2")

    answer = serve((Route("GET", "/broken", broken),), {"path": "/broken"}, api.services)
    assert answer["statusCode"] == 500
    assert "hunter2" not in answer["body"]
    problem = json.loads(answer["body"])
    logged = json.loads(capsys.readouterr().out)
    assert logged["instance"] == problem["instance"]
    assert "hunter2" in logged["trace"]


def test_places_are_decoded_once(api) -> None:
    seen = {}

    def note(_: Request, __: object, places) -> Response:
        seen.update(places)
        return Response.of_json({})

    serve((Route("GET", "/o/{key+}", note),), {"path": "/o/a%20b/%25c"}, api.services)
    assert seen == {"key": "a b/%c"}


def test_every_response_forbids_caching_and_sniffing(api) -> None:
    headers = api.get("/catalog").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
