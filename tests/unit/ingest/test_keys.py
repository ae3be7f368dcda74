"""Keys that could escape or deceive are refused; odd but harmless ones are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.errors import UnsafeKey
from ons_platform.ingest.keys import check_key, extension, filename

UNSAFE = [
    "", " ", "a/", "/etc/passwd", "\\\\host\\x.csv", "C:\\x.csv", "../x.csv", "a/../b.csv", "./x",
    "a\\..\\b.csv", "a/\x00.csv", "a\nb.csv", "a\u2028b.csv", "x" * 1025, "é" * 513, "\ud800.csv",
]  # fmt: skip


@pytest.mark.parametrize("key", UNSAFE)
def test_unsafe_keys_are_refused_in_both_languages(key: str) -> None:
    with pytest.raises(UnsafeKey) as caught:
        check_key(key)
    assert caught.value.where["message_pt"]
    assert caught.value.where["problem"]


@pytest.mark.parametrize(
    "key", ["a b/ç#?%&+.csv", "a..csv", "...x.csv", "~/x", "{YYYY}", "a//b.csv"]
)
def test_odd_keys_pass(key: str) -> None:
    check_key(key)


@given(st.text(max_size=60))
def test_what_passes_stays_in_its_folder(key: str) -> None:
    try:
        check_key(key)
    except UnsafeKey:
        return
    assert not key.startswith("/")
    assert ".." not in key.replace("\\", "/").split("/")
    assert "\n" not in key


def test_name_and_extension() -> None:
    assert filename("year=2023/A.b/C.CSV") == "C.CSV"
    assert [extension(key) for key in ("x/C.CSV", "x.y/C", ".csv", "a.tar.gz", "a.")] == [
        "csv", "", "", "gz", "",
    ]  # fmt: skip
