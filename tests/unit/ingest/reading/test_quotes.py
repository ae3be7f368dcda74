"""Cells may go over lines; rows may not vanish in cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.errors import MalformedFile
from ons_platform.ingest.reading.quotes import CellsOverLines, QuoteWatch


def watch(data: bytes, size: int = 7, *, over_lines: bool = True) -> None:
    quotes = QuoteWatch("f", ";", 3, 2, over_lines=over_lines)
    for start in range(0, len(data), size):
        quotes.feed(data[start : start + size])
    quotes.feed(b"")


GOOD = [
    b"a;b;c\n" * 5,
    b'"a";"b";"c"\n' * 5,
    b'"a;b;c";"d";e\n1;2;3\n',
    b'a;"first line\nsecond; line\nthird";c\n1;2;3\n',
    b'a;"say ""yes""\nand ""no""";c\n1;2;3',
    b'a;12" pipe;c\nd;e;f\n',
    b'a;b;"last\ncell"\n1;2;3\n',
    b'"first\ncell";b;c\n1;2;3\n',
    b"",
]


@pytest.mark.parametrize("data", GOOD)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_tables_as_they_should_be(data: bytes, size: int) -> None:
    watch(data, size)


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b'1;2;3\na;"b;c\nd;e;f\n', ("row 3", "row 4")),
        (b'a;"b;c\nd;"e;f\n', ("row 2", "row 3")),
        (b'a;b;"c\n', ("row 2", "row 3")),
        (b'a;"x\ny";"b;c\nd;e;f\n', ("row 3", "row 4")),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_rows_that_would_be_swallowed(data: bytes, rows: tuple[str, str], size: int) -> None:
    with pytest.raises(MalformedFile) as caught:
        watch(data, size)
    assert all(row in caught.value.message for row in rows)


def test_cells_over_lines_are_told_to_a_reader_that_does_not_expect_them() -> None:
    with pytest.raises(CellsOverLines):
        watch(b'a;"x\ny";c\n', over_lines=False)


@given(st.lists(st.text(alphabet='ab";\n', max_size=6), min_size=3, max_size=3))
def test_well_quoted_rows_of_short_cells_pass(cells: list[str]) -> None:
    rows = [[cell.replace(";", "") for cell in cells]] * 3
    quoted = ";".join('"' + cell.replace('"', '""') + '"' for cell in rows[0])
    watch(f"{quoted}\n".encode() * 3)
