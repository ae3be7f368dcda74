from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.questions.phrases import Phrases

NAMES = ["carga", "carga de energia", "energia armazenada", "% da mlt", "constrained-off", "ear"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("qual foi a carga, em 2023?", ["carga"]),
        ("carga de energia do sul", ["carga de energia", "carga"]),
        ("(carga)", ["carga"]),
        ("sobrecarga cargas ears", []),
        ("em % da mlt", ["% da mlt"]),
        ("o constrained-off.", ["constrained-off"]),
        ("carga\x00de energia", ["carga"]),
        ("", []),
    ],
)
def test_names_are_found_at_the_edges_of_words(text: str, found: list[str]) -> None:
    assert [item.name for item in Phrases(NAMES).find(text)] == found


def test_words_in_between_are_no_part_of_a_name() -> None:
    (found,) = Phrases(["carga do sul"], "media|diaria").find("a carga media diaria do sul")
    assert found.name == "carga do sul"
    assert found.spans == ((2, 7), (21, 27))
    assert found.span == (2, 27)
    assert not Phrases(["carga do sul"]).find("a carga media do sul")
    assert not Phrases(["carga do sul"], "media").find("media carga media")


def test_a_word_in_between_may_be_a_names_own() -> None:
    found = Phrases(["capacidade maxima", "capacidade"], "maxima").find("capacidade maxima")
    assert [item.name for item in found] == ["capacidade maxima", "capacidade"]


WORDS = st.sampled_from(["a", "b", "ab", "c-d", "e%"])
SAID = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


@given(st.lists(SAID, unique=True, max_size=6), st.lists(WORDS, max_size=8).map(" ".join))
def test_the_same_as_one_search_for_each_name(names: list[str], text: str) -> None:
    found = sorted((item.span, item.name) for item in Phrases(names).find(text))
    searched = [
        ((at, at + len(name)), name)
        for name in names
        for at in range(len(text))
        if re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").match(text, at)
    ]
    assert found == sorted(searched)
