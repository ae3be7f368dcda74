"""A last row without a line break is whole only if it shows that it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ons_platform.ingest.reading.cut import is_cut_off

ROWS = b"a;1.50000000\n" * 30


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ROWS, False),
        (ROWS[:-1] + b"\r", False),
        (ROWS[:-1], False),
        (ROWS[:-2], True),
        (ROWS[:-5], True),
        (b'"a";"1.5"\n"a";"1.5"', False),
        (b'"a";"1.5"\n"a";"', True),
        (b"a;1.5\nb;2.5", True),
        (b"", False),
    ],
)
def test_ends(tmp_path: Path, content: bytes, expected: bool) -> None:
    path = tmp_path / "f"
    path.write_bytes(content)
    assert is_cut_off(path, ";") is expected
