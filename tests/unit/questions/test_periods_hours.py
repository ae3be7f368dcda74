"""Hours of the day as filters, apart from the hours of a date."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ons_platform.catalog.vocabulary import fold
from ons_platform.questions.periods import find_hours, find_periods

NOW = datetime(2024, 6, 19, 15, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))

HOURS = [
    ("na madrugada", {*range(6)}),
    ("de madrugada", {*range(6)}),
    ("nas madrugadas", {*range(6)}),
    ("na madrugada (0h às 5h)", {*range(6)}),
    ("madrugada (das 0h às 5h)", {*range(6)}),
    ("na madrugada, das 0h às 4h", {*range(5)}),
    ("early morning", {*range(6)}),
    ("overnight", {*range(6)}),
    ("pela manhã", {*range(6, 12)}),
    ("no período da manhã", {*range(6, 12)}),
    ("in the morning", {*range(6, 12)}),
    ("à tarde", {*range(12, 18)}),
    ("durante a tarde", {*range(12, 18)}),
    ("in the afternoon", {*range(12, 18)}),
    ("à noite", {*range(18, 24)}),
    ("nas noites", {*range(18, 24)}),
    ("in the evening", {*range(18, 24)}),
    ("at night", {*range(18, 24)}),
    ("entre 18h e 21h", {18, 19, 20}),
    ("entre as 18h e as 21h", {18, 19, 20}),
    ("entre 18 e 21h", {18, 19, 20}),
    ("entre 18h e 21h30", {18, 19, 20, 21}),
    ("between 6pm and 9pm", {18, 19, 20}),
    ("between 6 and 9 pm", {18, 19, 20}),
    ("between 18:00 and 21:00", {18, 19, 20}),
    ("from 6pm to 9pm", {18, 19, 20}),
    ("das 18:00 às 21:00", {18, 19, 20, 21}),
    ("das 0h às 5h", {*range(6)}),
    ("das 8h às 11h", {8, 9, 10, 11}),
    ("8h às 11h", {8, 9, 10, 11}),
    ("das 22h às 2h", {22, 23, 0, 1, 2}),
    ("from 10pm to 2am", {22, 23, 0, 1}),
    ("das 0h às 24h", {*range(24)}),
    ("às 7h", {7}),
    ("às 7 horas", {7}),
    ("às sete horas", {7}),
    ("às 7 da manhã", {7}),
    ("às 7h30", {7}),
    ("a hora das 7h", {7}),
    ("at 6 pm", {18}),
    ("at 6 p.m.", {18}),
    ("6pm", {18}),
    ("at 18:00", {18}),
    ("às 18:00", {18}),
    ("na hora 18", {18}),
    ("at noon", {12}),
    ("ao meio-dia", {12}),
    ("à meia-noite", {0}),
    ("depois das 18h", {*range(18, 24)}),
    ("a partir das 18h", {*range(18, 24)}),
    ("after 6pm", {*range(18, 24)}),
    ("antes das 6h", {*range(6)}),
    ("before 6am", {*range(6)}),
    ("até as 6h", {*range(7)}),
    ("no horário de ponta", {18, 19, 20}),
    ("peak hours", {18, 19, 20}),
    ("fora de ponta", {*range(24)} - {18, 19, 20}),
    ("off-peak hours", {*range(24)} - {18, 19, 20}),
    ("no horário comercial", {*range(8, 18)}),
]

NONE = [
    "ontem às 18h", "15/03/2023 às 14:30", "às 23h de 31/12/2023", "2023-08-15 07:00",
    "madrugada de 15/03/2023", "yesterday evening", "das 8h às 18h de ontem", "em 24 horas",
    "nas últimas 24 horas", "durante 3 horas", "baterias de 4h", "24 hours", "mais tarde",
    "2 horas atrás", "qual o horário de pico da carga?", "what time of day does the load peak",
    "1 R$/MWh", "top 10", "entre 10 e 20 MW", "carga horária", "às vezes", "às 30h", "7 usinas",
    "entre 2019 e 2021",
]  # fmt: skip


@pytest.mark.parametrize(("said", "hours"), HOURS)
@pytest.mark.parametrize("carrier", ["{}", "Qual foi a carga do Sul {}?", "{} em janeiro de 2023"])
def test_hours_without_a_date(said: str, hours: set[int], carrier: str) -> None:
    text = fold(carrier.format(said))
    (match,) = find_hours(text)
    assert match.hours == hours
    assert text[slice(*match.span)] == match.said


@pytest.mark.parametrize("said", NONE)
def test_no_hours(said: str) -> None:
    assert find_hours(fold(said)) == []


def test_hours_beside_a_month_stay_apart_from_it() -> None:
    text = fold("carga na madrugada (0h às 5h) de janeiro de 2023")
    (period,) = find_periods(text, now=NOW)
    (hours,) = find_hours(text)
    assert period.text == "janeiro de 2023"
    assert hours.said == "na madrugada (0h as 5h)"


def test_hours_named_as_hours_are_two_beside_their_day() -> None:
    text = fold("queda em 15 de agosto de 2023 entre a hora das 7h e a das 9h")
    (period,) = find_periods(text, now=NOW)
    assert period.unit == "day"
    assert [set(match.hours) for match in find_hours(text)] == [{7}, {9}]
