"""One problem shape for every error of the tree (QRY-12 … QRY-16)."""

from __future__ import annotations

import json

import pytest

from ons_platform import errors
from ons_platform.api.problems import PROBLEM_TYPE, problem

ALL = [
    item
    for item in vars(errors).values()
    if isinstance(item, type) and issubclass(item, errors.OnsError)
]


@pytest.mark.parametrize("error", ALL)
def test_every_error_maps_to_its_status(error: type[errors.OnsError]) -> None:
    response = problem(error("Something is wrong."), "an-id")
    body = json.loads(response.body)
    assert response.content_type == PROBLEM_TYPE
    assert response.status == body["status"] == error.http_status
    assert body["title"] == error.title
    assert body["instance"] == "an-id"
    assert body["error"] == (error.__name__ if error.http_status != 500 else "InternalError")
    assert ("Retry-After" in response.headers) == issubclass(error, errors.TransientError)


def test_statuses_are_those_promised() -> None:
    promised = {
        errors.InvalidRequest: 400,
        errors.Unauthorized: 401,
        errors.NotFound: 404,
        errors.MethodNotAllowed: 405,
        errors.PayloadTooLarge: 413,
        errors.UnsupportedMediaType: 415,
        errors.RateLimited: 429,
        errors.ServiceUnavailable: 503,
    }
    assert {error: error.http_status for error in promised} == promised


def test_recovery_time_is_in_body_and_header() -> None:
    response = problem(errors.ServiceUnavailable("Down.", retry_after=42), "id")
    assert json.loads(response.body)["retry_after"] == 42
    assert response.headers["Retry-After"] == "42"


def test_places_not_meant_for_callers_stay_inside() -> None:
    response = problem(errors.InvalidRequest("No.", details=[], path="/srv/secret"), "id")
    assert "secret" not in response.body
