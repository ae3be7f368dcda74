from __future__ import annotations

import httpx
import pytest

from ons_local.client import Client, NotRunning, Target, _error_of, find_target
from ons_local.instance import ApiKey, DataDirLock
from ons_platform import errors


@pytest.fixture
def no_environment(monkeypatch):
    for name in ("ONS_API_URL", "ONS_API_KEY", "ONS_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_where_the_platform_is_looked_for(no_environment, tmp_path):
    with pytest.raises(NotRunning, match="ons up"):
        find_target(tmp_path)
    lock = DataDirLock(tmp_path)
    ApiKey(tmp_path)
    lock.announce("http://127.0.0.1:1")
    key = (tmp_path / "api-key").read_text().strip()
    assert find_target(tmp_path) == Target("http://127.0.0.1:1", key)
    no_environment.setenv("ONS_DATA_DIR", str(tmp_path))
    assert find_target(None).key == key
    no_environment.setenv("ONS_API_URL", "https://example.org/v1/")
    with pytest.raises(errors.InvalidRequest, match="ONS_API_KEY"):
        find_target(None)
    no_environment.setenv("ONS_API_KEY", "k")
    assert find_target(None) == Target("https://example.org/v1", "k")
    assert find_target(tmp_path).key == key
    lock.release()


def test_an_address_nobody_answers_at():
    client = Client(Target("http://127.0.0.1:9", "k"))
    with pytest.raises(errors.ServiceUnavailable, match="does not answer"):
        client.get("/health")
    client.close()


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (404, {"type": "urn:ons:problem:NotFound", "detail": "no"}, errors.NotFound, "no"),
        (400, {"type": "urn:ons:problem:UnsafeQuery", "detail": "no"}, errors.UnsafeQuery, "no"),
        (401, {"type": "about:blank", "error": "Unauthorized"}, errors.Unauthorized, "401"),
        (429, {}, errors.RateLimited, "429"),
        (503, {}, errors.ServiceUnavailable, "503"),
        (500, {"type": "urn:ons:problem:InternalError", "detail": "x"}, errors.OnsError, "x"),
        (418, {}, errors.InvalidRequest, "418"),
        (
            400,
            {"detail": "bad", "details": [{"field": "size", "message": "too small"}]},
            errors.InvalidRequest,
            "bad; size: too small",
        ),
    ],
)
def test_a_problem_is_the_error_it_came_from(status, body, kind, message):
    error = _error_of(httpx.Response(status, json=body, headers={"Retry-After": "7"}))
    assert type(error) is kind
    assert message in error.message
    assert not isinstance(error, errors.TransientError) or error.retry_after == 7


def test_a_response_that_is_no_problem():
    assert isinstance(_error_of(httpx.Response(502, text="<html>")), errors.ServiceUnavailable)


def test_object_paths_survive_normalising():
    client = Client(Target("http://127.0.0.1:9", "k"))
    path = client.object_path("a/../é ?#%/b")
    assert path == "/objects/a/%2E%2E/%C3%A9%20%3F%23%25/b"
    client.close()
