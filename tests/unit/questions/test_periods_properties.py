"""What holds for every date and every text."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ons_platform.catalog.vocabulary import fold
from ons_platform.questions.dates import calendar as civil
from ons_platform.questions.periods import find_hours, find_periods

NOW = datetime(2024, 6, 19, 15, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))
PT = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
EN = "January February March April May June July August September October November December"
FORMS = (
    "{d}/{m}/{y}", "{d:02}/{m:02}/{y}", "{d:02}-{m:02}-{y}", "{d:02}.{m:02}.{y}",
    "{y}-{m:02}-{d:02}", "{y}/{m:02}/{d:02}", "{d} de {pt} de {y}", "dia {d} de {pt} de {y}",
    "{d}º de {pt} de {y}", "{d} {en} {y}", "{en} {d}, {y}", "{en} {d}{nth}, {y}",
    "the {d}{nth} of {en} {y}", "{d}-{abbr}-{y}", "{y}{m:02}{d:02}",
)  # fmt: skip
CARRIERS = (
    "{}", "Qual foi a carga do Sudeste em {}?", "carga média de {} no SIN, em MW",
    "What was the load on {} in the South?", "(dados de {})",
)  # fmt: skip
DATES = st.dates(date(1990, 1, 1), date(2035, 12, 31))
SAID = """
de a e entre desde ate as em in the of to from and between - / , ( ) segunda madrugada natal ago
2023 2021/22 15 3 18h 6pm 14:30 q1 1o 31/02/2023 2023-03-15 meados hoje verao week last dias
trimestre semana passada ultimos
"""
WORDS = st.sampled_from([*SAID.split(), *PT.split(), *EN.lower().split()])


def said(day: date, form: str) -> str:
    suffix = "th" if 10 < day.day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    pt, en = PT.split()[day.month - 1], EN.split()[day.month - 1]
    names = {"pt": pt, "en": en, "abbr": en[:3], "nth": suffix}
    return form.format(d=day.day, m=day.month, y=day.year, **names)


@given(day=DATES, form=st.sampled_from(FORMS), carrier=st.sampled_from(CARRIERS))
@settings(max_examples=600, deadline=None)
@example(day=date(2018, 11, 4), form=FORMS[0], carrier=CARRIERS[1])
@example(day=date(2000, 2, 29), form=FORMS[7], carrier=CARRIERS[2])
def test_every_date_in_every_notation_is_that_day(day: date, form: str, carrier: str) -> None:
    (match,) = find_periods(fold(carrier.format(said(day, form))), now=NOW)
    assert match.error is None
    assert match.start == civil.instant(day.year, day.month, day.day)
    assert match.end == civil.add_days(civil.instant(day.year, day.month, day.day), 1)


@given(first=DATES, days=st.integers(1, 4000), form=st.sampled_from(FORMS[:-1]))
@settings(max_examples=200, deadline=None)
def test_every_range_goes_from_its_first_to_its_last_day(first: date, days: int, form: str) -> None:
    last = first + timedelta(days=days)
    left, right = said(first, form), said(last, form)
    for joined in (f"de {left} a {right}", f"between {left} and {right}", f"{left} até {right}"):
        (match,) = find_periods(fold(f"carga {joined} no Sul"), now=NOW)
        assert match.start == civil.instant(first.year, first.month, first.day)
        assert match.end == civil.add_days(civil.instant(last.year, last.month, last.day), 1)


def check_invariants(text: str) -> None:
    periods, hours = find_periods(text, now=NOW), find_hours(text)
    spans = sorted([match.span for match in periods] + [match.span for match in hours])
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    for match in periods:
        assert text[slice(*match.span)] == match.text
        assert bool(match.error) == (match.start is None and match.end is None)
        assert not (match.start and match.end) or match.start < match.end
    assert all(match.hours <= set(range(24)) and match.hours for match in hours)


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_it(text: str) -> None:
    check_invariants(text)
    check_invariants(fold(text))


@given(st.lists(WORDS, max_size=14).map(" ".join))
@settings(max_examples=600, deadline=None)
def test_no_mixture_of_its_own_words_breaks_it(text: str) -> None:
    check_invariants(text)


def test_long_and_nested_texts_do_not_recurse() -> None:
    for piece in ("primeira semana de ", "fim de ", "dia 1 de ", "entre ", "segunda da semana de "):
        check_invariants(piece * 800)
