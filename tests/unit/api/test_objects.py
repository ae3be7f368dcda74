"""GET /objects, GET /objects/{key+} and POST /replay."""

from __future__ import annotations

import pytest

from ons_platform.errors import ServiceUnavailable
from ons_platform.lake.ledger import ObjectVersion, Status

KEY = "year=2023/CURVA CARGA/2023 %25.csv"


def test_newest_first_by_status_prefix_and_limit(api) -> None:
    api.receive("year=2022/a.csv", Status.COMPLETED)
    api.receive("year=2023/b.csv", Status.FAILED, reason={"error": "EmptyFile"})
    api.receive("year=2023/c.csv", Status.COMPLETED)

    def keys(**query: str) -> list[str]:
        return [item["version"]["key"] for item in api.get("/objects", query).json["objects"]]

    assert set(keys()) == {"year=2022/a.csv", "year=2023/b.csv", "year=2023/c.csv"}
    assert keys(status="failed") == ["year=2023/b.csv"]
    assert set(keys(prefix="year=2023/")) == {"year=2023/b.csv", "year=2023/c.csv"}
    assert len(keys(limit="1")) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"status": "done"},
        {"status": ""},
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "x"},
        {"limit": "²"},
    ],
)
def test_wrong_filters_are_named(api, query: dict[str, str]) -> None:
    reply = api.get("/objects", query)
    assert reply.status == 400
    assert [item["field"] for item in reply.json["details"]] == list(query)


def test_an_object_is_shown_in_its_newest_or_a_named_version(api) -> None:
    first, second = api.receive(KEY, Status.COMPLETED), api.receive(KEY, Status.FAILED)
    path = "/objects/year=2023/CURVA%20CARGA/2023%20%2525.csv"
    assert api.get(path).json == second.as_dict()
    assert api.get(path, {"version_id": "v1"}).json == first.as_dict()


def test_an_unknown_object_is_not_found(api) -> None:
    assert api.get("/objects/nothing").status == 404
    api.receive("a", Status.FAILED)
    assert api.get("/objects/a", {"version_id": "v9"}).status == 404


def test_a_replay_starts_the_same_version_again(api) -> None:
    entry = api.receive(KEY, Status.FAILED, attempts=3, reason={"error": "EmptyFile"})
    reply = api.post("/replay", {"key": KEY})
    assert reply.status == 202
    assert reply.json["executions"] == [
        {"key": KEY, "version_id": "v1", "execution_id": "execution-1"}
    ]
    ((name, event),) = api.executions.events
    assert name.startswith("replay-")
    assert ObjectVersion.from_event(event) == entry.version
    again = api.services.ledger.get(KEY, "v1")
    assert (again.status, again.attempts, again.reason) == (Status.RECEIVED, 3, None)


def test_all_failed_ones_are_replayed_once(api) -> None:
    for name in ("a", "b"):
        api.receive(name, Status.FAILED)
    api.receive("c", Status.COMPLETED)
    reply = api.post("/replay", {"failed": True})
    assert {item["key"] for item in reply.json["executions"]} == {"a", "b"}
    assert api.post("/replay", {"failed": True}).json["executions"] == []


def test_replaying_what_never_came_is_not_found(api) -> None:
    assert api.post("/replay", {"key": "nothing"}).status == 404
    assert api.executions.events == []


def test_a_state_machine_that_does_not_answer_is_a_503(api) -> None:
    def refuse(name: str, event: object) -> str:
        raise ServiceUnavailable("down", retry_after=7)

    api.receive("a", Status.FAILED)
    api.executions.start = refuse
    assert api.post("/replay", {"key": "a"}).status == 503
