from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.questions.entities import EntityIndex, longest_names, normal

RESERVOIRS = ("I. SOLTEIRA", "FURNAS", "STA.CLARA-MG", "CANOAS I", "CANOAS II", "ITAIPU")
UNITS = ("ITAIPU 50 HZ", "ITAIPU 60 HZ", "ILHA SOLTEIRA", "PECÉM I", "PECÉM II", "SÃO SIMÃO")


@pytest.fixture
def index() -> EntityIndex:
    return EntityIndex({"reservoirs": RESERVOIRS, "units": UNITS})


def names(index: EntityIndex, said: str) -> set[tuple[str, str]]:
    found = index.find(said)
    return {(plant.dataset, plant.name) for plant in found.plants} if found else set()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Furnas", {("reservoirs", "FURNAS")}),
        ("sao simao", {("units", "SÃO SIMÃO")}),
        ("Ilha Solteira", {("units", "ILHA SOLTEIRA"), ("reservoirs", "I. SOLTEIRA")}),
        ("santa clara mg", {("reservoirs", "STA.CLARA-MG")}),
        (
            "itaipu",
            {("reservoirs", "ITAIPU"), ("units", "ITAIPU 50 HZ"), ("units", "ITAIPU 60 HZ")},
        ),
        ("pecem", {("units", "PECÉM I"), ("units", "PECÉM II")}),
        ("xanadu", set()),
        ("", set()),
    ],
)
def test_names(index: EntityIndex, said: str, expected: set[tuple[str, str]]) -> None:
    assert names(index, said) == expected


def test_a_typo_is_corrected_when_one_name_is_clearly_nearest(index: EntityIndex) -> None:
    corrected = index.correct("sao simaoo")
    assert [plant.name for plant in corrected.plants] == ["SÃO SIMÃO"]
    assert not corrected.certain


@pytest.mark.parametrize("said", ["canoas iii", "canoaz", "xanadu", "itaipu 55 hz"])
def test_a_typo_is_asked_back_otherwise(index: EntityIndex, said: str) -> None:
    assert index.correct(said).plants == ()


def test_numerals_must_be_equal(index: EntityIndex) -> None:
    assert [plant.name for plant in index.correct("canoass ii").plants] == ["CANOAS II"]


def test_looks_for_the_longest_names_first() -> None:
    assert list(longest_names(["a", "b"])) == [(0, 2), (0, 1), (1, 2)]


@given(st.text(max_size=30))
def test_any_text_can_be_looked_up(said: str) -> None:
    index = EntityIndex({"reservoirs": RESERVOIRS})
    found = index.find(said)
    assert found is None or found.plants
    assert index.correct(said).near is not None
    assert normal(normal(said)) == normal(said)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("canoas 1", {"CANOAS I"}),
        ("canoas 2", {"CANOAS II"}),
        ("pecem 2", {"PECÉM II"}),
        ("canoas 3", set()),
        ("canoas 11", set()),
    ],
)
def test_arabic_and_roman_numerals_are_the_same(
    index: EntityIndex, said: str, expected: set[str]
) -> None:
    assert {name for _, name in names(index, said)} == expected


def test_a_name_written_as_said_comes_before_the_other_numeral() -> None:
    index = EntityIndex({"units": ("ANGRA I", "ANGRA 1")})
    assert names(index, "angra 1") == {("units", "ANGRA 1")}
