from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.errors import InvalidRequest
from ons_platform.lake.zone import brasilia
from ons_platform.questions.answer import Answer
from ons_platform.questions.ask import QuestionRequest, ask, entity_index

NOW = datetime(2024, 6, 19, 15, 30, tzinfo=brasilia())
AT = datetime(2023, 5, 4, 18, tzinfo=UTC)


def row(value: float, n: int = 1, **more: Any) -> dict[str, Any]:
    return {"value": value, "n": n, "at": AT, "first": AT, "last": AT, **more}


@pytest.fixture
def reply(held: Any, engine: Any) -> Any:
    held.add("curva-carga", "2023-01-01", "2024-01-01")

    def answer(question: str, *rows: dict[str, Any], **options: Any) -> Answer:
        return ask(
            QuestionRequest(question, **options),
            catalog=catalog(),
            knowledge=held,
            engine=engine(*rows),
            now=NOW,
        )

    return answer


def test_an_answer_names_value_unit_period_source_and_query(reply: Any) -> None:
    answer = reply("Qual foi a carga média do Sul em maio de 2023?", row(12345.678, 744))
    assert answer.status == "answered"
    assert answer.answer == "A carga média do Sul em maio de 2023 foi de 12.345,68 MWmed."
    assert (answer.value, answer.unit) == (12345.678, "MWmed")
    assert answer.period == {
        "start": "2023-05-01T00:00:00-03:00",
        "end": "2023-06-01T00:00:00-03:00",
    }
    assert answer.sources[0].as_dict()["document"].endswith("/curva-carga")
    assert "FROM curva_carga" in answer.query_used
    assert answer.time_series_data[0]["tags"] == {"region": "S"}
    assert answer.confidence_score > 0.9


def test_partial_coverage_lowers_confidence_and_is_said(reply: Any) -> None:
    answer = reply("Qual foi a carga média do Sul em maio de 2023?", row(12345.678, 700))
    assert any("700 de 744" in text for text in answer.assumptions)
    assert answer.confidence_score < 0.97


def test_the_language_of_the_question_is_the_language_of_the_answer(reply: Any) -> None:
    answer = reply("What was the maximum load of the South in May 2023?", row(1.5, 744))
    assert answer.language == "en"
    assert answer.answer == (
        "The maximum load in the South in May 2023 was 1.50 MWmed, on 2023-05-04 at 15:00."
    )
    assert reply("load of the South", language="pt").language == "pt"


def test_as_of_is_the_now_of_the_question(reply: Any) -> None:
    then = datetime(2023, 5, 5, 12, tzinfo=brasilia())
    answer = reply("Qual foi a carga média do Sul ontem?", row(10.0, 24), as_of=then)
    assert answer.period["start"] == "2023-05-04T00:00:00-03:00"
    assert reply("Qual foi a carga média do Sul ontem?").status == "no_data"


@pytest.mark.parametrize("year", [1, 9999])
def test_an_as_of_beyond_belief_is_an_invalid_request(reply: Any, year: int) -> None:
    with pytest.raises(InvalidRequest):
        reply("carga ontem", as_of=datetime(year, 1, 1, tzinfo=UTC))


def test_no_rows_is_no_data(reply: Any) -> None:
    answer = reply("Qual foi a carga média do Sul em maio de 2023?")
    assert answer.status == "no_data"
    assert "curva-carga de 01/01/2023 a 31/12/2023" in answer.answer
    assert answer.suggestions


def test_a_period_without_a_single_value_is_no_data(reply: Any) -> None:
    """SQL without groups gives one row of nulls where every value is missing."""
    nothing = dict.fromkeys(("value", "at", "first", "last", "missing", "excluded"))
    assert reply("Qual foi a carga média do Sul em 2023?", nothing | {"n": 0}).status == "no_data"


def test_nothing_loaded_is_said(engine: Any) -> None:
    class Nothing:
        def get(self, _: str) -> None:
            return None

    def answer(question: str) -> Answer:
        return ask(
            QuestionRequest(question),
            catalog=catalog(),
            knowledge=Nothing(),
            engine=engine(),
            now=NOW,
        )

    assert answer("Qual foi a carga média do Sul em 2023?").status == "no_data"
    assert answer("Qual a capacidade instalada da Bahia?").status == "no_data"
    assert answer("Quais dados você tem?").answer == "Ainda não há dados carregados."


def test_a_day_by_mean_and_by_peak_is_asked_back_when_they_differ(reply: Any) -> None:
    days = [datetime(2023, 5, number) for number in (1, 2)]  # noqa: DTZ001 - civil buckets
    rows = [
        row(20.0, 24, bucket=days[0], other=25.0),
        row(19.0, 24, bucket=days[1], other=30.0),
    ]
    question = "Em que dia de maio de 2023 a carga do Sul foi maior?"
    differing = reply(question, *rows)
    assert differing.status == "needs_clarification"
    assert "2023-05-01" in differing.answer
    assert "2023-05-02" in differing.answer
    agreeing = reply(question, rows[0])
    assert agreeing.value == "2023-05-01"


def test_growth_by_percent_and_by_amount_is_asked_back_when_they_differ(reply: Any) -> None:
    rows = [
        row(10.0, 744, region="S", period=0),
        row(20.0, 744, region="S", period=1),
        row(100.0, 744, region="SE", period=0),
        row(150.0, 744, region="SE", period=1),
    ]
    question = "Qual subsistema teve o maior crescimento{} de carga entre maio e julho de 2023?"
    assert reply(question.format(""), *rows).status == "needs_clarification"
    assert reply(question.format(" percentual"), *rows).value == "S"


def test_days_over_a_threshold_are_asked_back_when_mean_and_peak_differ(reply: Any) -> None:
    day = datetime(2023, 5, 1)  # noqa: DTZ001 - civil buckets
    rows = [row(9_000.0, 24, bucket=day, other=11_000.0)]
    question = "Em quantos dias de maio de 2023 a carga{} do Sul passou de 10.000 MW?"
    assert reply(question.format(""), *rows).status == "needs_clarification"
    rows = [row(9_000.0, 24, bucket=day)]
    assert reply(question.format(" média"), *rows).value == 0


def test_a_tie_is_said(reply: Any) -> None:
    rows = [row(10.0, 744, region="S"), row(10.0, 744, region="N")]
    answer = reply("Qual subsistema teve a maior carga média em maio de 2023?", *rows)
    assert answer.value == "S"
    assert "Empate entre Sul e Norte." in answer.assumptions


def test_plant_names_are_indexed_once_per_version(held: Any) -> None:
    entities = ({"id": "1", "name": "FURNAS", "region": "SE", "state": None, "source": None},)
    held.add("dados-hidrologicos-res", "2025-01-01", "2025-02-01", entities=entities)
    first = entity_index(catalog(), held)
    assert entity_index(catalog(), held) is first
    assert len(first) == 1


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(min_size=1, max_size=200))
def test_no_text_raises_and_only_answers_carry_values(reply: Any, text: str) -> None:
    answer = reply(text)
    if answer.status != "answered":
        assert answer.value is None
        assert answer.answer
