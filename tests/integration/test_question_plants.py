"""Questions about plants, on a small file in the format of geracao-usina-2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.ingest.process import process
from ons_platform.ingest.route import route
from ons_platform.lake.engine import LakeEngine
from ons_platform.lake.knowledge import KnowledgeBase, refresh
from ons_platform.lake.ledger import ObjectVersion, open_ledger
from ons_platform.lake.zone import brasilia
from ons_platform.questions.answer import Answer
from ons_platform.questions.ask import QuestionRequest, ask
from ons_platform.storage import open_storage

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
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KnowledgeBase, LakeEngine]]:
    folder = tmp_path_factory.mktemp("plants")
    file = folder / "GERACAO_USINA-2_2024.csv"
    FRAME.to_csv(file, sep=";", index=False)
    settings = Settings(
        storage_url=f"file://{folder}/{{bucket}}", ledger_url=f"sqlite:///{folder}/ledger.db"
    )
    ledger = open_ledger(settings.ledger_url)
    raw = open_storage(settings.raw_bucket, settings)
    processed = open_storage(settings.processed_bucket, settings)
    key = f"year=2024/{file.name}"
    version = ObjectVersion(
        bucket=settings.raw_bucket,
        key=key,
        version_id=raw.put_version(key, file.read_bytes()),
        sequencer="01",
        size=file.stat().st_size,
        etag="",
        event_time="2026-01-01T00:00:00+00:00",
    )
    config = route(version, settings, raw).as_dict()["processorConfig"]
    process(
        version,
        config,
        catalog=catalog(),
        ledger=ledger,
        raw=raw,
        processed=processed,
        settings=settings,
    )
    refresh(catalog()["geracao-usina-2"], ledger, processed)
    base = KnowledgeBase(processed)
    engine = LakeEngine(processed, base)
    yield base, engine
    engine.close()


@pytest.fixture
def answer(lake: tuple[KnowledgeBase, LakeEngine]) -> Any:
    base, engine = lake
    now = datetime(2026, 11, 21, 12, tzinfo=brasilia())

    def reply(question: str) -> Answer:
        return ask(
            QuestionRequest(question), catalog=catalog(), knowledge=base, engine=engine, now=now
        )

    return reply


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
