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


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Qual foi a geração eólica média do Nordeste em janeiro de 2023?",
         "A geração eólica média do Nordeste em janeiro de 2023 foi de 7.946,88 MWmed."),
        ("What was the average wind generation in the Northeast in January 2023?",
         "The average wind generation in the Northeast in January 2023 was 7,946.88 MWmed."),
        ("Qual o CMO máximo em 2022?",
         "O CMO máximo em 2022 foi de 253,63 R$/MWh, em 24/07/2022 às 18h (Nordeste)."),
        ("What was the maximum CMO in 2022?",
         "The maximum CMO in 2022 was 253.63 R$/MWh, on 2022-07-24 at 18:00 (Northeast)."),
        ("Qual é a carga do Sul?",
         "O último valor da carga do Sul foi de 10.365,65 MWmed, em 31/12/2023 às 23h."),
        ("Quanta energia o Nordeste gerou de 01/02/2023 a 10/03/2023?",
         "A geração total do Nordeste de 01/02/2023 a 10/03/2023 foi de 14.573,70 GWh."),
        ("Qual a participação da eólica na geração do Nordeste em maio de 2023?",
         "A participação eólica na geração do Nordeste em maio de 2023 foi de 59,44 %."),
        ("Share of the South in the load in 2023",
         "The share of the South in load in the SIN in 2023 was 17.05 %."),
        ("Nível de montante médio de Furnas em 2025",
         "O nível médio de montante do reservatório FURNAS em 2025 foi de 762,10 m."),
        ("Average useful volume of Furnas in March 2025",
         "The average useful volume of the reservoir FURNAS in March 2025 was 66.32 %."),
        ("Volume útil de Sobradinho em 01/03/2025",
         "O volume útil do reservatório SOBRADINHO em 01/03/2025 foi de 85,35 %."),
        ("Quanto o Sul importou em junho de 2023?",
         "A importação líquida total do Sul em junho de 2023 foi de 2.896,17 GWh."),
        ("Carga média do Sul às 18h em 2023",
         "A carga média do Sul em 2023, na hora 18, foi de 14.479,51 MWmed."),
        ("Carga do SIN em 01/02/2023 à 1h",
         "A carga do SIN em 01/02/2023 à 01h foi de 71.832,78 MWmed."),
        ("Em quantas horas de 2023 a carga do SIN passou de 80 GW?",
         "A carga do SIN em 2023 ficou acima de 80.000 MWmed em 2.406 de 8.760 horas."),
        ("In how many hours of 2023 was the load of the South below 8 GW?",
         "The load in the South in 2023 was below 8,000 MWmed in 189 out of 8,760 hours."),
        ("Qual a potência de Angra 1?", "A capacidade instalada da usina ANGRA I é de 640 MW."),
        ("Quantas usinas nucleares existem?", "Há 2 usinas de fonte nuclear."),
        ("How many hydro units are there in Bahia?",
         "There are 34 hydro generating units in Bahia."),
        ("Quantas unidades geradoras há em Minas Gerais?",
         "Há 502 unidades geradoras em Minas Gerais."),
        # Where a sentence would be doubtful.
        ("CMO semanal médio do Sul em 2024", "CMO médio semanal, média, Sul, 2024: 99,86 R$/MWh."),
        ("Quantas unidades entraram em operação em 2010 na Bahia?",
         "Unidades geradoras, Bahia: 13 unidades."),
    ],
)  # fmt: skip
def test_one_number_is_said_in_a_sentence(ask: Any, question: str, words: str) -> None:
    assert ask(question).answer == words


def test_hourly_load_of_a_day_is_its_hours(ask: Any) -> None:
    assert len(ask("Carga horária do Norte em 01/01/2023").value) == 24
    assert len(ask("Hourly load in the North on 1 January 2023").value) == 24


def test_several_other_datasets_take_the_plural(ask: Any) -> None:
    (one,) = (text for text in ask("Carga média do Sul em março de 2023").assumptions
              if text.startswith("Usei"))  # fmt: skip
    assert "também têm" in one


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
