"""Which series each row of a lake table belongs to, and how the lines of a series begin.

A series is a set of tags and a field. There are few of them and many rows: the text that depends
on the series alone is made once, and rows refer to it by a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ons_platform.timeseries.points import DATASET_TAG, MISSING_SUFFIX, PointModel

MAX_CODE = 2**62
_NO_PIECE = "\n"
"""In place of a tag that cannot be written: no other piece has a line break."""
_ESCAPES = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\="})


class SeriesIndex:
    """Numbers the series of one dataset, in the order in which they come by.

    `heads` has for each all of its lines up to the value.
    """

    def __init__(self, model: PointModel) -> None:
        self._model = model
        self._start = escaped(model.measurement)
        self._tags = sorted([*model.tags.items(), ("", DATASET_TAG)], key=lambda pair: pair[1])
        self._pieces = {tag: _Pieces(tag) for _, tag in self._tags}
        self._numbers: dict[str, int] = {}
        self.heads: list[str] = []

    def numbers(self, table: pa.Table) -> pa.Array:
        """The number (`int32`) of each row's series; a tag without a column is one rows lack.

        The table has `measurement_type` (all of them in the model), `value` and what it has of the
        tags' columns.
        """
        columns = [self._tag(table, column, tag) for column, tag in self._tags]
        columns += [self._field(table), _missing(table)]
        whole = _together(columns, table.num_rows)
        own = [self._number(piece) for piece in whole.pieces]
        return pa.array(own, pa.int32()).take(whole.indices)

    def is_bad(self, number: int) -> bool:
        """Whether the line protocol has no way to write that series."""
        return _NO_PIECE in self.heads[number]

    def _number(self, piece: str) -> int:
        number = self._numbers.get(piece)
        if number is None:
            number = self._numbers[piece] = len(self.heads)
            self.heads.append(f"{self._start}{piece}")
        return number

    def _tag(self, table: pa.Table, column: str, tag: str) -> _Column:
        if not column:
            return _Column(None, [self._pieces[tag][self._model.dataset]])
        if column not in table.column_names:
            return _Column(None, [""])
        encoded = dictionary_array(table[column])
        texts = [*encoded.dictionary.cast(pa.string()).to_pylist(), None]
        known = self._pieces[tag]
        return _Column(encoded.indices.fill_null(len(texts) - 1), [known[text] for text in texts])

    def _field(self, table: pa.Table) -> _Column:
        encoded = dictionary_array(table["measurement_type"])
        names = [self._model.fields.get(name, "") for name in encoded.dictionary.to_pylist()]
        return _Column(encoded.indices, [f" {escaped(name)}" for name in names])


@dataclass(frozen=True)
class _Column:
    """Per row the place of its piece of the line; no indices where all rows have the first."""

    indices: Any
    pieces: list[str]


def escaped(text: str) -> str:
    """A name or a tag's value as the line protocol writes it; backslashes stand for themselves."""
    return text.translate(_ESCAPES)


def unspeakable(text: str) -> str | None:
    """Why a tag's value cannot be written, or (a carriage return) not be read back."""
    if text.endswith("\\"):
        return "ends with a backslash"
    return "holds a line break" if "\n" in text or "\r" in text else None


def dictionary_array(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """The column as one array of indices into its texts."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


class _Pieces(dict[str | None, str]):
    """What a tag's values are in a line, each made once."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self._start = f",{escaped(tag)}="

    def __missing__(self, text: str | None) -> str:
        if not text:
            piece = ""
        else:
            piece = _NO_PIECE if unspeakable(text) else f"{self._start}{escaped(text)}"
        self[text] = piece
        return piece


def _missing(table: pa.Table) -> _Column:
    values = table["value"]
    indices = values.is_null().combine_chunks().cast(pa.int8()) if values.null_count else None
    return _Column(indices, ["=", f"{MISSING_SUFFIX}="])


def _together(columns: Sequence[_Column], rows: int) -> _Column:
    """One column whose pieces are the others' put together, as rows have them."""
    total, size, used = pa.nulls(rows, pa.int64()).fill_null(0), 1, list[_Column]()
    for position, column in enumerate(columns):
        if column.indices is not None:
            size *= len(column.pieces)
            if size > MAX_CODE:
                return _together([_together(used, rows), *columns[position:]], rows)
            scaled = pc.multiply(total, pa.scalar(len(column.pieces), pa.int64()))
            total = pc.add(scaled, column.indices.cast(pa.int64()))
        used.append(column)
    encoded = total.dictionary_encode()
    pieces = zip(*_pieces(columns, encoded.dictionary.to_pylist()), strict=True)
    return _Column(encoded.indices, ["".join(some) for some in pieces])


def _pieces(columns: Sequence[_Column], codes: list[int]) -> list[list[str]]:
    """Of each column the pieces the codes stand for."""
    found = []
    for column in reversed(columns):
        pieces, size = column.pieces, len(column.pieces)
        if column.indices is None:
            found.append([pieces[0]] * len(codes))
        else:
            found.append([pieces[code % size] for code in codes])
            codes = [code // size for code in codes]
    return found[::-1]
