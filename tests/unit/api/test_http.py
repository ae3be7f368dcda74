"""API Gateway REST proxy events in every shape they come in."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.api.http import MAX_BODY_BYTES, Request, Response
from ons_platform.errors import InvalidRequest, OnsError, PayloadTooLarge, UnsupportedMediaType

JSON = {"headers": {"Content-Type": "application/json"}}


def request(**event: object) -> Request:
    return Request.from_event(event)


def test_nulls_are_empty() -> None:
    empty = request(headers=None, queryStringParameters=None, body=None, requestContext=None)
    assert (empty.method, empty.path) == ("GET", "/")
    assert (dict(empty.headers), dict(empty.query), empty.body) == ({}, {}, b"")


def test_header_names_are_case_insensitive() -> None:
    assert request(headers={"X-Api-KEY": "k"}).headers["x-api-key"] == "k"


def test_a_base64_body_is_decoded() -> None:
    body = base64.b64encode('{"a": "ç"}'.encode()).decode()
    assert request(**JSON, body=body, isBase64Encoded=True).json() == {"a": "ç"}


def test_a_broken_base64_body_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="base64"):
        request(**JSON, body="%%%", isBase64Encoded=True).json()


def test_the_gateways_request_id_is_kept_and_others_replaced() -> None:
    identity = "9b8c1c1e-6b5a-4c52-8a77-0d5f1f6f3a10"
    assert request(requestContext={"requestId": identity}).request_id == identity
    assert request(requestContext={"requestId": "\n evil"}).request_id != "\n evil"


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"]
)
def test_json_types_are_taken(kind: str) -> None:
    assert request(headers={"content-type": kind}, body="{}").json() == {}


@pytest.mark.parametrize("headers", [None, {"content-type": "text/plain"}, {"content-type": ""}])
def test_other_types_are_refused(headers: dict[str, str] | None) -> None:
    with pytest.raises(UnsupportedMediaType, match="application/json"):
        request(headers=headers, body="{}").json()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "1",
        '"a"',
        "null",
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": 1}x',
        "[" * 60_000,
        "9" * 5000,
    ],
)
def test_what_is_no_json_object_is_refused_with_a_place(body: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        request(**JSON, body=body).json()
    assert refused.value.where["details"][0]["field"] == "body"


def test_the_limit_is_in_bytes() -> None:
    text = json.dumps({"a": "ç" * (MAX_BODY_BYTES // 2)}, ensure_ascii=False)
    assert len(text) < MAX_BODY_BYTES
    with pytest.raises(PayloadTooLarge, match="65536"):
        request(**JSON, body=text).json()


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()), st.booleans())
def test_no_body_breaks_the_reader(body: str, encoded: bool) -> None:
    try:
        value = request(**JSON, body=body, isBase64Encoded=encoded).json()
    except OnsError:
        return
    assert isinstance(value, dict)


def test_lone_surrogates_leave_as_replacements() -> None:
    answer = Response.of_json({"a": "\ud800"}).as_proxy()
    answer["body"].encode("utf-8")
