"""Lake rows as line protocol, vectorised: a line is its series' head, the value, the instant."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

MISSING_VALUE = "1"
"""Of the field that stands where a row has no value."""


class Lines:
    """The lines of some rows, in their order; each ends with a line feed."""

    def __init__(self, array: pa.StringArray) -> None:
        _, offsets, self._data = array.buffers()
        self._offsets = memoryview(offsets).cast("i")[array.offset :]
        self._count = len(array)

    def __len__(self) -> int:
        return self._count

    def text(self, start: int, stop: int) -> bytes:
        """The lines of that half-open range, as they are sent."""
        return bytes(memoryview(self._data)[self._offsets[start] : self._offsets[stop]])


class LineEncoder:
    """Writes rows as lines; `heads` are the beginnings of the lines of each series.

    Instants are microseconds; every number is a float, in the shortest text that reads back as the
    same one. Values are finite or null.
    """

    def __init__(self, heads: Sequence[str]) -> None:
        self._heads = pa.array(heads, pa.string())

    def lines(self, table: pa.Table, numbers: pa.Array) -> Lines:
        """The lines of a table's rows, whose series are those of the numbers."""
        heads = self._heads.take(numbers)
        texts = table["value"].combine_chunks().cast(pa.string()).fill_null(MISSING_VALUE)
        return Lines(pc.binary_join_element_wise(heads, texts, _ends(table["timestamp"]), ""))


def _ends(timestamps: pa.ChunkedArray) -> pa.Array:
    """` <microseconds>` and the line feed; many rows share an instant."""
    encoded = timestamps.combine_chunks().cast(pa.int64()).dictionary_encode()
    texts = [f" {instant}\n" for instant in encoded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(encoded.indices)
