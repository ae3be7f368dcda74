"""Ranges, open sides and lists of periods, as of Wednesday 2024-06-19 15:30 in Brasília."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ons_platform.catalog.vocabulary import fold
from ons_platform.questions.periods import PeriodMatch, find_periods

NOW = datetime(2024, 6, 19, 15, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))


def read(said: str) -> list[PeriodMatch]:
    return find_periods(fold(said), now=NOW)


def civil(moment: datetime | None) -> str:
    """A reading without zone, seconds and a midnight's zeros; "" is an open side."""
    return moment.isoformat()[:16].removesuffix("T00:00") if moment else ""


RANGES = [
    ("entre 3 e 5 de abril de 2022", "2022-04-03", "2022-04-06"),
    ("de 3 a 5 de abril de 2022", "2022-04-03", "2022-04-06"),
    ("3 a 5 de abril de 2022", "2022-04-03", "2022-04-06"),
    ("do dia 3 ao dia 5 de abril de 2022", "2022-04-03", "2022-04-06"),
    ("entre os dias 3 e 5 de abril de 2022", "2022-04-03", "2022-04-06"),
    ("entre o dia 3 e o dia 5 de abril de 2022", "2022-04-03", "2022-04-06"),
    ("between April 3 and 5, 2022", "2022-04-03", "2022-04-06"),
    ("between 3 and 5 April 2022", "2022-04-03", "2022-04-06"),
    ("between the 3rd and the 5th of April 2022", "2022-04-03", "2022-04-06"),
    ("between April 3rd and April 5th, 2022", "2022-04-03", "2022-04-06"),
    ("from April 3 to 5, 2022", "2022-04-03", "2022-04-06"),
    ("April 3-5, 2022", "2022-04-03", "2022-04-06"),
    ("3-5 April 2022", "2022-04-03", "2022-04-06"),
    ("semana de 10 a 16 de abril de 2022", "2022-04-10", "2022-04-17"),
    ("de 28 a 3 de março de 2023", "2023-02-28", "2023-03-04"),
    ("de 28 a 3 de janeiro de 2023", "2022-12-28", "2023-01-04"),
    ("de 25 de dezembro a 5 de janeiro de 2023", "2022-12-25", "2023-01-06"),
    ("entre 25 de dezembro de 2022 e 5 de janeiro de 2023", "2022-12-25", "2023-01-06"),
    ("de 1º de janeiro até 30 de junho de 2023", "2023-01-01", "2023-07-01"),
    ("de 01/01/2022 até 31/01/2022", "2022-01-01", "2022-02-01"),
    ("de 28/02 a 03/03/2023", "2023-02-28", "2023-03-04"),
    ("from 2022-01-01 to 2022-01-31", "2022-01-01", "2022-02-01"),
    ("01/01/2022 - 31/01/2022", "2022-01-01", "2022-02-01"),
    ("01/01/2022-31/01/2022", "2022-01-01", "2022-02-01"),
    ("from 10 Jan to 20 Feb 2021", "2021-01-10", "2021-02-21"),
    ("entre janeiro e abril de 2021", "2021-01-01", "2021-05-01"),
    ("from May to August 2021", "2021-05-01", "2021-09-01"),
    ("May through August 2021", "2021-05-01", "2021-09-01"),
    ("May–August 2021", "2021-05-01", "2021-09-01"),
    ("jan-mar 2021", "2021-01-01", "2021-04-01"),
    ("jan a mar/2021", "2021-01-01", "2021-04-01"),
    ("jan/21-mar/21", "2021-01-01", "2021-04-01"),
    ("set a out de 2021", "2021-09-01", "2021-11-01"),
    ("01/2021 a 03/2021", "2021-01-01", "2021-04-01"),
    ("01/2021-03/2021", "2021-01-01", "2021-04-01"),
    ("2021-01 a 2021-03", "2021-01-01", "2021-04-01"),
    ("de novembro a fevereiro de 2023", "2022-11-01", "2023-03-01"),
    ("de novembro de 2022 a fevereiro", "2022-11-01", "2023-03-01"),
    ("de março de 2022 a maio", "2022-03-01", "2022-06-01"),
    ("entre novembro de 2020 e fevereiro de 2022", "2020-11-01", "2022-03-01"),
    ("de janeiro a março", "2024-01-01", "2024-04-01"),
    ("de julho a setembro", "2023-07-01", "2023-10-01"),
    ("from November to February", "2023-11-01", "2024-03-01"),
    ("do início de 2021 até o fim de 2022", "2021-01-01", "2023-01-01"),
    ("from Q1 to Q3 2022", "2022-01-01", "2022-10-01"),
    ("do 1º trimestre de 2021 ao 3º trimestre de 2022", "2021-01-01", "2022-10-01"),
    ("entre o primeiro e o terceiro trimestre de 2022", "2022-01-01", "2022-10-01"),
    ("entre 2015 e 2018", "2015-01-01", "2019-01-01"),
    ("between 2015 and 2018", "2015-01-01", "2019-01-01"),
    ("de 2015 até 2018", "2015-01-01", "2019-01-01"),
    ("from 2015 through 2018", "2015-01-01", "2019-01-01"),
    ("2015-2018", "2015-01-01", "2019-01-01"),
    ("2015–2018", "2015-01-01", "2019-01-01"),
    ("2015 a 2018", "2015-01-01", "2019-01-01"),
    ("2010-15", "2010-01-01", "2016-01-01"),
    ("2021/2022", "2021-01-01", "2023-01-01"),
    ("anos 2015 a 2018", "2015-01-01", "2019-01-01"),
    ("de 2018 a 2015", "2015-01-01", "2019-01-01"),
    ("crescimento de 2010 para 2023", "2010-01-01", "2024-01-01"),
    ("de 2019 até hoje", "2019-01-01", "2024-06-20"),
    ("from 2019 to date", "2019-01-01", "2024-06-19T15:30"),
    ("de ontem a hoje", "2024-06-18", "2024-06-20"),
    ("de segunda a sexta da semana passada", "2024-06-10", "2024-06-15"),
    ("from Monday to Friday last week", "2024-06-10", "2024-06-15"),
    ("from Monday to Friday", "2024-06-10", "2024-06-15"),
    ("from Saturday to Monday", "2024-06-15", "2024-06-18"),
    ("de 15/03/2023 às 8h até 16/03/2023 às 12h", "2023-03-15T08:00", "2023-03-16T12:00"),
    ("from 15 March 2023 08:00 to 16 March 2023 12:00", "2023-03-15T08:00", "2023-03-16T12:00"),
    ("de ontem às 18h até hoje às 6h", "2024-06-18T18:00", "2024-06-19T06:00"),
    ("from yesterday 6pm to today 6am", "2024-06-18T18:00", "2024-06-19T06:00"),
]

