from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Qual foi a carga média do Sul em 2023?", "pt"),
        ("What was the average load of the South in 2023?", "en"),
        ("peak load southeast 2022", "en"),
        ("carga máxima SE 2022", "pt"),
    ],
)
def test_language(read: Any, question: str, language: str) -> None:
    reading = read(question)
    assert reading.language == language
    assert reading.left_over == ()


def test_the_language_asked_for_is_taken(read: Any) -> None:
    assert read("carga 2023", language="en").language == "en"


def test_unknown_words_are_left_over(read: Any) -> None:
    assert read("Qual foi a carga média de Xanadu em 2023?").left_over == ("xanadu",)


def test_a_long_place_one_letter_off_is_corrected_and_said(read: Any) -> None:
    reading = read("carga do nordste em 2023")
    assert reading.corrected == (("nordste", "nordeste"),)


@pytest.mark.parametrize(
    ("question", "plants", "expected"),
    [
        ("volume útil de Furnas em 2025", ("FURNAS",), ["FURNAS"]),
        ("volume do reservatório de Norte em 2025", ("NORTE ENERGIA",), []),
        ("carga do Norte em 2023", ("NORTE",), []),
        ("nível da usina 14 de Julho em 2025", ("14 DE JULHO",), ["14 DE JULHO"]),
    ],
)
def test_plants(read: Any, question: str, plants: tuple[str, ...], expected: list[str]) -> None:
    mentions = read(question, *plants).sentence.all("plant")
    assert [plant.name for mention in mentions for plant in mention.value.plants] == expected


@pytest.mark.parametrize(
    ("question", "topics"),
    [
        ("Qual a energia armazenada do Sul em 2025?", []),
        ("What was the ENA of the South in % of MLT in 2024?", []),
        ("Quais foram as perdas do Sul em 2025?", ["perdas"]),
    ],
)
def test_what_the_catalogue_names_is_no_topic_it_lacks(
    read: Any, question: str, topics: list[str]
) -> None:
    assert [mention.text for mention in read(question).sentence.all("topic")] == topics


def test_the_noun_of_a_time_is_left_to_the_question(read: Any) -> None:
    sentence = read("Em qual dia de janeiro de 2023 a carga foi maior?").sentence
    assert [mention.value for mention in sentence.all("dimension")] == ["day"]
    assert [mention.value.unit for mention in sentence.all("period")] == ["month"]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=120))
def test_any_text_can_be_read(read: Any, text: str) -> None:
    reading = read(text)
    spans = [mention.span for mention in reading.sentence.mentions]
    assert all(0 <= start < end <= len(reading.sentence.folded) for start, end in spans)
