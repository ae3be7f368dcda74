from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ons_platform.questions.intent import (
    Aggregate,
    Bucket,
    Dimension,
    Intent,
    Operation,
    Shape,
    Unclear,
)

WORDS = (
    "qual", "foi", "a", "carga", "media", "maxima", "menor", "do", "sudeste", "nordeste", "sin",
    "em", "2023", "janeiro", "por", "mes", "dia", "hora", "geracao", "eolica", "participacao",
    "crescimento", "entre", "e", "acima", "de", "50", "gw", "horas", "usina", "furnas",
    "quando", "what", "was", "the", "average", "peak", "load", "wind", "generation", "share",
    "of", "in", "by", "month", "compare", "with", "between",
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "fields"),
    [
        ("Qual foi a carga média do Sul em 2023?", {"aggregate": Aggregate.MEAN}),
        ("Quanta energia o Sul consumiu em 2023?", {"aggregate": Aggregate.ENERGY}),
        ("Qual foi a carga máxima do Sul em 2023?", {"aggregate": Aggregate.MAX}),
        ("Qual é a carga atual do Sul?", {"aggregate": Aggregate.LAST}),
        (
            "Em que dia de 2023 a carga média do Sul foi maior?",
            {"bucket": Bucket.DAY, "order": "desc", "limit": 1, "shape": Shape.LABEL},
        ),
        (
            "Em que dia de 2023 a carga do Sul foi maior?",
            {"aggregate": Aggregate.MEAN, "alternative": Aggregate.MAX},
        ),
        (
            "Em que dia de 2023 ocorreu a maior carga do Sul?",
            {"aggregate": Aggregate.MAX, "alternative": None, "bucket": Bucket.DAY},
        ),
        (
            "Ranking dos subsistemas por carga média em 2023",
            {"by": (Dimension.REGION,), "order": "desc", "shape": Shape.TABLE},
        ),
        (
            "Qual a participação eólica na geração do Nordeste em 2023?",
            {"operation": Operation.SHARE, "numerator": Dimension.SOURCE},
        ),
        (
            "Qual a participação do Nordeste na geração eólica do SIN em 2023?",
            {"operation": Operation.SHARE, "numerator": Dimension.REGION},
        ),
        (
            "Qual a participação de cada fonte na geração do Sul em 2023?",
            {"operation": Operation.SHARE, "numerator": None, "by": (Dimension.SOURCE,)},
        ),
        (
            "Em quantas horas de 2023 a carga do Sul passou de 10 GW?",
            {"operation": Operation.COUNT, "counted": Bucket.HOUR, "bucket": None},
        ),
        (
            "Quais reservatórios estavam com volume útil abaixo de 20% em 01/02/2025?",
            {"operation": Operation.MATCHING, "by": (Dimension.PLANT,)},
        ),
        (
            "Qual foi a maior rampa horária de carga do Sul em 2023?",
            {"operation": Operation.RAMP, "aggregate": Aggregate.RAMP_UP},
        ),
        (
            "Quanto a carga do SIN caiu entre 7h e 9h de 15/08/2023?",
            {"operation": Operation.CHANGE, "falling": True, "asks_amount": True},
        ),
        (
            "Compare a carga média do Sul em 2023 com o ano anterior",
            {"operation": Operation.CHANGE, "previous_year": True},
        ),
        ("O Sul importou energia em maio de 2023?", {"operation": Operation.DIRECTION}),
        ("Quais dados você tem?", {"operation": Operation.INVENTORY}),
        ("Até que data vai a curva de carga?", {"operation": Operation.COVERAGE}),
        ("Desde quando há dados de carga?", {"operation": Operation.COVERAGE, "falling": True}),
        ("Quais registros da carga diária estão vazios?", {"operation": Operation.QUALITY}),
        (
            "Quantas unidades geradoras há na Bahia?",
            {"operation": Operation.UNITS, "units": ("units",)},
        ),
    ],
)
def test_intents(understood: Any, question: str, fields: dict[str, Any]) -> None:
    intent = understood(question)
    assert {name: getattr(intent, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("Qual foi a carga média de Xanadu em 2023?", "unknown_words"),
        ("Qual foi a carga média do Sul em 2023, exceto janeiro?", "unsupported_exclusion"),
        ("Qual o segundo maior pico de carga em 2023?", "unsupported_ordinal"),
        ("Qual foi a carga e a geração do Sul em 2023?", "two_metrics"),
        ("Qual foi a carga do Sul em 31/02/2023?", "bad_date"),
        ("Qual foi a carga do Sul em meados de 2023?", "vague_period"),
        ("Qual foi a carga máxima e mínima do Sul em 2023?", "two_extremes"),
        ("Quanto cresceu a carga do Sul?", "growth_since_when"),
        ("Quais foram as perdas do Sul em 2023?", "topic"),
        ("Qual foi o intercâmbio do Norte e do Nordeste em 2023?", "exchange_pairs"),
        ("Qual foi o fluxo entre subsistemas em 2023?", "which_flow"),
        ("Em qual dia a carga do Sul?", "which_extreme"),
        ("Quantas vezes a carga do Sul passou de 10 GW?", "count_of_what"),
        ("Qual é a temperatura?", "unknown_words"),
        ("Qual foi o valor em 2023?", "no_metric"),
        ("Participação do Sul no CMO", "share_of_what"),
        ("Carga do Sul por mês por dia em 2023", "two_groupings"),
        ("Capacidade instalada em 2010", "capacity_in_time"),
        ("Balanço de energia do Sul em 2023", "which_metric"),
        ("Compare a carga do Sul em 2023", "compare_what"),
        ("Rampa média da carga do Sul em 2023", "ramp_mean"),
        ("Quando foi a carga do Sul em 2023?", "which_extreme"),
        ("Ranking da carga em 2023", "rank_of_what"),
        ("Quantas unidades foram desativadas?", "decommissioned"),
        ("Em quantas horas de 2023 a carga do Sul passou de 10,000 MW?", "ambiguous_number"),
        ("Diferença da carga do Sul acima de 10 MW em quantas horas?", "spread_needs_two"),
    ],
)
def test_what_is_asked_back(understood: Any, question: str, key: str) -> None:
    with pytest.raises(Unclear) as caught:
        understood(question)
    assert caught.value.note.key == key


