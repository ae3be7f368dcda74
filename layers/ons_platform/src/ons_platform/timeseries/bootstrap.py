"""Set-up of an InfluxDB 2.7: organisation, four buckets with their retention, two tokens (TSD-10).

Everything is idempotent: what is there and right stays, what is missing or differs is made. The
tokens can do no more than they must: one reads and writes the four buckets, one reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3

from ons_platform.errors import InvalidRequest, NotFound, StoreUnavailable, Unauthorized
from ons_platform.timeseries.points import BUCKETS, RETENTION_SECONDS

ENDLESS = 0
"""The retention of buckets that keep everything."""
_SHARD_SECONDS = 52 * 7 * 86_400
"""A year. With InfluxDB's own choice, a week, decades of hours are 1,400 shards a bucket: half the
speed of writing, five times the memory and a start of a minute instead of seconds."""
_TIMEOUT_SECONDS = 15.0
_PAGE = 100

Json = dict[str, Any]


@dataclass(frozen=True)
class Tokens:
    """What the platform uses the store with; never shown."""

    write: str = field(repr=False)
    read: str = field(repr=False)


def set_up(url: str, org: str, *, username: str, password: str, operator_token: str) -> bool:
    """First start of a server: its user, organisation and operator token are the ones given.

    Returns False, and changes nothing, on a server that is set up already. Raises
    `StoreUnavailable` when it does not answer.
    """
    api = _Api(url, {})
    if not api.call("GET", "/api/v2/setup")["allowed"]:
        return False
    body = {
        "username": username,
        "password": password,
        "token": operator_token,
        "org": org,
        "bucket": BUCKETS[0],
        "retentionPeriodSeconds": RETENTION_SECONDS,
    }
    api.call("POST", "/api/v2/setup", body)
    return True


def bootstrap(
    url: str, org: str, *, operator_token: str, retention_seconds: int = RETENTION_SECONDS
) -> Tokens:
    """Organisation, buckets and tokens of a server that is set up; the tokens.

    `retention_seconds` is applied to buckets that differ; `ENDLESS` keeps everything. Raises
    `Unauthorized` for a token that may not do this, `StoreUnavailable` when nobody answers.
    """
    api = _Api(url, {"Authorization": f"Token {operator_token}"})
    return _bootstrap(api, org, retention_seconds)


def bootstrap_as(
    url: str,
    org: str,
    *,
    username: str,
    password: str,
    retention_seconds: int = RETENTION_SECONDS,
) -> Tokens:
    """The same for a managed instance, whose secret holds a user and no token."""
    basic = urllib3.make_headers(basic_auth=f"{username}:{password}")
    api = _Api(url, {})
    answer = api.request("POST", "/api/v2/signin", headers=basic)
    session = answer.headers.get("Set-Cookie", "").partition(";")[0]
    try:
        return _bootstrap(_Api(url, {"Cookie": session}), org, retention_seconds)
    finally:
        api.request("POST", "/api/v2/signout", headers={"Cookie": session})


class _Api:
    """Calls of the InfluxDB HTTP API; its errors carry the server's words and no credentials."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(total=_TIMEOUT_SECONDS)
        )

    def call(self, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        """The JSON of the answer, empty when it has none."""
        answer = self.request(method, path, body=body, query=query)
        return dict(answer.json()) if answer.data else {}

    def listed(self, path: str, key: str, **query: str) -> list[Json]:
        """Every item of a listing, page by page."""
        items: list[Json] = []
        while True:
            part = {"limit": str(_PAGE), "offset": str(len(items))}
            page = self.call("GET", path, None, **query, **part)[key] or []
            items += page
            if len(page) < _PAGE:
                return items

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """The answer, when it is one of success."""
        sent = {**self._headers, **(headers or {})}
        target = f"{self._url}{path}"
        if query:
            target += "?" + urlencode(query)
        try:
            answer = self._pool.request(method, target, json=body, headers=sent)
        except urllib3.exceptions.HTTPError as error:
            raise StoreUnavailable(f"InfluxDB at {self._url} does not answer") from error
        if answer.status >= 300:
            raise _error(answer, f"{method} {path}")
        return answer


def _error(answer: urllib3.BaseHTTPResponse, what: str) -> Exception:
    try:
        said = str(answer.json().get("message", ""))
    except ValueError:
        said = answer.reason or ""
    message = f"InfluxDB refused {what} with {answer.status}: {said}"
    if answer.status in (401, 403):
        return Unauthorized(message)
    if answer.status == 404:
        return NotFound(message)
    if answer.status == 429 or answer.status >= 500:
        return StoreUnavailable(message)
    return InvalidRequest(message)


def _bootstrap(api: _Api, org: str, retention_seconds: int) -> Tokens:
    org_id = _organisation(api, org)
    buckets = _buckets(api, org_id, retention_seconds)
    known = api.call("GET", "/api/v2/authorizations", orgID=org_id)["authorizations"]
    tokens = {
        name: _token(api, org_id, known, f"ons {name}", _permissions(org_id, buckets, actions))
        for name, actions in (("write", ("read", "write")), ("read", ("read",)))
    }
    return Tokens(**tokens)


def _organisation(api: _Api, org: str) -> str:
    try:
        found = api.call("GET", "/api/v2/orgs", org=org)["orgs"]
    except NotFound:
        found = []
    if not found:
        found = [api.call("POST", "/api/v2/orgs", {"name": org})]
    return str(found[0]["id"])


def _buckets(api: _Api, org_id: str, retention_seconds: int) -> list[str]:
    """The ids of the four, made where missing, their retention changed where it differs."""
    rule = {
        "type": "expire",
        "everySeconds": retention_seconds,
        "shardGroupDurationSeconds": min(_SHARD_SECONDS, retention_seconds or _SHARD_SECONDS),
    }
    known = {item["name"]: item for item in api.listed("/api/v2/buckets", "buckets", orgID=org_id)}
    ids = []
    for name in BUCKETS:
        if name not in known:
            body = {"orgID": org_id, "name": name, "retentionRules": [rule]}
            known[name] = api.call("POST", "/api/v2/buckets", body)
        elif known[name]["retentionRules"] != [rule]:
            path = f"/api/v2/buckets/{known[name]['id']}"
            api.call("PATCH", path, {"retentionRules": [rule]})
        ids.append(str(known[name]["id"]))
    return ids


def _permissions(org_id: str, buckets: Iterable[str], actions: Iterable[str]) -> list[Json]:
    return [
        {"action": action, "resource": {"type": "buckets", "id": bucket, "orgID": org_id}}
        for bucket in buckets
        for action in actions
    ]


def _token(
    api: _Api, org_id: str, known: list[Json], description: str, permissions: list[Json]
) -> str:
    """The token of this name when it allows exactly this; others of the name are withdrawn."""
    wanted = _plain(permissions)
    found = ""
    for item in known:
        if item["description"] != description:
            continue
        right = _plain(item["permissions"]) == wanted and item["status"] == "active"
        if right and item.get("token") and not found:
            found = str(item["token"])
        else:
            api.call("DELETE", f"/api/v2/authorizations/{item['id']}")
    if found:
        return found
    body = {"orgID": org_id, "description": description, "permissions": permissions}
    return str(api.call("POST", "/api/v2/authorizations", body)["token"])


def _plain(permissions: Iterable[Json]) -> set[tuple[Any, ...]]:
    return {
        (item["action"], *(item["resource"].get(name) for name in ("type", "id", "orgID")))
        for item in permissions
    }
