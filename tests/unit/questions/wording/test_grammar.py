from __future__ import annotations

from datetime import datetime

import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.catalog.vocabulary import vocabulary
from ons_platform.lake.zone import brasilia
from ons_platform.questions.intent import Dimension
from ons_platform.questions.wording import grammar


def civil(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=brasilia())  # type: ignore[arg-type, misc]


def test_the_gender_of_every_quantity_of_the_catalogue_is_known() -> None:
    titles = {m.title.pt for dataset in catalog() for m in dataset.questions.metrics}
    assert {title for title in titles if grammar.gender(title) is None} == set()
    assert grammar.gender("coisa nova") is None


@pytest.mark.parametrize(
    ("dimension", "code", "pt", "inside", "en"),
    [
        (Dimension.REGION, "NE", "do Nordeste", "no Nordeste", "the Northeast"),
        (Dimension.REGION, "SIN", "do SIN", "no SIN", "the SIN"),
        (Dimension.REGION, "PY", "do Paraguai", "no Paraguai", "Paraguay"),
        (Dimension.REGION, "AR", "da Argentina", "na Argentina", "Argentina"),
        (Dimension.REGION, "UY", "do Uruguai", "no Uruguai", "Uruguay"),
        (Dimension.STATE, "BA", "da Bahia", "na Bahia", "Bahia"),
        (Dimension.STATE, "CE", "do Ceará", "no Ceará", "Ceará"),
        (Dimension.STATE, "MG", "de Minas Gerais", "em Minas Gerais", "Minas Gerais"),
        (Dimension.STATE, "DF", "do Distrito Federal", "no Distrito Federal",
         "the Federal District"),
    ],
)  # fmt: skip
def test_places(dimension: Dimension, code: str, pt: str, inside: str, en: str) -> None:
    assert grammar.of_place(dimension, code, "pt") == pt
    assert grammar.in_place(pt) == inside
    assert grammar.of_place(dimension, code, "en") == en


@pytest.mark.parametrize("code", sorted(vocabulary().states))
def test_every_state_has_a_preposition(code: str) -> None:
    of = grammar.of_place(Dimension.STATE, code, "pt")
    assert grammar.in_place(of).split()[0] in {"no", "na", "em"}


def test_plants() -> None:
    assert grammar.of_plants(("A",), "plant", "pt") == "da usina A"
    assert grammar.of_plants(("A", "B"), "reservoir", "pt") == "dos reservatórios A e B"
    both = grammar.of_plants(("A", "B"), "plant", "en")
    assert grammar.where(both, Dimension.PLANT, "en") == " of the plants A and B"


@pytest.mark.parametrize(
    ("end", "pt", "en"),
    [
        (civil(2024, 1, 1), " em 2023", " in 2023"),
        (civil(2023, 2, 1), " em janeiro de 2023", " in January 2023"),
        (civil(2023, 1, 2), " em 01/01/2023", " on 2023-01-01"),
        (civil(2023, 1, 1, 1), " em 01/01/2023 às 00h", " on 2023-01-01 at 00:00"),
        (civil(2023, 3, 1), " de 01/01/2023 a 28/02/2023", " from 2023-01-01 to 2023-02-28"),
    ],
)
def test_times(end: datetime, pt: str, en: str) -> None:
    start = civil(2023, 1, 1)
    assert grammar.during(start, end, "pt") == pt
    assert grammar.during(start, end, "en") == en


def test_one_o_clock_is_singular() -> None:
    when = civil(2023, 5, 4, 1, 30)
    assert grammar.at(when, "pt", "reached") == ", em 04/05/2023 à 01h30"


def test_an_adjective_stands_before_the_complement() -> None:
    assert grammar.qualified("CMO no patamar leve", "médio") == "CMO médio no patamar leve"
    assert grammar.qualified("geração eólica", "média") == "geração eólica média"