@pytest.mark.parametrize(
    "question",
    [
        "Soma das cargas máximas dos subsistemas em 2023",
        "Qual a soma da carga máxima do Sul e do Norte em 2023?",
        "Soma das cargas mínimas dos subsistemas em 2023",
        "Total das cargas máximas em 2023",
        "Média das máximas da carga do SIN em 2023",
        "Qual foi a carga máxima total do SIN em 2023?",
        "Qual a carga média total do SIN em 2023?",
        "Soma dos picos de carga em 2023",
        "Soma das maiores cargas em 2023",
        "Sum of the maximum loads of the subsystems in 2023",
        "Sum of the highest loads in 2023",
        "What was the total peak load in 2023?",
        "What was the average peak load of the South in 2023?",
        "What was the average of the minimum loads in 2023?",
        "What is the latest average load of the South?",
    ],
)
def test_two_aggregations_are_asked_back(understood: Any, question: str) -> None:
    with pytest.raises(Unclear) as caught:
        understood(question)
    assert caught.value.note.key == "two_aggregations"


@pytest.mark.parametrize(
    ("question", "fields"),
    [
        ("Carga horária do Norte em 01/01/2023", {"bucket": Bucket.HOUR}),
        ("Hourly load in the North on 1 January 2023", {"bucket": Bucket.HOUR}),
        ("Mostre a carga horária do Norte em janeiro de 2023", {"bucket": Bucket.HOUR}),
        ("CMO horário do Sul em 01/07/2022", {"bucket": Bucket.HOUR}),
        ("CMO semi-horário do Sul em 01/07/2022", {"bucket": Bucket.INTERVAL}),
        ("Carga horária média do Norte em 01/01/2023", {"bucket": None}),
        ("Average hourly load in the North in 2023", {"bucket": None}),
        ("Carga horária do Norte em 01/01/2023 às 10h", {"bucket": None}),
        (
            "Carga horária máxima do Norte em 2023",
            {"bucket": None, "aggregate": Aggregate.MAX},
        ),
    ],
)
def test_hourly(understood: Any, question: str, fields: dict[str, Any]) -> None:
    intent = understood(question)
    assert {name: getattr(intent, name) for name in fields} == fields


def test_the_hourly_values_of_a_long_period_are_averaged_and_that_is_said(understood: Any) -> None:
    intent = understood("Carga horária do Norte em 2023")
    assert intent.aggregate is Aggregate.MEAN
    assert {note.key for note in intent.notes} == {"default_aggregate", "hourly_mean"}


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14))
def test_any_words_become_an_intent_or_are_asked_back(understood: Any, words: list[str]) -> None:
    try:
        intent = understood(" ".join(words), "FURNAS")
    except Unclear as why:
        intent = why
    assert isinstance(intent, Intent | Unclear)


def test_a_quantity_by_month_is_no_dataset_of_that_name(understood: Any) -> None:
    intent = understood("Carga mensal do Sul em 2023")
    assert intent.bucket is Bucket.MONTH
    assert {"curva-carga", "carga-mensal"} <= {o.dataset.dataset for o in intent.options}


@pytest.mark.parametrize(
    "question",
    ["Quantas usinas há em capacidade transformacao?", "Quantas usinas há em usina conjunto?"],
)
def test_registers_of_other_things_are_not_answered_from_generating_units(
    understood: Any, question: str
) -> None:
    with pytest.raises(Unclear) as unclear:
        understood(question)
    assert unclear.value.note.key == "register_by_sql"


@pytest.mark.parametrize(
    ("question", "flags"),
    [
        ("Quais registros do balanço de 2023 são inconsistentes?", ("inconsistent",)),
        ("Are there missing values in the load curve of 2023?", ("missing",)),
        ("Quais registros da curva de carga de 2023 são suspeitos?", ("suspect",)),
        ("Quais os problemas de qualidade da curva de carga de 2023?", ()),
    ],
)
def test_a_question_about_one_kind_of_odd_records_is_not_answered_with_all(
    understood: Any, question: str, flags: tuple[str, ...]
) -> None:
    assert understood(question).flags == flags
