from __future__ import annotations

import math
from typing import Any

import pytest

from ons_platform.questions.quantities import (
    Threshold,
    UnitAsked,
    number,
    take_thresholds,
    take_top,
    take_units,
)
from ons_platform.questions.tokens import Sentence


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("50.000", "pt", 50_000),
        ("1.234,56", "pt", 1234.56),
        ("1,5", "pt", 1.5),
        ("50,000", "en", 50_000),
        ("1,234.56", "en", 1234.56),
        ("1.5", "en", 1.5),
        ("1.5", "pt", 1.5),
        ("7", "en", 7),
    ],
)
def test_numbers_as_each_language_writes_them(text: str, language: Any, value: float) -> None:
    assert number(text, language) == value


@pytest.mark.parametrize(
    ("text", "language"), [("1.2.3,4,5", "pt"), ("50,000", "pt"), ("50.000", "en")]
)
def test_what_could_be_two_numbers_is_none(text: str, language: Any) -> None:
    assert math.isnan(number(text, language))


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("carga acima de 50 GW", "pt", Threshold(">", 50_000, "MW")),
        ("passou de 50 mil MWmed", "pt", Threshold(">", 50_000, "MW")),
        ("em mais de R$ 1/MWh", "pt", Threshold(">", 1, "R$/MWh")),
        ("pelo menos 20%", "pt", Threshold(">=", 20, "%")),
        ("abaixo de 1.000", "pt", Threshold("<", 1000, None)),
        ("below 5,000 MW", "en", Threshold("<", 5000, "MW")),
        ("at most 3 m3/s", "en", Threshold("<=", 3, "m³/s")),
        ("geracao negativa", "pt", Threshold("<", 0, None)),
    ],
)
def test_thresholds(text: str, language: Any, expected: Threshold) -> None:
    sentence = Sentence.of(text)
    take_thresholds(sentence, language)
    assert [mention.value for mention in sentence.all("threshold")] == [expected]


@pytest.mark.parametrize("text", ["mais de 2020", "mais de 3 dias", "acima de 18h"])
def test_years_and_stretches_of_time_are_no_thresholds(text: str) -> None:
    sentence = Sentence.of(text)
    take_thresholds(sentence, "pt")
    assert not sentence.mentions


def test_the_unit_asked_for() -> None:
    sentence = Sentence.of("quanta energia em GWh")
    take_units(sentence, "pt")
    assert sentence.mentions[0].value == UnitAsked("GWh", "MWh", 1e3)
    spelt = Sentence.of("how many terawatt-hours")
    take_units(spelt, "en")
    assert spelt.mentions[0].value == UnitAsked("TWh", "MWh", 1e6)


@pytest.mark.parametrize(
    ("text", "language", "count"),
    [
        ("top 10 usinas", "pt", 10),
        ("as cinco maiores usinas", "pt", 5),
        ("quais os 3 dias de maior carga", "pt", 3),
        ("the four largest plants", "en", 4),
        ("which three states have the most", "en", 3),
    ],
)
def test_top_n(text: str, language: Any, count: int) -> None:
    sentence = Sentence.of(text)
    take_top(sentence, language)
    assert [mention.value for mention in sentence.all("top")] == [count]


@pytest.mark.parametrize("text", ["nos ultimos 7 dias", "7 primeiros dias", "uma usina"])
def test_other_counts_are_no_top_n(text: str) -> None:
    sentence = Sentence.of(text)
    take_top(sentence, "pt")
    assert not sentence.mentions
