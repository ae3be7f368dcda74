from __future__ import annotations

import pytest
import urllib3

from influx import Influx
from ons_platform.errors import InvalidRequest, StoreUnavailable, Unauthorized
from ons_platform.timeseries.bootstrap import (
    ENDLESS,
    Tokens,
    bootstrap,
    bootstrap_as,
    set_up,
)
from ons_platform.timeseries.points import BUCKETS, RETENTION_SECONDS

pytestmark = pytest.mark.influxdb


def _call(influx: Influx, token: str, method: str, path: str, **given):
    pool = urllib3.PoolManager(retries=False)
    headers = {"Authorization": f"Token {token}"}
    return pool.request(method, f"{influx.url}{path}", headers=headers, **given)


def _buckets(influx: Influx, org: str) -> dict[str, int]:
    """Retention of an organisation's own buckets."""
    path = f"/api/v2/buckets?org={org}&limit=100"
    found = _call(influx, influx.operator_token, "GET", path).json()["buckets"]
    return {
        item["name"]: item["retentionRules"][0]["everySeconds"]
        for item in found
        if item["type"] == "user"
    }


def _write(influx: Influx, token: str, org: str, bucket: str) -> int:
    path = f"/api/v2/write?org={org}&bucket={bucket}"
    return _call(influx, token, "POST", path, body="bootstrap,dataset=bootstrap value=1").status


def _read(influx: Influx, token: str, org: str, bucket: str) -> int:
    body = {"query": f'from(bucket: "{bucket}") |> range(start: 2020-01-01T00:00:00Z)'}
    return _call(influx, token, "POST", f"/api/v2/query?org={org}", json=body).status


def test_four_buckets_keep_seven_years(influx_server: Influx):
    kept = _buckets(influx_server, influx_server.org)
    assert {name: kept[name] for name in BUCKETS} == dict.fromkeys(BUCKETS, RETENTION_SECONDS)


def test_buckets_of_the_endless_organisation_keep_everything(endless_influx: Influx):
    assert _buckets(endless_influx, endless_influx.org) == dict.fromkeys(BUCKETS, ENDLESS)


def test_twice_is_as_once(influx_server: Influx):
    again = bootstrap(
        influx_server.url, influx_server.org, operator_token=influx_server.operator_token
    )
    assert again == Tokens(influx_server.write_token, influx_server.read_token)


def test_a_retention_that_differs_is_changed(influx_server: Influx):
    def kept(seconds: int) -> set[int]:
        bootstrap(
            influx_server.url,
            "changing",
            operator_token=influx_server.operator_token,
            retention_seconds=seconds,
        )
        return set(_buckets(influx_server, "changing").values())

    assert kept(RETENTION_SECONDS) == {RETENTION_SECONDS}
    assert kept(ENDLESS) == {ENDLESS}
    assert kept(2 * RETENTION_SECONDS) == {2 * RETENTION_SECONDS}
    assert kept(86_400) == {86_400}


def test_tokens_do_no_more_than_they_must(influx_server: Influx, endless_influx: Influx):
    org = influx_server.org
    write, read = influx_server.write_token, influx_server.read_token
    for bucket in BUCKETS:
        assert _write(influx_server, write, org, bucket) == 204
        assert _write(influx_server, read, org, bucket) == 403
        assert _read(influx_server, write, org, bucket) == 200
        assert _read(influx_server, read, org, bucket) == 200
    for token in (write, read):
        assert _read(influx_server, token, org, "_monitoring") == 404
        assert _write(influx_server, token, endless_influx.org, BUCKETS[0]) in (401, 403, 404)
        made = _call(influx_server, token, "POST", "/api/v2/buckets", json={"name": "other"})
        assert made.status in (400, 401, 403)
        known = _call(influx_server, token, "GET", "/api/v2/authorizations").json()
        assert not known["authorizations"]


def test_a_token_that_lacks_a_bucket_is_made_anew(influx_server: Influx):
    def tokens() -> Tokens:
        operator = influx_server.operator_token
        return bootstrap(influx_server.url, "losing", operator_token=operator)

    before = tokens()
    path = f"/api/v2/buckets?org=losing&name={BUCKETS[1]}"
    [bucket] = _call(influx_server, influx_server.operator_token, "GET", path).json()["buckets"]
    path = f"/api/v2/buckets/{bucket['id']}"
    assert _call(influx_server, influx_server.operator_token, "DELETE", path).status == 204
    after = tokens()
    assert {after.write, after.read}.isdisjoint({before.write, before.read})
    assert _write(influx_server, after.write, "losing", BUCKETS[1]) == 204
    assert _write(influx_server, before.write, "losing", BUCKETS[0]) == 401


def test_more_buckets_than_a_page(influx_server: Influx):
    def tokens() -> Tokens:
        operator = influx_server.operator_token
        return bootstrap(influx_server.url, "crowded", operator_token=operator)

    before = tokens()
    path = "/api/v2/orgs?org=crowded"
    [org] = _call(influx_server, influx_server.operator_token, "GET", path).json()["orgs"]
    for number in range(110):
        body = {"orgID": org["id"], "name": f"a{number:03}"}
        made = _call(
            influx_server, influx_server.operator_token, "POST", "/api/v2/buckets", json=body
        )
        assert made.status == 201
    assert tokens() == before


def test_a_server_that_is_set_up_is_left_alone(influx_server: Influx):
    again = set_up(
        influx_server.url, "other", username="u", password="long enough", operator_token="t"
    )
    assert again is False


def test_a_wrong_operator_token_is_told_and_not_shown(influx_server: Influx):
    with pytest.raises(Unauthorized) as caught:
        bootstrap(influx_server.url, influx_server.org, operator_token="wrong-secret")
    assert "401" in caught.value.message
    assert "wrong-secret" not in str(caught.value.as_dict())


def test_a_token_of_too_few_rights_is_told(influx_server: Influx):
    with pytest.raises((Unauthorized, InvalidRequest)):
        bootstrap(influx_server.url, "new-org", operator_token=influx_server.write_token)


def test_nobody_there():
    with pytest.raises(StoreUnavailable, match="does not answer"):
        bootstrap("http://127.0.0.1:9", "ons-energy", operator_token="t")


def test_by_user_and_password_as_on_a_managed_instance(influx_process):
    credentials = influx_process.credentials
    tokens = bootstrap_as(
        influx_process.url,
        influx_process.org,
        username=credentials.username,
        password=credentials.password,
    )
    assert tokens == Tokens(influx_process.write_token, influx_process.read_token)
    with pytest.raises(Unauthorized) as caught:
        bootstrap_as(
            influx_process.url, influx_process.org, username="ons", password="wrong-secret"
        )
    assert "wrong-secret" not in str(caught.value.as_dict())


def test_tokens_are_not_shown():
    assert "secret" not in repr(Tokens("secret", "secret"))
