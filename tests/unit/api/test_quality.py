"""GET /quality and GET /quality/{key+}."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ons_platform.ingest.reports.place import report_path
from ons_platform.lake.ledger import Entry, Status

KEY = "year=2023/CURVA CARGA_2023.csv"
PATH = "/quality/year=2023/CURVA%20CARGA_2023.csv"
REPORT: dict[str, Any] = {
    "file": "CURVA CARGA_2023.csv",
    "dataset": "curva-carga",
    "rows_read": 4,
    "rows_written": 4,
    "rows_flagged": 1,
    "rows_skipped": 0,
    "flags": {"suspect": 1, "ok": 3},
    "score": 0.75,
    "period": ["2023-01-01T00:00:00-03:00", "2023-01-01T03:00:00-03:00"],
    "rules": [],
    "completeness": None,
    "findings": [],
    "warnings": [],
    "stretches": [],
    "stretches_total": 0,
}


def put_report(api: Any, entry: Entry) -> None:
    api.services.processed.put_bytes(report_path(entry.version), json.dumps(REPORT).encode())


def test_the_report_of_the_newest_or_a_named_version(api) -> None:
    put_report(api, api.receive(KEY, Status.COMPLETED, dataset="curva-carga", rows_written=4))
    assert api.get(PATH).json == {
        "key": KEY,
        "version_id": "v1",
        "status": "completed",
        "dataset": "curva-carga",
        "rows_written": 4,
        "score": 0.75,
        "flags": {"suspect": 1, "ok": 3},
        "completeness": None,
        "findings": 0,
        "reason": None,
        "report": REPORT,
    }
    api.receive(KEY, Status.FAILED, reason={"error": "EmptyFile", "message": "It is empty."})
    newest = api.get(PATH).json
    assert (newest["report"], newest["reason"]["error"]) == (None, "EmptyFile")
    assert api.get(PATH, {"version_id": "v1"}).json["report"] == REPORT


def test_the_page_opens_in_the_language_and_runs_nothing(api) -> None:
    put_report(api, api.receive(KEY, Status.COMPLETED))
    reply = api.get(PATH, {"format": "html", "language": "en"})
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.text.startswith('<!doctype html>\n<html lang="en">')
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy + reply.text
    assert 'lang="pt-BR">' in api.get(PATH, {"format": "html"}).text


def test_the_page_of_a_refused_file_says_why(api) -> None:
    api.receive(KEY, Status.FAILED, reason={"message": "It is <empty>.", "message_pt": "Vazio."})
    page = api.get(PATH, {"format": "html"}).text
    assert "It is &lt;empty&gt;." in page
    assert "Vazio." in page


def test_all_files_by_their_newest_version(api) -> None:
    put_report(api, api.receive("a.csv", Status.FAILED))
    put_report(api, api.receive("a.csv", Status.COMPLETED))
    api.receive("b.csv", Status.FAILED, reason={"error": "EmptyFile"})
    files = {item["key"]: item for item in api.get("/quality").json["files"]}
    assert (files["a.csv"]["status"], files["a.csv"]["score"]) == ("completed", 0.75)
    assert (files["b.csv"]["score"], files["b.csv"]["reason"]) == (None, {"error": "EmptyFile"})
    assert len(api.get("/quality", {"limit": "1"}).json["files"]) == 1
    assert [f["key"] for f in api.get("/quality", {"prefix": "b"}).json["files"]] == ["b.csv"]


@pytest.mark.parametrize("query", [{"format": "pdf"}, {"language": "fr"}])
def test_wrong_choices_are_named(api, query: dict[str, str]) -> None:
    api.receive(KEY, Status.FAILED)
    reply = api.get(PATH, query)
    assert reply.status == 400
    assert [item["field"] for item in reply.json["details"]] == list(query)


def test_a_wrong_limit_and_an_unknown_object(api) -> None:
    assert api.get("/quality", {"limit": "0"}).status == 400
    assert api.get("/quality/nothing.csv").status == 404
