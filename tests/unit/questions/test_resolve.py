from __future__ import annotations

from typing import Any

import pytest

from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Unclear
from ons_platform.questions.resolve import NoData, resolve


@pytest.fixture
def resolved(understood: Any) -> Any:
    return lambda question, held, *plants: resolve(understood(question, *plants), held)


def test_full_coverage_comes_before_preference(resolved: Any, held: Any) -> None:
    held.add("curva-carga", "2023-01-01", "2023-03-01")
    held.add("carga-energia", "2023-01-01", "2024-01-01")
    found = resolved("Qual foi a carga média do Sul em 2023?", held)
    assert found.plan.dataset.dataset == "carga-energia"
    assert any(note.key == "chose_dataset" for note in found.notes)


def test_preference_decides_between_whole_datasets(resolved: Any, held: Any) -> None:
    held.add("curva-carga", "2023-01-01", "2024-01-01")
    held.add("carga-energia", "2023-01-01", "2024-01-01")
    found = resolved("Qual foi a carga média do Sul em 2023?", held)
    assert found.plan.dataset.dataset == "curva-carga"
    daily = resolved("Qual foi a carga diária média do Sul em 2023?", held)
    assert daily.plan.dataset.dataset == "carga-energia"


def test_daily_data_do_not_answer_hourly_questions(resolved: Any, held: Any) -> None:
    held.add("carga-energia", "2023-01-01", "2024-01-01")
    with pytest.raises(NoData) as caught:
        resolved("Qual foi a carga média do Sul às 18h em 2023?", held)
    assert caught.value.note.key == "not_loaded"
    with pytest.raises(NoData):
        resolved("Qual foi a carga máxima do Sul em 2023?", held)


def test_a_period_outside_the_data(resolved: Any, held: Any) -> None:
    held.add("curva-carga", "2023-01-01", "2024-01-01")
    with pytest.raises(NoData) as caught:
        resolved("Qual foi a carga média do Sul em 2019?", held)
    assert caught.value.note.key == "period_not_loaded"
    assert caught.value.held


def test_the_whole_system_is_the_sum_of_the_four_where_all_are_present(
    resolved: Any, held: Any
) -> None:
    held.add("curva-carga", "2023-01-01", "2024-01-01")
    plan = resolved("Qual foi a carga máxima do SIN em 2023?", held).plan
    assert set(plan.rows.regions) == {"SE", "S", "NE", "N"}
    assert plan.parts == 4


def test_the_whole_system_is_its_own_row_in_the_balance(resolved: Any, held: Any) -> None:
    regions = ("N", "NE", "S", "SE", "SIN")
    held.add("balanco-energia-subsistema", "2023-01-01", "2024-01-01", regions=regions)
    plan = resolved("Qual foi a geração média em 2023?", held).plan
    assert plan.rows.regions == ("SIN",)
    assert plan.parts == 4
    ranked = resolved("Ranking dos subsistemas por geração eólica média em 2023", held).plan
    assert "SIN" not in ranked.rows.regions
    assert ranked.parts is None


def test_a_price_has_no_value_of_the_whole_system(resolved: Any, held: Any) -> None:
    held.add("cmo-semi-horario", "2022-01-01", "2023-01-01")
    with pytest.raises(Unclear) as caught:
        resolved("Qual foi o CMO médio do SIN em 2022?", held)
    assert caught.value.note.key == "not_additive"
    assert resolved("CMO médio em 2022", held).plan.by == (Dimension.REGION,)
    highest = resolved("Qual foi o CMO máximo de 2022?", held).plan
    assert (highest.by, highest.limit) == ((Dimension.REGION,), 1)
    with pytest.raises(Unclear):
        resolved("Em que mês de 2022 o CMO médio foi maior?", held)


def test_without_a_period_the_latest_whole_year_is_used_and_said(resolved: Any, held: Any) -> None:
    held.add("curva-carga", "2021-06-01", "2024-05-01")
    found = resolved("Ranking dos subsistemas por carga média", held)
    assert found.plan.windows[0].label == "2023"
    assert any(note.key == "latest_full_year" for note in found.notes)
    partial = type(held)().add("curva-carga", "2024-02-01", "2024-05-01")
    assert any(
        note.key == "latest_year"
        for note in resolved("Ranking dos subsistemas por carga média", partial).notes
    )
    record = resolved("Qual foi o recorde de carga do Sul?", held)
    assert record.plan.windows[0].label == ""
    latest = resolved("Qual é a carga atual do Sul?", held)
    assert latest.plan.aggregate is Aggregate.LAST


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("Qual foi a carga média da Bahia em 2023?", "no_states"),
        ("Qual foi a carga eólica média do Sul em 2023?", "no_sources"),
        ("Qual foi a carga média de Furnas em 2023?", "no_plants"),
        ("Qual foi a carga média do Sul em 2023, em m³/s?", "unit_mismatch"),
        ("Em quantas horas de 2023 a carga do Sul passou de 10 R$/MWh?", "threshold_unit"),
        ("Em que mês de 2023 a carga média do Sul e do Norte foi maior?", "one_region"),
    ],
)
def test_what_does_not_fit(resolved: Any, held: Any, question: str, key: str) -> None:
    held.add("curva-carga", "2023-01-01", "2024-01-01")
    with pytest.raises(Unclear) as caught:
        resolved(question, held, "FURNAS")
    assert caught.value.note.key == key


def test_a_series_of_one_step_is_a_number(resolved: Any, held: Any) -> None:
    held.add("curva-carga", "2023-01-01", "2024-01-01")
    assert resolved("Carga média mensal do Sul em maio de 2023", held).plan.bucket is None
    year = resolved("Carga média mensal do Sul em 2023", held).plan
    assert year.bucket is Bucket.MONTH


def test_comparisons_across_a_change_of_method_say_so(resolved: Any, held: Any) -> None:
    held.add("curva-carga", "2019-01-01", "2024-01-01")
    found = resolved("Compare a carga média do Sul em 2020 com a de 2023", held)
    days = [dict(note.places)["moment"] for note in found.notes if note.key == "method_break"]
    assert [f"{day:%Y-%m-%d}" for day in days] == ["2021-03-01", "2023-04-29"]


def test_a_change_of_method_is_told_of_the_quantity_it_is_of(resolved: Any, held: Any) -> None:
    regions = ("N", "NE", "S", "SE", "SIN")
    held.add("balanco-energia-subsistema", "2019-01-01", "2024-01-01", regions=regions)
    told = {
        what: {note.key for note in resolved(f"Compare {what} do Sul em 2020 e 2023", held).notes}
        for what in ("a carga média", "a geração solar média")
    }
    assert "method_break" in told["a carga média"]
    assert "method_break" not in told["a geração solar média"]


def test_a_region_the_data_do_not_know(resolved: Any, held: Any) -> None:
    held.add("curva-carga", "2023-01-01", "2024-01-01")
    with pytest.raises(NoData) as caught:
        resolved("Qual foi a carga média do Paraguai em 2023?", held)
    assert caught.value.note.key == "no_such_region"
