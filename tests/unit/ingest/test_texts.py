"""Text columns: trimmed, and a code is the same text in every format."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ons_platform.ingest.texts import TextColumn, as_meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("35.0", "35"),
        ("0.0", "0"),
        ("35.000", "35"),
        ("35", "35"),
        ("007", "007"),
        ("35.5", "35.5"),
        ("-1.0", "-1.0"),
        ("UG 1.0", "UG 1.0"),
        ("1.000.0", "1.000.0"),
    ],
)
def test_a_code_that_was_a_float_is_whole_again(written: str, meant: str) -> None:
    assert as_meant(written) == meant


def test_one_plant_is_one_text_however_its_code_is_written() -> None:
    column = TextColumn()
    read = [
        column.read(cells).to_pylist()
        for cells in (pa.array(["35.0", " 35 ", None]), pa.array([35.0, 36.0, None]))
    ]
    assert read == [["35", "35", None], ["35", "36", None]]
