"""Single periods said in Portuguese and English, as of Wednesday 2024-06-19 15:30 in Brasília."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ons_platform.catalog.vocabulary import fold
from ons_platform.questions.periods import find_periods

NOW = datetime(2024, 6, 19, 15, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))
MONTHS = {
    1: ("janeiro", "january", "jan", "jan"),
    2: ("fevereiro", "february", "fev", "feb"),
    3: ("março", "march", "mar", "mar"),
    4: ("abril", "april", "abr", "apr"),
    5: ("maio", "may", "mai", "may"),
    6: ("junho", "june", "jun", "jun"),
    7: ("julho", "july", "jul", "jul"),
    8: ("agosto", "august", "ago", "aug"),
    9: ("setembro", "september", "set", "sep"),
    10: ("outubro", "october", "out", "oct"),
    11: ("novembro", "november", "nov", "nov"),
    12: ("dezembro", "december", "dez", "dec"),
}
MONTH_FORMS = (
    "{pt} de 2021", "{pt} 2021", "{pt}/2021", "{pt}/21", "mês de {pt} de 2021", "{en} of 2021",
    "{pt} do ano de 2021", "{short}/2021", "{short}/21", "{short} de 2021", "{short}-2021",
    "{en} 2021", "{en}, 2021", "{abbr} 2021", "{abbr}. 2021", "{abbr}/21",
    "{number:02}/2021", "2021-{number:02}",
)  # fmt: skip


def instant(text: str) -> datetime | None:
    """A civil reading of Brasília; "" is an open side."""
    return datetime.fromisoformat(text).replace(tzinfo=NOW.tzinfo) if text else None


def cut(block: str) -> list[str]:
    """The phrases of a block, set apart by bars."""
    return [phrase for phrase in " ".join(block.split()).split(" | ") if phrase]


def check(said: str, start: str, end: str, carrier: str = "{}") -> None:
    text = fold(carrier.format(said))
    (match,) = find_periods(text, now=NOW)
    assert (match.start, match.end) == (instant(start), instant(end)), match
    assert match.error is None
    assert text[slice(*match.span)] == match.text


@pytest.mark.parametrize("form", MONTH_FORMS)
@pytest.mark.parametrize("number", MONTHS)
def test_a_month_with_its_year(number: int, form: str) -> None:
    pt, en, short, abbr = MONTHS[number]
    said = form.format(pt=pt, en=en, short=short, abbr=abbr, number=number)
    end = f"2021-{number + 1:02}-01" if number < 12 else "2022-01-01"
    check(said, f"2021-{number:02}-01", end, "Qual foi a carga em {} no SIN?")


@pytest.mark.parametrize("number", MONTHS)
def test_a_month_without_year_is_the_latest(number: int) -> None:
    year = 2024 if number <= 6 else 2023
    end = f"{year}-{number + 1:02}-01" if number < 12 else "2024-01-01"
    for said in (f"em {MONTHS[number][0]}", f"in {MONTHS[number][1]}"):
        check(said, f"{year}-{number:02}-01", end)
        assert find_periods(fold(said), now=NOW)[0].relative


ABSOLUTE = [
    # years and decades
    ("em 2019", "2019-01-01", "2020-01-01"),
    ("ano de 2019", "2019-01-01", "2020-01-01"),
    ("ao longo de 2019", "2019-01-01", "2020-01-01"),
    ("calendar year 2019", "2019-01-01", "2020-01-01"),
    ("anos 80", "1980-01-01", "1990-01-01"),
    ("anos 2000", "2000-01-01", "2010-01-01"),
    ("década de 2010", "2010-01-01", "2020-01-01"),
    ("década de 90", "1990-01-01", "2000-01-01"),
    ("the 2010s", "2010-01-01", "2020-01-01"),
    ("in the 90s", "1990-01-01", "2000-01-01"),
    # days
    ("7/9/2022", "2022-09-07", "2022-09-08"),
    ("07-09-2022", "2022-09-07", "2022-09-08"),
    ("07.09.2022", "2022-09-07", "2022-09-08"),
    ("07/09/22", "2022-09-07", "2022-09-08"),
    ("2022/09/07", "2022-09-07", "2022-09-08"),
    ("20220907", "2022-09-07", "2022-09-08"),
    ("09/17/2022", "2022-09-17", "2022-09-18"),
    ("dia 7 de setembro de 2022", "2022-09-07", "2022-09-08"),
    ("dia 07/09/2022", "2022-09-07", "2022-09-08"),
    ("sete de setembro de 2022", "2022-09-07", "2022-09-08"),
    ("7 set 2022", "2022-09-07", "2022-09-08"),
    ("7/set/2022", "2022-09-07", "2022-09-08"),
    ("7-Sep-2022", "2022-09-07", "2022-09-08"),
    ("7 de setembro de 22", "2022-09-07", "2022-09-08"),
    ("September 7th, 2022", "2022-09-07", "2022-09-08"),
    ("Sept. 7, 2022", "2022-09-07", "2022-09-08"),
    ("the 7th of September, 2022", "2022-09-07", "2022-09-08"),
    ("September the 7th 2022", "2022-09-07", "2022-09-08"),
    ("quarta-feira, 7 de setembro de 2022", "2022-09-07", "2022-09-08"),
    ("Wednesday, September 7, 2022", "2022-09-07", "2022-09-08"),
    ("07/09/2022 (quarta-feira)", "2022-09-07", "2022-09-08"),
    ("2022 September 7", "2022-09-07", "2022-09-08"),
    ("1º de fevereiro de 2020", "2020-02-01", "2020-02-02"),
    ("primeiro de fevereiro de 2020", "2020-02-01", "2020-02-02"),
    ("29 de fevereiro de 2020", "2020-02-29", "2020-03-01"),
    ("February 29, 2020", "2020-02-29", "2020-03-01"),
    ("twenty-first of May 2020", "2020-05-21", "2020-05-22"),
    ("vinte e um de maio de 2020", "2020-05-21", "2020-05-22"),
    ("último dia de fevereiro de 2024", "2024-02-29", "2024-03-01"),
    ("last day of 2022", "2022-12-31", "2023-01-01"),
    ("primeiro dia de 2022", "2022-01-01", "2022-01-02"),
    ("primeira segunda-feira de maio de 2022", "2022-05-02", "2022-05-03"),
    ("last Friday of November 2022", "2022-11-25", "2022-11-26"),
    # quarters, halves and the like
    ("1º trimestre de 2019", "2019-01-01", "2019-04-01"),
    ("segundo trimestre de 2019", "2019-04-01", "2019-07-01"),
    ("3o tri de 2019", "2019-07-01", "2019-10-01"),
    ("III trimestre de 2019", "2019-07-01", "2019-10-01"),
    ("quarto trimestre 2019", "2019-10-01", "2020-01-01"),
    ("último trimestre de 2019", "2019-10-01", "2020-01-01"),
    ("trimestre 2 de 2019", "2019-04-01", "2019-07-01"),
    ("1T19", "2019-01-01", "2019-04-01"),
    ("2T2019", "2019-04-01", "2019-07-01"),
    ("Q1 2019", "2019-01-01", "2019-04-01"),
    ("Q2/2019", "2019-04-01", "2019-07-01"),
    ("3Q19", "2019-07-01", "2019-10-01"),
    ("2019Q4", "2019-10-01", "2020-01-01"),
    ("2019-Q4", "2019-10-01", "2020-01-01"),
    ("third quarter of 2019", "2019-07-01", "2019-10-01"),
    ("4th quarter 2019", "2019-10-01", "2020-01-01"),
    ("1º semestre de 2019", "2019-01-01", "2019-07-01"),
    ("segundo semestre de 2019", "2019-07-01", "2020-01-01"),
    ("H1 2019", "2019-01-01", "2019-07-01"),
    ("2S2019", "2019-07-01", "2020-01-01"),
    ("second half of 2019", "2019-07-01", "2020-01-01"),
    ("second semester of 2019", "2019-07-01", "2020-01-01"),
    ("primeira metade de 2019", "2019-01-01", "2019-07-01"),
    ("segundo bimestre de 2019", "2019-03-01", "2019-05-01"),
    ("terceiro quadrimestre de 2019", "2019-09-01", "2020-01-01"),
    # parts of a month
    ("primeira quinzena de fevereiro de 2019", "2019-02-01", "2019-02-16"),
    ("2ª quinzena de fevereiro de 2020", "2020-02-16", "2020-03-01"),
    ("second fortnight of July 2019", "2019-07-16", "2019-08-01"),
    ("first half of July 2019", "2019-07-01", "2019-07-16"),
    ("segunda metade de julho de 2019", "2019-07-16", "2019-08-01"),
    ("primeiro decêndio de julho de 2019", "2019-07-01", "2019-07-11"),
    ("terceiro decêndio de julho de 2019", "2019-07-21", "2019-08-01"),
    ("primeira semana de julho de 2019", "2019-07-01", "2019-07-08"),
    ("2ª semana de julho de 2019", "2019-07-08", "2019-07-15"),
    ("third week of July 2019", "2019-07-15", "2019-07-22"),
    ("última semana de julho de 2019", "2019-07-25", "2019-08-01"),
    ("last week of July 2019", "2019-07-25", "2019-08-01"),
    ("first week of 2019", "2019-01-01", "2019-01-08"),
    ("semana 10 de 2023", "2023-03-06", "2023-03-13"),
    ("week 1 of 2021", "2021-01-04", "2021-01-11"),
    ("2020-W53", "2020-12-28", "2021-01-04"),
    ("semana de 15/03/2023", "2023-03-13", "2023-03-20"),
    ("the week of March 15, 2023", "2023-03-13", "2023-03-20"),
    ("fim de semana de 10 de junho de 2023", "2023-06-10", "2023-06-12"),
    ("primeiro fim de semana de junho de 2023", "2023-06-03", "2023-06-05"),
    ("primeiros 10 dias de janeiro de 2023", "2023-01-01", "2023-01-11"),
    ("first ten days of January 2023", "2023-01-01", "2023-01-11"),
    ("10 primeiros dias de janeiro de 2023", "2023-01-01", "2023-01-11"),
    ("últimos 3 meses de 2022", "2022-10-01", "2023-01-01"),
    ("last 3 months of 2022", "2022-10-01", "2023-01-01"),
    ("primeiros seis meses de 2023", "2023-01-01", "2023-07-01"),
    ("last 5 days of February 2024", "2024-02-25", "2024-03-01"),
    # seasons
    ("verão de 2019/20", "2019-12-21", "2020-03-20"),
    ("summer 2019-20", "2019-12-21", "2020-03-20"),
    ("verão de 2020", "2019-12-21", "2020-03-20"),
    ("outono de 2021", "2021-03-20", "2021-06-21"),
    ("autumn of 2021", "2021-03-20", "2021-06-21"),
    ("inverno de 2021", "2021-06-21", "2021-09-22"),
    ("the winter of 2021", "2021-06-21", "2021-09-22"),
    ("primavera de 2021", "2021-09-22", "2021-12-21"),
    ("in the spring of 2021", "2021-09-22", "2021-12-21"),
    ("período úmido de 2020/2021", "2020-12-01", "2021-05-01"),
    ("estação chuvosa 2020/21", "2020-12-01", "2021-05-01"),
    ("rainy season 2020-2021", "2020-12-01", "2021-05-01"),
    ("período seco de 2021", "2021-05-01", "2021-12-01"),
    ("dry season of 2021", "2021-05-01", "2021-12-01"),
    ("horário de verão 2018/2019", "2018-11-04", "2019-02-17"),
    # holidays
    ("natal de 2021", "2021-12-25", "2021-12-26"),
    ("Christmas 2021", "2021-12-25", "2021-12-26"),
    ("véspera de natal de 2021", "2021-12-24", "2021-12-25"),
    ("ano novo de 2022", "2022-01-01", "2022-01-02"),
    ("réveillon de 2021", "2021-12-31", "2022-01-01"),
    ("New Year's Eve 2021", "2021-12-31", "2022-01-01"),
    ("carnaval de 2023", "2023-02-18", "2023-02-22"),
    ("Carnival 2020", "2020-02-22", "2020-02-26"),
    ("terça-feira de carnaval de 2023", "2023-02-21", "2023-02-22"),
    ("quarta-feira de cinzas de 2023", "2023-02-22", "2023-02-23"),
    ("semana santa de 2023", "2023-04-02", "2023-04-10"),
    ("sexta-feira santa de 2023", "2023-04-07", "2023-04-08"),
    ("Good Friday 2022", "2022-04-15", "2022-04-16"),
    ("páscoa de 2024", "2024-03-31", "2024-04-01"),
    ("Easter 2000", "2000-04-23", "2000-04-24"),
    ("corpus christi de 2023", "2023-06-08", "2023-06-09"),
    ("dia do trabalho de 2023", "2023-05-01", "2023-05-02"),
    ("dia da independência de 2023", "2023-09-07", "2023-09-08"),
    ("finados de 2023", "2023-11-02", "2023-11-03"),
    ("dia das mães de 2023", "2023-05-14", "2023-05-15"),
    ("dia dos pais de 2023", "2023-08-13", "2023-08-14"),
    # times of a day
    ("20/05/2022 às 08:00", "2022-05-20T08:00", "2022-05-20T09:00"),
    ("20/05/2022 14h", "2022-05-20T14:00", "2022-05-20T15:00"),
    ("20/05/2022, às 14h30", "2022-05-20T14:30", "2022-05-20T15:30"),
    ("20 de maio de 2022, às 14 horas", "2022-05-20T14:00", "2022-05-20T15:00"),
    ("às 14 horas do dia 20 de maio de 2022", "2022-05-20T14:00", "2022-05-20T15:00"),
    ("às 14 horas e 30 minutos de 20/05/2022", "2022-05-20T14:30", "2022-05-20T15:30"),
    ("às 3 e meia da tarde de 20/05/2022", "2022-05-20T15:30", "2022-05-20T16:30"),
    ("20/05/2022 às 9 da noite", "2022-05-20T21:00", "2022-05-20T22:00"),
    ("meio-dia de 20/05/2022", "2022-05-20T12:00", "2022-05-20T13:00"),
    ("midnight of 20 May 2022", "2022-05-20", "2022-05-20T01:00"),
    ("2022-05-20T07:00", "2022-05-20T07:00", "2022-05-20T08:00"),
    ("2022-05-20 07:00:00", "2022-05-20T07:00", "2022-05-20T08:00"),
    ("2022-05-20T07:00:00-03:00", "2022-05-20T07:00", "2022-05-20T08:00"),
    ("May 20, 2022 at 2:30 p.m.", "2022-05-20T14:30", "2022-05-20T15:30"),
    ("12 am on 20 May 2022", "2022-05-20", "2022-05-20T01:00"),
    ("12 pm on 20 May 2022", "2022-05-20T12:00", "2022-05-20T13:00"),
    ("20 May 2022 at 7 in the morning", "2022-05-20T07:00", "2022-05-20T08:00"),
    ("20/05/2022 das 8h às 18h", "2022-05-20T08:00", "2022-05-20T18:00"),
    ("das 8h às 18h de 20/05/2022", "2022-05-20T08:00", "2022-05-20T18:00"),
    ("20/05/2022 entre 8h e 12h", "2022-05-20T08:00", "2022-05-20T12:00"),
    ("20/05/2022 (8h às 12h)", "2022-05-20T08:00", "2022-05-20T12:00"),
    ("between 8 and 11am on May 20, 2022", "2022-05-20T08:00", "2022-05-20T11:00"),
    ("from 8am to 6pm on May 20, 2022", "2022-05-20T08:00", "2022-05-20T18:00"),
    ("20/05/2022 das 22h às 2h", "2022-05-20T22:00", "2022-05-21T02:00"),
    ("madrugada de 20/05/2022", "2022-05-20", "2022-05-20T06:00"),
    ("madrugada (0h às 5h) de 20/05/2022", "2022-05-20", "2022-05-20T06:00"),
    ("madrugada do dia 20/5/2022", "2022-05-20", "2022-05-20T06:00"),
    ("manhã de 20 de maio de 2022", "2022-05-20T06:00", "2022-05-20T12:00"),
    ("tarde de 20 de maio de 2022", "2022-05-20T12:00", "2022-05-20T18:00"),
    ("noite de 20 de maio de 2022", "2022-05-20T18:00", "2022-05-21"),
    ("20/05/2022 à noite", "2022-05-20T18:00", "2022-05-21"),
    ("morning of May 20, 2022", "2022-05-20T06:00", "2022-05-20T12:00"),
    ("evening of 20 May 2022", "2022-05-20T18:00", "2022-05-21"),
    ("noite de natal de 2022", "2022-12-25T18:00", "2022-12-26"),
]

RELATIVE = [
    ("hoje", "2024-06-19", "2024-06-20"),
    ("ontem", "2024-06-18", "2024-06-19"),
    ("antes de ontem", "2024-06-17", "2024-06-18"),
    ("the day before yesterday", "2024-06-17", "2024-06-18"),
    ("amanhã", "2024-06-20", "2024-06-21"),
    ("depois de amanhã", "2024-06-21", "2024-06-22"),
    ("the day after tomorrow", "2024-06-21", "2024-06-22"),
    ("ontem às 18h", "2024-06-18T18:00", "2024-06-18T19:00"),
    ("ontem às 18", "2024-06-18T18:00", "2024-06-18T19:00"),
    ("hora 18 de ontem", "2024-06-18T18:00", "2024-06-18T19:00"),
    ("hoje às 9h", "2024-06-19T09:00", "2024-06-19T10:00"),
    ("yesterday at 6:30 pm", "2024-06-18T18:30", "2024-06-18T19:30"),
    ("6pm yesterday", "2024-06-18T18:00", "2024-06-18T19:00"),
    ("anteontem ao meio-dia", "2024-06-17T12:00", "2024-06-17T13:00"),
    ("há dois dias às 18h", "2024-06-17T18:00", "2024-06-17T19:00"),
    ("ontem à noite", "2024-06-18T18:00", "2024-06-19"),
    ("last night", "2024-06-18T18:00", "2024-06-19"),
    ("hoje de manhã", "2024-06-19T06:00", "2024-06-19T12:00"),
    ("this morning", "2024-06-19T06:00", "2024-06-19T12:00"),
    ("yesterday afternoon", "2024-06-18T12:00", "2024-06-18T18:00"),
    ("madrugada de hoje", "2024-06-19", "2024-06-19T06:00"),
    ("ontem entre 14h e 16h", "2024-06-18T14:00", "2024-06-18T16:00"),
    ("between 2pm and 4pm yesterday", "2024-06-18T14:00", "2024-06-18T16:00"),
    ("depois das 18h de ontem", "2024-06-18T18:00", "2024-06-19"),
    ("antes das 6h de ontem", "2024-06-18", "2024-06-18T06:00"),
    # calendar units from now
    ("esta semana", "2024-06-17", "2024-06-24"),
    ("semana passada", "2024-06-10", "2024-06-17"),
    ("última semana", "2024-06-10", "2024-06-17"),
    ("semana retrasada", "2024-06-03", "2024-06-10"),
    ("the week before last", "2024-06-03", "2024-06-10"),
    ("next week", "2024-06-24", "2024-07-01"),
    ("semana que vem", "2024-06-24", "2024-07-01"),
    ("este mês", "2024-06-01", "2024-07-01"),
    ("the current month", "2024-06-01", "2024-07-01"),
    ("mês corrente", "2024-06-01", "2024-07-01"),
    ("mês passado", "2024-05-01", "2024-06-01"),
    ("previous month", "2024-05-01", "2024-06-01"),
    ("mês retrasado", "2024-04-01", "2024-05-01"),
    ("próximo mês", "2024-07-01", "2024-08-01"),
    ("trimestre passado", "2024-01-01", "2024-04-01"),
    ("this quarter", "2024-04-01", "2024-07-01"),
    ("last quarter", "2024-01-01", "2024-04-01"),
    ("semestre passado", "2023-07-01", "2024-01-01"),
    ("neste semestre", "2024-01-01", "2024-07-01"),
    ("este ano", "2024-01-01", "2025-01-01"),
    ("ano passado", "2023-01-01", "2024-01-01"),
    ("ano anterior", "2023-01-01", "2024-01-01"),
    ("ano retrasado", "2022-01-01", "2023-01-01"),
    ("the year before last", "2022-01-01", "2023-01-01"),
    ("next year", "2025-01-01", "2026-01-01"),
    ("década passada", "2010-01-01", "2020-01-01"),
    ("quinzena passada", "2024-06-01", "2024-06-16"),
    ("esta quinzena", "2024-06-16", "2024-07-01"),
    ("fim de semana passado", "2024-06-15", "2024-06-17"),
    ("último final de semana", "2024-06-15", "2024-06-17"),
    ("this weekend", "2024-06-22", "2024-06-24"),
    ("próximo fim de semana", "2024-06-22", "2024-06-24"),
    # windows that end now
    ("últimas 24 horas", "2024-06-18T15:30", "2024-06-19T15:30"),
    ("últimas 24h", "2024-06-18T15:30", "2024-06-19T15:30"),
    ("last hour", "2024-06-19T14:30", "2024-06-19T15:30"),
    ("past 48 hours", "2024-06-17T15:30", "2024-06-19T15:30"),
    ("últimos 30 dias", "2024-05-20T15:30", "2024-06-19T15:30"),
    ("os 30 últimos dias", "2024-05-20T15:30", "2024-06-19T15:30"),
    ("30 dias anteriores", "2024-05-20T15:30", "2024-06-19T15:30"),
    ("past two weeks", "2024-06-05T15:30", "2024-06-19T15:30"),
    ("the past week", "2024-06-12T15:30", "2024-06-19T15:30"),
    ("últimos doze meses", "2023-06-19T15:30", "2024-06-19T15:30"),
    ("trailing 12 months", "2023-06-19T15:30", "2024-06-19T15:30"),
    ("últimos 5 anos", "2019-06-19T15:30", "2024-06-19T15:30"),
    ("next 7 days", "2024-06-19T15:30", "2024-06-26T15:30"),
    # so long ago
    ("há 10 dias", "2024-06-09", "2024-06-10"),
    ("dez dias atrás", "2024-06-09", "2024-06-10"),
    ("faz 10 dias", "2024-06-09", "2024-06-10"),
    ("10 days ago", "2024-06-09", "2024-06-10"),
    ("há uma semana", "2024-06-10", "2024-06-17"),
    ("two weeks ago", "2024-06-03", "2024-06-10"),
    ("há dois meses", "2024-04-01", "2024-05-01"),
    ("2 months ago", "2024-04-01", "2024-05-01"),
    ("a year ago", "2023-01-01", "2024-01-01"),
    ("três anos atrás", "2021-01-01", "2022-01-01"),
    ("3 hours ago", "2024-06-19T12:00", "2024-06-19T13:00"),
    ("há um ano e meio", "2022-12-01", "2023-01-01"),
    ("half a year ago", "2023-12-01", "2024-01-01"),
    ("há 15 minutos", "2024-06-19T15:15", "2024-06-19T16:15"),
    ("daqui a 3 dias", "2024-06-22", "2024-06-23"),
    # weekdays
    ("segunda-feira passada", "2024-06-17", "2024-06-18"),
    ("last Monday", "2024-06-17", "2024-06-18"),
    ("última sexta", "2024-06-14", "2024-06-15"),
    ("quarta-feira passada", "2024-06-12", "2024-06-13"),
    ("last Wednesday", "2024-06-12", "2024-06-13"),
    ("domingo passado", "2024-06-16", "2024-06-17"),
    ("na terça-feira", "2024-06-18", "2024-06-19"),
    ("on Thursday", "2024-06-13", "2024-06-14"),
    ("na segunda", "2024-06-17", "2024-06-18"),
    ("próxima sexta-feira", "2024-06-21", "2024-06-22"),
    ("nesta sexta-feira", "2024-06-21", "2024-06-22"),
    ("Monday of last week", "2024-06-10", "2024-06-11"),
    ("segunda-feira da semana passada", "2024-06-10", "2024-06-11"),
    ("last Friday evening", "2024-06-14T18:00", "2024-06-15"),
    # the container is relative
    ("janeiro do ano passado", "2023-01-01", "2023-02-01"),
    ("January last year", "2023-01-01", "2023-02-01"),
    ("março deste ano", "2024-03-01", "2024-04-01"),
    ("primeiro trimestre do ano passado", "2023-01-01", "2023-04-01"),
    ("Q1 last year", "2023-01-01", "2023-04-01"),
    ("última semana do mês passado", "2024-05-25", "2024-06-01"),
    ("dia 15 do mês passado", "2024-05-15", "2024-05-16"),
    ("15th of last month", "2024-05-15", "2024-05-16"),
    ("último dia do mês passado", "2024-05-31", "2024-06-01"),
    ("first week of last year", "2023-01-01", "2023-01-08"),
    # no container: the latest that began
    ("primeiro trimestre", "2024-01-01", "2024-04-01"),
    ("segundo semestre", "2023-07-01", "2024-01-01"),
    ("dia 15", "2024-06-15", "2024-06-16"),
    ("dia 25", "2024-05-25", "2024-05-26"),
    ("dia 31", "2024-05-31", "2024-06-01"),
    ("on the 15th", "2024-06-15", "2024-06-16"),
    ("15 de março", "2024-03-15", "2024-03-16"),
    ("December 31", "2023-12-31", "2024-01-01"),
    ("31/12", "2023-12-31", "2024-01-01"),
    ("29 de fevereiro", "2024-02-29", "2024-03-01"),
    ("março passado", "2024-03-01", "2024-04-01"),
    ("last December", "2023-12-01", "2024-01-01"),
    ("neste verão", "2023-12-21", "2024-03-20"),
    ("último inverno", "2023-06-21", "2023-09-22"),
    ("no último carnaval", "2024-02-10", "2024-02-14"),
    ("no natal", "2023-12-25", "2023-12-26"),
    ("last Christmas", "2023-12-25", "2023-12-26"),
    # up to now
    ("este ano até agora", "2024-01-01", "2024-06-19T15:30"),
    ("até agora neste ano", "2024-01-01", "2024-06-19T15:30"),
    ("so far this year", "2024-01-01", "2024-06-19T15:30"),
    ("year to date", "2024-01-01", "2024-06-19T15:30"),
    ("YTD", "2024-01-01", "2024-06-19T15:30"),
    ("acumulado no ano", "2024-01-01", "2024-06-19T15:30"),
    ("este mês até agora", "2024-06-01", "2024-06-19T15:30"),
    ("month to date", "2024-06-01", "2024-06-19T15:30"),
]


@pytest.mark.parametrize(("said", "start", "end"), ABSOLUTE)
def test_an_absolute_period(said: str, start: str, end: str) -> None:
    check(said, start, end)
    check(said, start, end, "A carga do SIN {}, por favor")
    assert not find_periods(fold(said), now=NOW)[0].relative


@pytest.mark.parametrize(("said", "start", "end"), RELATIVE)
def test_a_relative_period(said: str, start: str, end: str) -> None:
    check(said, start, end)
    check(said, start, end, "What was the SIN load {}?")
    assert find_periods(fold(said), now=NOW)[0].relative


WRONG = """
    31/02/2023 | 29/02/2023 | 30 de fevereiro de 2023 | 31 de abril | 2023-13-01 | 00/05/2023 |
    February 30, 2023 | 32/01/2023 | 2023-02-29 | 99/99/2023 | 47 de maio de 2023 | 13/2023 |
    5º trimestre de 2023 | week 60 of 2023 | terceiro semestre de 2023 | ontem às 25h |
    15/03/2023 às 14:75 | 6ª quinta-feira de maio de 2023 | 04/11/2018 às 0h | há 9999 anos |
    de 01/02/2023 a 31/02/2023 | horário de verão 2021/2022