OPEN = [
    ("desde 2020", "2020-01-01", "2024-06-19T15:30"),
    ("since 2020", "2020-01-01", "2024-06-19T15:30"),
    ("a partir de 2020", "2020-01-01", "2024-06-19T15:30"),
    ("from 2020 onwards", "2020-01-01", "2024-06-19T15:30"),
    ("from March 2023 on", "2023-03-01", "2024-06-19T15:30"),
    ("de 2020 em diante", "2020-01-01", "2024-06-19T15:30"),
    ("de março de 2023 para cá", "2023-03-01", "2024-06-19T15:30"),
    ("desde 10/01/2024", "2024-01-10", "2024-06-19T15:30"),
    ("since January 10, 2024", "2024-01-10", "2024-06-19T15:30"),
    ("desde ontem às 18h", "2024-06-18T18:00", "2024-06-19T15:30"),
    ("desde janeiro", "2024-01-01", "2024-06-19T15:30"),
    ("desde a semana passada", "2024-06-10", "2024-06-19T15:30"),
    ("desde o início do ano", "2024-01-01", "2024-06-19T15:30"),
    ("since the beginning of the year", "2024-01-01", "2024-06-19T15:30"),
    ("desde o início de 2023", "2023-01-01", "2024-06-19T15:30"),
    ("desde 2030", "2030-01-01", ""),
    ("depois de 2020", "2021-01-01", "2024-06-19T15:30"),
    ("after 15 March 2023", "2023-03-16", "2024-06-19T15:30"),
    ("após março de 2023", "2023-04-01", "2024-06-19T15:30"),
    ("até 2020", "", "2021-01-01"),
    ("until March 2022", "", "2022-04-01"),
    ("até 15/05/2023", "", "2023-05-16"),
    ("through May 2023", "", "2023-06-01"),
    ("no later than 15 May 2023", "", "2023-05-16"),
    ("até o fim de 2022", "", "2023-01-01"),
    ("by the end of April 2023", "", "2023-05-01"),
    ("até ontem", "", "2024-06-19"),
    ("até ontem às 18h", "", "2024-06-18T18:00"),
    ("antes de 2020", "", "2020-01-01"),
    ("before March 2022", "", "2022-03-01"),
    ("prior to 2015", "", "2015-01-01"),
    ("anterior a 2015", "", "2015-01-01"),
    ("antes de 15/03/2022", "", "2022-03-15"),
]

