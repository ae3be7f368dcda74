"""POST /query end to end on a small lake: answers, refusals, counts, logs (QRY-1 … QRY-8)."""

from __future__ import annotations

import json
from xml.etree import ElementTree as Xml

import pytest

MEAN = "Qual foi a carga média do Sudeste em 1 de janeiro de 2023?"


def test_an_answer_has_value_unit_period_source_and_query(loaded) -> None:
    reply = loaded.post("/query", {"question": MEAN})
    assert reply.status == 200
    found = reply.json
    assert found["status"] == "answered"
    assert found["value"] == pytest.approx(1011.5)
    assert found["unit"] == "MWmed"
    assert found["period"] == {
        "start": "2023-01-01T00:00:00-03:00",
        "end": "2023-01-02T00:00:00-03:00",
    }
    assert found["sources"][0]["document"].endswith("curva-carga")
    assert (found["query_language"], found["flux_query_used"]) == ("sql", None)
    assert found["language"] == "pt"
    assert found["chart"] is None


def test_the_query_told_gives_the_same_value_when_run_raw(loaded) -> None:
    told = loaded.post("/query", {"question": MEAN}).json
    again = loaded.post("/query/flux", {"language": "sql", "query": told["query_used"]})
    assert again.status == 200
    assert again.json["rows"][0]["value"] == pytest.approx(told["value"])


def test_english_is_answered_in_english(loaded) -> None:
    question = "What was the average load of the Southeast on January 1, 2023?"
    found = loaded.post("/query", {"question": question}).json
    assert found["language"] == "en"
    assert found["value"] == pytest.approx(1011.5)


def test_as_of_is_what_yesterday_refers_to(loaded) -> None:
    body = {"question": "carga média do Sul ontem", "as_of": "2023-01-02T10:00:00"}
    assert loaded.post("/query", body).json["value"] == pytest.approx(111.5)


def test_a_chart_comes_when_asked_for(loaded) -> None:
    question = "carga por hora do Sudeste em 1 de janeiro de 2023"
    found = loaded.post("/query", {"question": question, "include_chart": True}).json
    assert Xml.fromstring(found["chart"]).tag.endswith("svg")
    assert len(found["time_series_data"]) == 24


def test_points_are_bounded(loaded) -> None:
    question = "carga por hora do Sudeste em 1 de janeiro de 2023"
    found = loaded.post("/query", {"question": question, "max_points": 5}).json
    assert len(found["time_series_data"]) == 5
    assert found["truncated"] is True


@pytest.mark.parametrize("question", ["quem descobriu o Brasil?", "xyzzy plugh", "' OR 1=1 --"])
def test_what_is_not_understood_is_declined_with_suggestions(loaded, question: str) -> None:
    found = loaded.post("/query", {"question": question}).json
    assert found["status"] in ("needs_clarification", "out_of_scope")
    assert found["value"] is None
    assert found["suggestions"]


def test_what_is_not_loaded_is_no_data(loaded) -> None:
    found = loaded.post("/query", {"question": "carga média do Sul em 2015"}).json
    assert found["status"] == "no_data"


def test_an_empty_lake_answers_too(api) -> None:
    assert api.post("/query", {"question": MEAN}).json["status"] == "no_data"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("{}", {"Content-Type": "application/json"}, 400),
        ("{", {"Content-Type": "application/json"}, 400),
        ('{"question": "carga"}', {"Content-Type": "text/plain"}, 415),
        ('{"question": "carga"}', None, 415),
        ('{"question": "' + "a" * 70_000 + '"}', {"Content-Type": "application/json"}, 413),
    ],
)
def test_refusals_are_problems(loaded, body: str, headers, status: int) -> None:
    assert loaded.call("POST", "/query", body, headers=headers).status == status


def test_the_log_has_the_outcome_and_not_the_question(loaded, capsys) -> None:
    reply = loaded.post("/query", {"question": MEAN + " Maria da Silva"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (logged,) = [line for line in lines if line["event"] == "query.done"]
    assert logged["query_id"] == reply.json["query_id"]
    assert logged["status"] == reply.json["status"]
    assert not any("Silva" in str(value) for value in logged.values())


def test_every_outcome_is_counted(loaded) -> None:
    loaded.post("/query", {"question": MEAN})
    loaded.post("/query", {"question": "no"})
    found = loaded.get("/metrics").json["queries"]
    assert found["by_status"] == {"answered": 1, "refused": 1}
    assert found["by_language"] == {"pt": 1, "unknown": 1}
