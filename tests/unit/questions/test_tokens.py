from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ons_platform.questions.tokens import Sentence


def test_folds_word_by_word_and_remembers_capitals_and_accents() -> None:
    sentence = Sentence.of("  Carga do SE no  Pará ")
    assert sentence.folded == "carga do se no para"
    assert sentence.upper[9:11] == (True, True)
    assert not any(sentence.upper[:8])
    assert sentence.accented[15]


def test_what_is_taken_is_no_longer_open_and_offsets_stay() -> None:
    sentence = Sentence.of("carga media de 2023")
    sentence.take("metric", "load", (0, 5))
    assert sentence.open == "\x00" * 5 + " media de 2023"
    assert not sentence.is_free((3, 8))
    assert [word for word, _ in sentence.words()] == ["media", "de", "2023"]


def test_mentions_stay_in_text_order() -> None:
    sentence = Sentence.of("a b c")
    sentence.take("k", 1, (4, 5))
    sentence.take_all(re.compile("a"), "k", 2)
    assert [mention.value for mention in sentence.all("k")] == [2, 1]


def test_money_and_comparison_signs_are_words() -> None:
    assert [word for word, _ in Sentence.of("US$ > 5 €").words()] == ["us", "$", ">", "5", "€"]


@given(st.text(max_size=60))
def test_any_text_gives_as_many_marks_as_characters(text: str) -> None:
    sentence = Sentence.of(text)
    assert len(sentence.folded) == len(sentence.upper) == len(sentence.accented)
    assert len(sentence.open) == len(sentence.folded)
