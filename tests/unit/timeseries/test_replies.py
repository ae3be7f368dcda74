"""Refusals of InfluxDB 2.7.12, as it words them, and what becomes of them (TSD-14)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.errors import (
    InvalidRequest,
    NotFound,
    OnsError,
    RejectedPoints,
    StoreDenied,
    StoreUnavailable,
)
from ons_platform.timeseries import replies
from ons_platform.timeseries.transport import Reply


def told(status: int, message: str, code: str = "invalid", **headers: str) -> Reply:
    return Reply(status, json.dumps({"code": code, "message": message}).encode(), headers)


def test_every_unreadable_line_is_named() -> None:
    message = (
        "unable to parse 'garbage': missing fields\n"
        "unable to parse 'm,t=d v= 1': missing field value\n"
        "unable to parse 'm v=1 99': strconv.ParseInt: parsing \"99\": value out of range"
    )
    error = replies.of_write(told(400, message))
    assert isinstance(error, RejectedPoints)
    assert error.where["points"] == [
        {"line": "garbage", "reason": "missing fields"},
        {"line": "m,t=d v= 1", "reason": "missing field value"},
        {"line": "m v=1 99", "reason": 'strconv.ParseInt: parsing "99": value out of range'},
    ]
    assert error.where["written"] == 0


PARTIAL = "failure writing points to database: partial write: "


def test_a_type_conflict_names_its_field() -> None:
    error = replies.of_write(
        told(
            422,
            f'{PARTIAL}field type conflict: input field "power_mw" on measurement "a b" is type '
            "string, already exists as type float dropped=2",
        )
    )
    assert error.where["points"] == [
        {
            "reason": "field type conflict",
            "field": "power_mw",
            "measurement": "a b",
            "type": "string",
            "known": "float",
        }
    ]
    assert error.where["dropped"] == 2


def test_points_beyond_the_retention_name_its_edge() -> None:
    error = replies.of_write(
        told(
            422,
            f"{PARTIAL}dropped 2 points outside retention policy of duration 61320h0m0s - oldest "
            "point m,t=a at 2000-01-01T00:00:00Z dropped because it violates a Retention Policy "
            "Lower Bound at 2019-11-23T21:45:46.766Z, newest point m,t=a at 2000-01-01T00:00:00Z "
            "dropped because it violates a Retention Policy Lower Bound at "
            "2019-11-23T21:45:46.766Z dropped=2 for database: ab for retention policy: autogen",
        )
    )
    (point,) = error.where["points"]
    assert point == {"reason": "beyond the retention", "earliest": "2019-11-23T21:45:46.766Z"}
    assert error.where["dropped"] == 2


def test_a_partial_write_of_another_kind_is_told_as_it_is() -> None:
    error = replies.of_write(told(422, f"{PARTIAL}points are too odd"))
    assert error.where == {"points": [{"reason": f"{PARTIAL}points are too odd"}]}


def test_a_body_that_is_too_large() -> None:
    error = replies.of_write(told(413, "request entity too large"))
    assert isinstance(error, RejectedPoints)
    assert error.where["points"] == [{"reason": "request entity too large"}]


@pytest.mark.parametrize(
    ("reply", "of_write", "of_query"),
    [
        (told(401, "unauthorized access"), StoreDenied, StoreDenied),
        (told(403, "insufficient permissions for write"), StoreDenied, StoreDenied),
        (told(404, 'bucket "nope" not found'), NotFound, InvalidRequest),
        (told(429, "too many"), StoreUnavailable, StoreUnavailable),
        (told(500, "An internal error has occurred"), StoreUnavailable, StoreUnavailable),
        (told(503, "shutting down"), StoreUnavailable, StoreUnavailable),
        (Reply(502, b"<html>Bad gateway</html>"), StoreUnavailable, StoreUnavailable),
        (Reply(302, b""), StoreUnavailable, StoreUnavailable),
    ],
)
def test_who_caused_it_decides(
    reply: Reply, of_write: type[OnsError], of_query: type[OnsError]
) -> None:
    assert type(replies.of_write(reply)) is of_write
    assert type(replies.of_query(reply)) is of_query


def test_an_ill_server_is_no_wrong_query() -> None:
    ill = told(400, "failed to initialize execute state: engine is closed")
    assert type(replies.of_query(ill)) is StoreUnavailable
    assert type(replies.of_text("runtime error @1:1-1:9: cannot divide by zero")) is InvalidRequest
    assert type(replies.of_text("panic: runtime error")) is StoreUnavailable


def test_the_server_says_when_to_come_back() -> None:
    error = replies.of_query(told(503, "busy", **{"Retry-After": "17"}))
    assert isinstance(error, StoreUnavailable)
    assert error.retry_after == 17
    assert replies.asked_seconds(told(503, "busy")) is None
    later = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert replies.asked_seconds(told(503, "busy", **later)) is None


@given(
    st.integers(300, 599),
    st.one_of(st.binary(max_size=3000), st.text(max_size=3000).map(lambda item: item.encode())),
)
def test_any_refusal_is_one_error_of_bounded_length(status: int, body: bytes) -> None:
    for error in (
        replies.of_write(Reply(status, body * 3)),
        replies.of_query(Reply(status, body * 3)),
        replies.of_text(body.decode("utf-8", "replace") * 3),
    ):
        assert isinstance(error, OnsError)
        assert len(error.message) < 2 * replies.MESSAGE_LENGTH
        for point in error.where.get("points", []):
            assert all(len(text) <= replies.MESSAGE_LENGTH for text in point.values())