"""


@pytest.mark.parametrize("said", cut(WRONG))
def test_a_date_that_does_not_exist_is_an_error_in_both_languages(said: str) -> None:
    (match,) = find_periods(fold(said), now=NOW)
    assert match.error is not None
    assert match.error.pt
    assert match.error.en
    assert (match.start, match.end) == (None, None)


VAGUE = """
    meados de 2023 | mid-2023 | início de 2023 | late 2022 | fim de março | early May 2023 |
    últimos dias | past few weeks | recent months | mesmo período do ano passado |
    desde meados de 2022 | the middle of last year
"""


@pytest.mark.parametrize("said", cut(VAGUE))
def test_what_has_no_exact_interval_is_vague(said: str) -> None:
    (match,) = find_periods(fold(said), now=NOW)
    assert match.vague


NOTHING = """
    2000 MW | mais de 2023 MWh | 2000MW | 500 kV | tipo II-C | R$ 2000 | 1 R$/MWh | 35% |
    top 10 | acima de 2000 | more than 2000 | REN 482/2012 | as 10 maiores usinas | 10 units |
    entre 100 e 200 MW | between 10 and 20 plants | 1.234,56 | 3/4 da carga | 123456 | a2023 |
    qual mês teve a maior carga | may I see the load | 2 plants in Bahia | segunda maior usina |
    a quarta usina | mais tarde | hoje em dia | em Natal | Usina Primavera | ano a ano |
    how far did the load fall | carga por dia da semana | every month | segundo o ONS |
    2.000 MW | 19:45:10.5 x | load at sea | out of service | set of units | dezenas de usinas
