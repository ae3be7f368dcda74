"""Names of subsystems, sources and states are compared folded and mean one thing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.vocabulary import Term, codes, fold, vocabulary


@given(st.text())
def test_folding_twice_is_folding_once_and_leaves_no_blanks_or_accents(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert folded == folded.strip()
    assert "  " not in folded
    assert not any(unicodedata.combining(char) for char in folded)


@pytest.mark.parametrize("kind", ["regions", "sources", "states"])
def test_a_name_means_one_code(kind: str) -> None:
    terms: dict[str, Term] = getattr(vocabulary(), kind)
    seen: dict[str, str] = {}
    for code, term in terms.items():
        for name in {fold(code), *map(fold, term.names)}:
            assert seen.setdefault(name, code) == code


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("regions", " SE ", "SE"),
        ("regions", "Sudeste/Centro-Oeste", "SE"),
        ("regions", "PARAGUAI", "PY"),
        ("sources", "EOLIELÉTRICA", "wind"),
        ("sources", "Hidroelétrica", "hydro"),
        ("states", "SÃO PAULO", "SP"),
        ("states", "se", "SE"),
    ],
)
def test_what_files_write(kind: str, text: str, code: str) -> None:
    assert codes(getattr(vocabulary(), kind))[fold(text)] == code
