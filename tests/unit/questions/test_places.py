from __future__ import annotations

import pytest

from ons_platform.questions.places import take_place_codes, take_place_names, take_sources
from ons_platform.questions.tokens import Sentence


def taken(text: str) -> list[tuple[str, str]]:
    sentence = Sentence.of(text)
    take_place_names(sentence)
    take_place_codes(sentence)
    take_sources(sentence)
    return [(mention.kind, mention.value) for mention in sentence.mentions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("carga do Sudeste/Centro-Oeste", [("region", "SE")]),
        ("carga no NE e no SE", [("region", "NE"), ("region", "SE")]),
        ("se a carga for", []),
        ("carga do se", [("region", "SE")]),
        ("subsistema s", [("region", "S")]),
        ("Rio Grande do Norte", [("state", "RN")]),
        ("Mato Grosso do Sul", [("state", "MS")]),
        ("usinas no Pará", [("state", "PA")]),
        ("usinas do Pará", [("state", "PA")]),
        ("dados para o Sul", [("region", "S")]),
        ("exportado para o Uruguai", [("region", "UY")]),
        ("geração em SP", [("state", "SP")]),
        ("estado de SE", [("state", "SE")]),
        ("eólica e fotovoltaica", [("source", "wind"), ("source", "solar")]),
        ("northeast of the national grid", [("region", "NE"), ("region", "SIN")]),
    ],
)
def test_places(text: str, expected: list[tuple[str, str]]) -> None:
    assert taken(text) == expected


def test_a_question_in_capitals_has_no_codes_by_capitals() -> None:
    assert taken("CARGA SE MA") == []
