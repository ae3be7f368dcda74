"""Where a refused query is shown to be wrong, in the terminal."""

from __future__ import annotations

import httpx
import pytest

from ons_local.client import Client, Target
from ons_local.rawqueries import ask_for_csv, ask_for_rows, pointer
from ons_platform.errors import InvalidRequest


def answering(status: int, json: object = None, **more: object) -> Client:
    """A client of a platform that always answers this."""
    client = Client(Target("http://127.0.0.1:9", "key"))
    client.close()
    respond = httpx.MockTransport(lambda _: httpx.Response(status, json=json, **more))
    client._http = httpx.Client(base_url="http://platform", transport=respond)
    return client


@pytest.mark.parametrize(
    ("query", "line", "column", "shown"),
    [
        ("SELECT x", 1, 8, "SELECT x\n       ^"),
        ("SELECT x\n  INTO y", 2, 3, "  INTO y\n  ^"),
        ("SELECT\tx\0", 1, 9, "SELECT x \n        ^"),
        ("", 1, 1, "\n^"),
        ("a" * 200 + "b", 1, 201, "a" * 45 + "b\n" + " " * 45 + "^"),
    ],
)
def test_the_place_is_marked(query: str, line: int, column: int, shown: str) -> None:
    assert pointer(query, line, column) == shown


def test_a_refused_query_is_shown_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    problem = {
        "error": "UnsafeQuery",
        "detail": "INTO writes",
        "position": {"line": 1, "column": 10},
    }
    with pytest.raises(InvalidRequest, match="INTO writes"):
        ask_for_rows(answering(400, problem), {"query": "SELECT x INTO y"})
    assert capsys.readouterr().err.splitlines() == ["SELECT x INTO y", "         ^"]


def test_a_refusal_without_a_place_shows_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidRequest):
        ask_for_csv(answering(400, {"error": "InvalidRequest", "detail": "no"}), {"query": "x"})
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("told", "warned"), [("true", True), ("false", False)])
def test_csv_that_is_cut_is_told(
    told: str, warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    client = answering(200, text="a\r\n1\r\n", headers={"X-Truncated": told})
    assert ask_for_csv(client, {"query": "x"}) == "a\r\n1\r\n"
    assert ("more rows" in capsys.readouterr().err) == warned


def test_rows_are_the_answer() -> None:
    assert ask_for_rows(answering(200, {"rows": []}), {"query": "x"}) == {"rows": []}