LISTS = [
    ("janeiro de 2022 e janeiro de 2023", ["2022-01-01 2022-02-01", "2023-01-01 2023-02-01"]),
    ("2022 vs 2023", ["2022-01-01 2023-01-01", "2023-01-01 2024-01-01"]),
    ("2022 comparado com 2021", ["2022-01-01 2023-01-01", "2021-01-01 2022-01-01"]),
    ("anos 2021 e 2022", ["2021-01-01 2022-01-01", "2022-01-01 2023-01-01"]),
    ("janeiro e julho de 2023", ["2023-01-01 2023-02-01", "2023-07-01 2023-08-01"]),
    ("compare janeiro com julho de 2023", ["2023-01-01 2023-02-01", "2023-07-01 2023-08-01"]),
    ("compare January to July 2023", ["2023-01-01 2023-02-01", "2023-07-01 2023-08-01"]),
    ("janeiro de 2023 e julho", ["2023-01-01 2023-02-01", "2023-07-01 2023-08-01"]),
    ("maio e junho do ano passado", ["2023-05-01 2023-06-01", "2023-06-01 2023-07-01"]),
    ("maio e junho", ["2024-05-01 2024-06-01", "2024-06-01 2024-07-01"]),
    ("janeiro de 2022 e de 2023", ["2022-01-01 2022-02-01", "2023-01-01 2023-02-01"]),
    ("January 2022 and 2023", ["2022-01-01 2022-02-01", "2023-01-01 2023-02-01"]),
    ("em janeiro de 2022 e em 2023", ["2022-01-01 2022-02-01", "2023-01-01 2024-01-01"]),
    ("Q1 2021 and 2022", ["2021-01-01 2021-04-01", "2022-01-01 2022-04-01"]),
    ("Q1 and Q2 2022", ["2022-01-01 2022-04-01", "2022-04-01 2022-07-01"]),
    ("15 de março de 2022 e 2023", ["2022-03-15 2022-03-16", "2023-03-15 2023-03-16"]),
    ("15 e 16 de março de 2023", ["2023-03-15 2023-03-16", "2023-03-16 2023-03-17"]),
    ("dias 3 e 5 de março de 2023", ["2023-03-03 2023-03-04", "2023-03-05 2023-03-06"]),
    ("March 3 and 5, 2023", ["2023-03-03 2023-03-04", "2023-03-05 2023-03-06"]),
    ("1º e 2 de maio de 2023", ["2023-05-01 2023-05-02", "2023-05-02 2023-05-03"]),
    ("verão e inverno de 2022", ["2021-12-21 2022-03-20", "2022-06-21 2022-09-22"]),
    ("ontem e anteontem", ["2024-06-18 2024-06-19", "2024-06-17 2024-06-18"]),
    ("1º e 2º semestres de 2020", ["2020-01-01 2020-07-01", "2020-07-01 2021-01-01"]),
    (
        "primeiro e segundo trimestres de 2022",
        ["2022-01-01 2022-04-01", "2022-04-01 2022-07-01"],
    ),
    (
        "primeira e segunda semana de abril de 2022",
        ["2022-04-01 2022-04-08", "2022-04-08 2022-04-15"],
    ),
    (
        "ontem às 18h e às 20h",
        ["2024-06-18T18:00 2024-06-18T19:00", "2024-06-18T20:00 2024-06-18T21:00"],
    ),
    (
        "em 2021, 2022 e 2023",
        ["2021-01-01 2022-01-01", "2022-01-01 2023-01-01", "2023-01-01 2024-01-01"],
    ),
    (
        "janeiro, fevereiro e março de 2023",
        ["2023-01-01 2023-02-01", "2023-02-01 2023-03-01", "2023-03-01 2023-04-01"],
    ),
    (
        "March 3, 4 and 5, 2023",
        ["2023-03-03 2023-03-04", "2023-03-04 2023-03-05", "2023-03-05 2023-03-06"],
    ),
    ("jan-mar e jul-set de 2023", ["2023-01-01 2023-04-01", "2023-07-01 2023-10-01"]),
    (
        "de janeiro a março de 2022 e de 2023",
        ["2022-01-01 2022-04-01", "2023-01-01 2023-04-01"],
    ),
    (
        "a geração de janeiro de 2022 em relação a janeiro de 2023",
        ["2022-01-01 2022-02-01", "2023-01-01 2023-02-01"],
    ),
]


