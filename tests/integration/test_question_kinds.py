"""Kinds of questions that are not about one number: the data themselves, shares, comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def ask(question_lake: Any) -> Any:
    return question_lake(sorted(SAMPLES.glob("*.csv"))).ask


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Até que data vai a carga diária?", "2023-12-31"),
        ("Desde quando há dados da curva de carga?", "2023-01-01T00:00:00-03:00"),
        ("Since when is there weekly CMO data?", "2024-01-05"),
        ("Até que data vai a curva de carga de março de 2023?", "2023-03-31T23:00:00-03:00"),
        ("Até quando há dados de CMO semi-horário?", "2022-12-31T23:30:00-03:00"),
        ("Qual a data mais recente do balanço de energia?", "2023-09-19T23:00:00-03:00"),
        ("Quais registros do balanço de 2023 são inconsistentes?", 192),
        ("Are there missing values in the load curve of 2023?", 0),
        ("Quais registros de vazão afluente de Furnas estão vazios?", 0),
        ("O Sul importou energia em junho de 2023?", "sim"),
        ("Was the South a net exporter in June 2023?", "no"),
        ("O Brasil exportou ou importou energia em junho de 2023?", "exportação"),
        ("Qual a participação da eólica na capacidade instalada da Bahia?", 54.837224),
        ("Capacidade eólica da Bahia em GW", 10.99905),
        ("Quantas usinas nucleares existem?", 2),
        ("How many hydro units are there in Ceará?", 0),
        ("Qual usina tem mais unidades geradoras?", "SANTO ANTÔNIO"),
        ("Which state has the most wind farms?", "BA"),
        (
            "Qual foi a diferença entre o CMO médio do Sul e do Norte em 2022?",
            31.265214 - 22.923387,
        ),
        ("Em que hora de 14/11/2023 a carga do SIN foi maior?", "2023-11-14T14:00:00-03:00"),
        ("Em que dia e hora ocorreu a carga máxima do SIN em 2023?", "2023-11-14T14:00:00-03:00"),
        ("Em qual percentual das horas de 2023 a carga do SIN passou de 80 GW?", 27.465753),
        ("Por quantas horas o CMO do Sudeste ficou acima de R$ 100/MWh em 2022?", 127.5),
        ("Qual foi o maior CMO semanal do Sul em 2024 e quando?", 624.81),
        ("Quando foi o maior CMO semanal do Sul em 2024?", "2024-10-04"),
        ("Qual o CMO semanal mais recente do Norte?", 2.69),
        ("Qual foi a queda horária máxima de carga do Sul em 2023?", None),
    ],
)
def test_values(ask: Any, question: str, value: Any) -> None:
    answer = ask(question)
    assert answer.status == "answered", answer.answer
    if isinstance(value, float):
        assert answer.value == pytest.approx(value, abs=1e-5)
    elif value is not None:
        assert answer.value == value
    else:
        assert answer.value < 0


@pytest.mark.parametrize(
    ("question", "keys"),
    [
        ("Quais dados você tem?", {"curva-carga", "cmo-semanal", "capacidade-geracao"}),
        ("Participação de cada subsistema na carga do SIN em 2023", {"SE", "S", "NE", "N"}),
        ("Participação solar na geração do SIN por mês em 2023", {"2023-01", "2023-09"}),
        ("Compare a participação eólica do Nordeste em janeiro e julho de 2023",
         {"2023-01", "2023-07"}),
        ("Ranking de crescimento da carga por subsistema entre janeiro e dezembro de 2023",
         {"SE", "S", "NE", "N"}),
        ("Carga média do SIN em março de 2023 e em abril de 2023", {"2023-03", "2023-04"}),
        ("Carga máxima por mês do Sul em 2023", {"2023-01", "2023-12"}),
        ("Evolução da carga do Sul entre março e maio de 2023", {"2023-03", "2023-05"}),
        ("Curva de carga do Sul em 15/07/2023", {"2023-07-15T00:00:00-03:00"}),
        ("Mostre a evolução da carga do Sul em 2023", {"2023-01", "2023-12"}),
        ("Carga média do Sul por semana em maio de 2023", {"2023-05-01", "2023-05-29"}),
        ("Quais os 3 dias de maior carga média do SIN em 2023?", {"2023-11-17"}),
        ("Volume útil de Sobradinho e Furnas em 01/03/2025", {"SOBRADINHO", "FURNAS"}),
        ("Capacidade instalada por fonte", {"hydro", "wind", "nuclear"}),
        ("Qual a participação de cada fonte na capacidade instalada?", {"hydro", "wind"}),
        ("Em quantas horas de 2023 a carga passou de 12 GW em cada subsistema?", {"S", "NE"}),
        ("Compare a capacidade eólica da Bahia e do Piauí", {"BA", "PI"}),
        ("Compare a carga do Sul em dezembro de 2023 com junho de 2023",
         {"2023-06", "2023-12", "variacao", "variacao_percentual"}),
    ],
)  # fmt: skip
def test_tables(ask: Any, question: str, keys: set[str]) -> None:
    answer = ask(question, include_chart=True)
    assert answer.status == "answered", answer.answer
    assert keys <= set(answer.value)
    if answer.chart is not None:
        assert all(len(row) == len(answer.chart.labels) for row in answer.chart.series.values())


def test_shares_add_up(ask: Any) -> None:
    mix = ask("Qual foi a matriz de geração do Nordeste em maio de 2023?").value
    assert sum(mix.values()) == pytest.approx(100)


def test_a_sum_of_regions_is_the_sum(ask: Any) -> None:
    both = ask("Qual foi a soma da carga do Sudeste e do Sul em maio de 2023, em GWh?").value
    each = ask("Quanta energia o Sudeste e o Sul consumiram em maio de 2023, em GWh?").value
    assert both == pytest.approx(sum(each.values()))


def test_flagged_values_in_use_are_said(ask: Any) -> None:
    answer = ask("Qual reservatório tem o maior volume útil?")
    assert any("fora da faixa" in text for text in answer.assumptions)
