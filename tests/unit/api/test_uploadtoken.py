"""Upload tokens: for one key, for a time, by one secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.api.uploadtoken import sign, verify
from ons_platform.errors import Unauthorized

SECRET, KEY, END = "secret", "year=2023/CURVA_CARGA_2023.csv", 1_700_000_000
TOKEN = sign(SECRET, KEY, END)


def test_a_signed_token_is_taken_until_its_end() -> None:
    verify(SECRET, KEY, TOKEN, END)
    with pytest.raises(Unauthorized, match="expired"):
        verify(SECRET, KEY, TOKEN, END + 1)


@pytest.mark.parametrize(
    ("secret", "key", "token"),
    [
        ("other", KEY, TOKEN),
        (SECRET, KEY + "x", TOKEN),
        (SECRET, KEY, TOKEN.replace(str(END), str(END + 9))),
        (SECRET, KEY, TOKEN[:-1]),
        (SECRET, KEY, ""),
        (SECRET, KEY, "."),
        (SECRET, KEY, "٣.abc"),
        (SECRET, KEY, f"{END}.\ud800"),
        ("", KEY, sign("", KEY, END)),
    ],
)
def test_anything_else_is_refused(secret: str, key: str, token: str) -> None:
    with pytest.raises(Unauthorized):
        verify(secret, key, token, END)


@given(st.text(), st.text())
def test_no_text_passes_as_a_token(key: str, token: str) -> None:
    with pytest.raises(Unauthorized):
        verify(SECRET, key, token, 0)