@pytest.mark.parametrize(("said", "start", "end"), RANGES + OPEN)
@pytest.mark.parametrize("carrier", ["{}", "Qual foi a carga média {} no Sudeste?"])
def test_ranges_and_open_sides(said: str, start: str, end: str, carrier: str) -> None:
    (match,) = read(carrier.format(said))
    assert (civil(match.start), civil(match.end)) == (start, end)
    assert match.unit == "range"


@pytest.mark.parametrize(("said", "expected"), LISTS)
def test_lists_are_periods_apart(said: str, expected: list[str]) -> None:
    assert [f"{civil(match.start)} {civil(match.end)}" for match in read(said)] == expected


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("entre 2010 e 2023", "2010-01-01 2011-01-01", "2023-01-01 2024-01-01"),
        ("growth from 2010 to 2023", "2010-01-01 2011-01-01", "2023-01-01 2024-01-01"),
        ("de janeiro a março de 2022", "2022-01-01 2022-02-01", "2022-03-01 2022-04-01"),
        ("de novembro a fevereiro de 2022", "2021-11-01 2021-12-01", "2022-02-01 2022-03-01"),
        ("3 a 5 de abril de 2022", "2022-04-03 2022-04-04", "2022-04-05 2022-04-06"),
        ("crescimento 2021/2022", "2021-01-01 2022-01-01", "2022-01-01 2023-01-01"),
        ("safra 2021/22", "2021-01-01 2022-01-01", "2022-01-01 2023-01-01"),
    ],
)
def test_a_range_tells_its_two_ends(said: str, first: str, last: str) -> None:
    (match,) = read(said)
    assert match.ends is not None
    ends = [f"{civil(end.start)} {civil(end.end)}" for end in match.ends]
    assert ends == [first, last]
    assert [fold(said)[slice(*end.span)] for end in match.ends] == [e.text for e in match.ends]
    assert not match.relative


def test_an_open_side_has_no_ends() -> None:
    (match,) = read("desde 2020")
    assert match.ends is None
    assert match.relative


def test_a_range_between_relative_days_is_relative() -> None:
    (match,) = read("de ontem a hoje")
    assert match.relative


def test_spans_leave_the_rest_of_the_question() -> None:
    text = fold("Carga do Sul em janeiro e julho de 2023, e do Norte desde 2020")
    rest = text
    for match in reversed(find_periods(text, now=NOW)):
        rest = rest[: match.span[0]] + "_" + rest[match.span[1] :]
    assert rest == "carga do sul em _ e _, e do norte _"
