"""Questions about plants, on a small file in the format of geracao-usina-2."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

PLANTS = [
    # subsystem, state, type, name, MWmed at hour h of the day
    ("SE", "SUDESTE", "PR", "PARANÁ", "HIDROELÉTRICA", "Itaipu", lambda h: 8000 + 10 * h),
    ("SE", "SUDESTE", "RJ", "RIO DE JANEIRO", "NUCLEAR", "Angra I", lambda h: 600 + 0 * h),
    ("SE", "SUDESTE", "RJ", "RIO DE JANEIRO", "NUCLEAR", "Angra II", lambda h: 1300 + 0 * h),
    ("NE", "NORDESTE", "BA", "BAHIA", "EOLIELÉTRICA", "Conj. Caetité", lambda h: 400 - 5 * h),
    ("NE", "NORDESTE", "CE", "CEARÁ", "TÉRMICA", "Pecém I", lambda h: 300 + 0 * h),
    ("NE", "NORDESTE", "CE", "CEARÁ", "TÉRMICA", "Pecém II", lambda h: 200 + 0 * h),
    (
        "SE",
        "SUDESTE",
        "SP",
        "SÃO PAULO",
        "FOTOVOLTAICA",
        "Conj. Pereira",
        lambda h: (h == 12) * 90 - 1,
    ),
]


def table() -> pd.DataFrame:
    hours = pd.date_range("2024-03-01", "2024-04-30 23:00", freq="h")
    frames = [
        pd.DataFrame(
            {
                "din_instante": hours,
                "id_subsistema": region,
                "nom_subsistema": subsystem,
                "id_estado": state,
                "nom_estado": name_of_state,
                "cod_modalidadeoperacao": "TIPO I",
                "nom_tipousina": kind,
                "nom_tipocombustivel": kind,
                "nom_usina": plant,
                "id_ons": plant.upper(),
                "ceg": "-",
                "val_geracao": value(np.asarray(hours.hour)).astype(float),
            }
        )
        for region, subsystem, state, name_of_state, kind, plant, value in PLANTS
    ]
    return pd.concat(frames)


FRAME = table()
MARCH = FRAME[FRAME["din_instante"] < "2024-04-01"]


def energy(plant: str) -> float:
    return float(MARCH[MARCH["nom_usina"] == plant]["val_geracao"].sum() / 1000)


def by(column: str) -> Any:
    return MARCH.groupby(column)["val_geracao"].sum()


@pytest.fixture(scope="module")
def answer(question_lake: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("plants") / "GERACAO_USINA-2_2024.csv"
    FRAME.to_csv(file, sep=";", index=False)
    return question_lake([file]).ask


@pytest.mark.parametrize(
    ("question", "value", "unit"),
    [
        ("Quanto gerou a usina de Itaipu em março de 2024?", energy("Itaipu"), "GWh"),
        ("How much did Itaipu generate in March 2024?", energy("Itaipu"), "GWh"),
        ("Quanto Pecém I gerou em março de 2024?", energy("Pecém I"), "GWh"),
        (
            "Quanto Pecém gerou em março de 2024?",
            energy("Pecém I") + energy("Pecém II"),
            "GWh",
        ),
        ("Qual foi a geração média de Itaipu às 10h em março de 2024?", 8100.0, "MWmed"),
        ("Qual o pico de geração de Itaipu em março de 2024?", 8230.0, "MWmed"),
        ("Qual foi a geração média do Ceará em março de 2024?", 500.0, "MWmed"),
        ("What was the average generation in Ceará in March 2024?", 500.0, "MWmed"),
        ("Qual foi a geração nuclear média em março de 2024?", 1900.0, "MWmed"),
        ("Qual usina mais gerou em março de 2024?", "Itaipu", "GWh"),
        ("Which plant generated the most in March 2024?", "Itaipu", "GWh"),
        ("Qual usina nuclear gerou menos em março de 2024?", "Angra I", "GWh"),
        ("Qual usina nuclear foi a pior em março de 2024?", "Angra I", "MWmed"),
        ("Which state generated the most in March 2024?", "PR", "GWh"),
        (
            "Qual a participação de Itaipu na geração de março de 2024?",
            100 * by("nom_usina")["Itaipu"] / by("nom_usina").sum(),
            "%",
        ),
        (
            "Qual a participação do Paraná na geração do SIN em março de 2024?",
            100 * by("id_estado")["PR"] / by("id_estado").sum(),
            "%",
        ),
        (
            "Qual a participação da Bahia na geração eólica em março de 2024?",
            100.0,
            "%",
        ),
        (
            "Compare a geração média de Angra I e Angra II em março de 2024",
            {"Angra I": 600.0, "Angra II": 1300.0},
            "MWmed",
        ),
        (
            "Geração média por estado em março de 2024",
            {state: total / 744 for state, total in by("id_estado").items()},
            "MWmed",
        ),
        (
            "Top 2 plants by average generation in March 2024",
            {"Itaipu": by("nom_usina")["Itaipu"] / 744, "Angra II": 1300.0},
            "MWmed",
        ),
        (
            "Quais usinas registraram geração negativa em março de 2024?",
            {"Conj. Pereira": 31 * 23},
            "horas",
        ),
        (
            "Quantas usinas geraram mais de 1000 MW em março de 2024?",
            2,
            "usinas ou reservatórios",
        ),
        (
            "Em que hora do dia a geração eólica da Bahia é maior, em média, em março de 2024?",
            0,
            "MWmed",
        ),
        ("Em que mês de 2024 Angra I gerou mais?", "2024-03", "GWh"),
    ],
)
def test_plants(answer: Any, question: str, value: Any, unit: str) -> None:
    reply = answer(question)
    assert reply.status == "answered", reply.answer
    expected = pytest.approx(value) if not isinstance(value, str) else value
    assert reply.value == expected, reply.answer
    assert reply.unit == unit


def test_names_that_were_taken_together_are_named(answer: Any) -> None:
    reply = answer("Quanto Pecém gerou em março de 2024?")
    assert "Nomes considerados: Pecém I e Pecém II." in reply.assumptions


def test_a_misspelt_name_is_corrected_and_said_or_asked_back(answer: Any) -> None:
    corrected = answer("Quanto gerou a usina Itaipuu em março de 2024?")
    assert corrected.value == pytest.approx(energy("Itaipu"))
    assert "Li o nome como Itaipu." in corrected.assumptions
    asked_back = answer("Quanto gerou a usina Xanadu em março de 2024?")
    assert asked_back.status == "needs_clarification"


@pytest.mark.parametrize(
    "question",
    [
        "Qual foi a carga média da Bahia em março de 2024?",
        "Quanto gerou a usina de Itaipu em 2019?",
        "Qual foi o volume útil de Itaipu em março de 2024?",
        "Qual a capacidade instalada da Bahia?",
    ],
)
def test_what_is_not_held_gets_no_number(answer: Any, question: str) -> None:
    reply = answer(question)
    assert reply.status in {"no_data", "needs_clarification"}
    assert reply.value is None
