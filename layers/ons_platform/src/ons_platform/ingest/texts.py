"""Text columns: trimmed, mapped to one vocabulary, dictionary-encoded once for the whole file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ons_platform.catalog.vocabulary import Term, codes, fold
from ons_platform.ingest.reading.cells import text_of

_NOTHING = -1
TEXT = pa.dictionary(pa.int32(), pa.string())
_WHOLE = re.compile(r"(\d+)\.0+")


def as_meant(text: str) -> str:
    """The text itself; a code that passed through a column of floats (`35.0`) is whole again.

    The same plant would otherwise be two: one in CSV files, another in Parquet files and
    spreadsheets, where such a code is a number.
    """
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


@dataclass
class TextColumn:
    """One text column over all batches of a file.

    Only different texts are looked at one by one; rows are re-indexed. The dictionary grows and
    never changes what an index means, so Parquet writers can keep it.
    """

    translate: Callable[[str], str | None] = as_meant
    _codes: dict[str, int] = field(default_factory=dict)
    _values: dict[str, int] = field(default_factory=dict)

    def read(self, cells: pa.Array) -> pa.DictionaryArray:
        """The batch's texts; empty ones are null."""
        cells = text_of(cells)
        found = [self._code(text) for text in cells.dictionary.to_pylist()]
        table = np.array([*found, _NOTHING], np.int32)
        indices = cells.indices
        if indices.null_count:
            indices = pc.fill_null(indices, len(table) - 1)
        return encoded(table[indices.to_numpy(zero_copy_only=False)], list(self._values))

    def _code(self, text: str | None) -> int:
        text = (text or "").strip()
        if text not in self._codes:
            value = self.translate(text) if text else None
            self._codes[text] = (
                _NOTHING if value is None else self._values.setdefault(value, len(self._values))
            )
        return self._codes[text]


@dataclass
class Vocabulary:
    """Translates what files write into codes; what it does not know is kept, folded upper-case."""

    terms: dict[str, Term]
    unknown: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._table = codes(self.terms)

    def __call__(self, text: str) -> str:
        """The code, or the text itself without accents in upper case."""
        code = self._table.get(fold(text))
        if code is None:
            code = fold(text).upper()
            self.unknown.append(code)
        return code

    def known(self, text: str) -> str | None:
        """The code, or None for what is not of this vocabulary."""
        return self._table.get(fold(text))


def encoded(indices: NDArray[np.integer], values: list[str]) -> pa.DictionaryArray:
    """A dictionary array from indices, of which negative ones are null."""
    indices = indices.astype(np.int32, copy=False)
    mask = indices < 0 if len(indices) and indices.min() < 0 else None
    return pa.DictionaryArray.from_arrays(
        pa.array(indices, pa.int32(), mask=mask), pa.array(values, pa.string())
    )


def says(column: pa.DictionaryArray, words: Iterable[str]) -> NDArray[np.bool_]:
    """Rows of which the text is (folded) one of the words; an empty one says nothing."""
    wanted = {fold(word) for word in words}
    known = np.array([*(fold(text) in wanted for text in column.dictionary.to_pylist()), False])
    indices = pc.fill_null(column.indices, len(known) - 1)
    rows: NDArray[np.bool_] = known[indices.to_numpy(zero_copy_only=False)]
    return rows


def constant(value: str | None, rows: int) -> pa.DictionaryArray:
    """The same text in every row."""
    if value is None:
        return pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()), pa.array([], pa.string()))
    return encoded(np.zeros(rows, np.int32), [value])
