"""Reading ahead changes neither order nor errors, and stops when nobody reads on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.ingest.reading.ahead import read_ahead


@given(st.lists(st.integers(), max_size=20), st.booleans())
def test_items_come_in_order_and_the_error_at_its_place(items: list[int], fails: bool) -> None:
    def source() -> Iterator[int]:
        yield from items
        if fails:
            raise LookupError("broken")

    found = []
    try:
        for item in read_ahead(source()):
            found.append(item)
    except LookupError:
        assert fails
    else:
        assert not fails
    assert found == items


def test_a_reader_who_stops_leaves_no_thread_behind() -> None:
    given_out = []

    def endless() -> Iterator[int]:
        while True:
            given_out.append(len(given_out))
            yield given_out[-1]

    reader = read_ahead(endless())
    assert next(reader) == 0
    reader.close()
    count = len(given_out)
    assert count <= 8
    with pytest.raises(StopIteration):
        next(reader)
    assert len(given_out) == count