"""


@pytest.mark.parametrize("said", cut(NOTHING))
def test_numbers_names_and_other_words_are_no_periods(said: str) -> None:
    assert find_periods(fold(said), now=NOW) == []


def test_now_is_read_in_brasilia() -> None:
    late = datetime(2024, 6, 20, 1, 0, tzinfo=UTC)
    (match,) = find_periods("hoje", now=late)
    assert match.start == instant("2024-06-19")
    (naive,) = find_periods("hoje", now=datetime(2024, 6, 19, 1, 0))  # noqa: DTZ001
    assert naive == match


def test_elapsed_hours_cross_the_change_of_clocks() -> None:
    after_spring_forward = datetime(2018, 11, 4, 12, 0, tzinfo=NOW.tzinfo)
    (match,) = find_periods("ultimas 24 horas", now=after_spring_forward)
    assert match.start is not None
    assert match.start.isoformat() == "2018-11-03T11:00:00-03:00"


def test_days_of_the_change_of_clocks_are_23_and_25_hours() -> None:
    for said, hours in (("04/11/2018", 23), ("17/02/2018", 25), ("17/02/2018 as 23h", 2)):
        (match,) = find_periods(said, now=NOW)
        assert match.start is not None
        assert match.end is not None
        assert match.end.timestamp() - match.start.timestamp() == hours * 3600


def test_the_language_settles_words_of_both() -> None:
    assert find_periods("in may", now=NOW, language="pt") == []
    assert find_periods("em mai", now=NOW, language="en") == []
    (match,) = find_periods("in may", now=NOW, language="en")
    assert match.unit == "month"


UNITS = {
    "2023": "year",
    "maio de 2023": "month",
    "1/5/2023": "day",
    "q1 2023": "quarter",
    "ontem as 18h": "hour",
    "ontem as 18:30": "minute",
    "semana passada": "week",
    "h1 2023": "half",
    "de 2010 a 2012": "range",
    "desde 2010": "range",
    "verao de 2021/22": "season",
    "natal de 2022": "holiday",
    "anos 90": "decade",
}


@pytest.mark.parametrize(("said", "unit"), UNITS.items())
def test_the_unit_is_the_granularity_said(said: str, unit: str) -> None:
    (match,) = find_periods(said, now=NOW)
    assert match.unit == unit
