"""Bytes pass unchanged; NUL bytes and endless lines do not, wherever reads happen to cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.errors import FileLimitExceeded, MalformedFile
from ons_platform.ingest.reading.checked_file import MAX_LINE_BYTES, CheckedFile


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checked") / "file"


def read(path: Path, content: bytes, size: int, start: int = 0) -> bytes:
    path.write_bytes(content)
    found = b""
    with CheckedFile(path, "file", start) as stream:
        while block := stream.read(size):
            found += block
    return found


@given(
    lines=st.lists(st.integers(0, MAX_LINE_BYTES + 2), max_size=4),
    end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    size=st.integers(200_000, 3_000_000),
)
def test_a_line_over_the_limit_is_found_however_the_file_is_read(
    path: Path, lines: list[int], end: bytes, size: int
) -> None:
    content = b"".join(b"x" * length + end for length in lines)
    longest = max(lines, default=0) + (len(end) - 1)
    if longest > MAX_LINE_BYTES:
        with pytest.raises(FileLimitExceeded):
            read(path, content, size)
    else:
        assert read(path, content, size) == content


@given(at=st.integers(0, 99), size=st.integers(1, 120))
def test_a_nul_byte_is_found_where_it_is(path: Path, at: int, size: int) -> None:
    with pytest.raises(MalformedFile) as caught:
        read(path, b"x" * at + b"\0" + b"y" * 20, size)
    assert caught.value.where["position"] == at


def test_reading_can_start_behind_the_header(path: Path) -> None:
    assert read(path, b"head\nrow\n", 100, start=5) == b"row\n"
