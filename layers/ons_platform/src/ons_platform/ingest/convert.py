"""The columns of one file, batch after batch, converted by catalogue type; trouble is reported."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ons_platform.catalog.model import Column, Dataset, Role
from ons_platform.catalog.vocabulary import vocabulary
from ons_platform.ingest.canonical_batch import ATTRIBUTE_TYPES, HELPERS
from ons_platform.ingest.reading.cells import (
    MomentReader,
    Moments,
    NumberReader,
    Numbers,
    shown,
    text_of,
)
from ons_platform.ingest.reading.dates import Clock
from ons_platform.ingest.reading.source import SourceBatch
from ons_platform.ingest.reasons import Place
from ons_platform.ingest.reports.report import QualityReport
from ons_platform.ingest.texts import TextColumn, Vocabulary, constant

_CANONICAL = {role: name for name, role in HELPERS.items()}
_VOCABULARIES: dict[Role, Callable[[], Vocabulary]] = {
    "region": lambda: Vocabulary(vocabulary().regions),
    "region_to": lambda: Vocabulary(vocabulary().regions),
    "state": lambda: Vocabulary(vocabulary().states),
    "source": lambda: Vocabulary(vocabulary().sources),
}


class Converter:
    """Keeps what must last over the batches of a file: dictionaries, number style, dates seen.

    `role` gives the platform's codes (`SE`, `hydro`), `typed` what ONS writes.
    """

    def __init__(self, dataset: Dataset, report: QualityReport) -> None:
        self._dataset = dataset
        self._report = report
        self._numbers: dict[str, NumberReader] = {}
        self._moments: dict[str, MomentReader] = {}
        self._texts: dict[str, TextColumn] = {}
        self._coded: dict[Role, TextColumn] = {}
        self._vocabularies = {role: make() for role, make in _VOCABULARIES.items()}

    def role(self, batch: SourceBatch, role: Role) -> pa.DictionaryArray:
        """The text column with that role, in codes; null where the file has none.

        Values the vocabulary does not know are kept and remarked on.
        """
        column = self._dataset.column(role)
        if column is None:
            return self._second_role(batch, role)
        if column.name not in batch.columns:
            return constant(None, len(batch.rows))
        words = self._vocabularies.get(role)
        if role not in self._coded:
            self._coded[role] = TextColumn(words) if words else TextColumn()
        texts = self._coded[role].read(batch.columns[column.name])
        if words and words.unknown:
            self._remark_unknown(words, role, texts, batch.rows)
        return texts

    def constant(self, role: Role) -> str | None:
        """What the catalogue says of every row of the dataset."""
        return self._dataset.constants.get(_CANONICAL[role])

    def _second_role(self, batch: SourceBatch, role: Role) -> pa.DictionaryArray:
        """From a column that has another role first, as far as the vocabulary knows its texts."""
        column = next((item for item in self._dataset.columns if item.also == role), None)
        if column is None or column.name not in batch.columns:
            return constant(self.constant(role), len(batch.rows))
        known = TextColumn(self._vocabularies[role].known)
        return self._coded.setdefault(role, known).read(batch.columns[column.name])

    def typed(self, batch: SourceBatch, column: Column) -> pa.Array:
        """A column kept as it is, by its catalogue type; null where the file has none."""
        kind = ATTRIBUTE_TYPES[column.type]
        if column.name not in batch.columns:
            return pa.nulls(len(batch.rows), kind)
        if column.type == "number":
            return self.numbers(batch, column).values
        if column.type == "string":
            texts = self._texts.setdefault(column.name, TextColumn())
            return texts.read(batch.columns[column.name])
        return pa.array(self.moments(batch, column).values).cast(kind, safe=False)

    def numbers(self, batch: SourceBatch, column: Column) -> Numbers:
        """A number column; unreadable cells are reported."""
        cells = batch.columns[column.name]
        reader = self._numbers.setdefault(column.name, NumberReader())
        read = reader.read(cells, batch.decimals.get(column.name))
        self.note(batch, column.name, "number", read.invalid)
        return read

    def moments(self, batch: SourceBatch, column: Column) -> Moments:
        """A date or instant column as readings of the dataset's clock; the unreadable reported."""
        cells = batch.columns[column.name]
        if self._dataset.grain == "P1Y":
            cells = _first_days(cells)
        reader = self._moments.setdefault(column.name, MomentReader(self._clock(column)))
        read = reader.read(cells)
        self.note(batch, column.name, column.type, read.invalid)
        return read

    def _clock(self, column: Column) -> Clock:
        """Instants of a dataset in UTC are read as UTC, everything else as Brasília shows it."""
        time = self._dataset.time
        in_utc = time is not None and time.kind == "utc_instant" and column.type == "instant"
        return "utc" if in_utc else "civil"

    def note(
        self,
        batch: SourceBatch,
        name: str,
        kind: str,
        marked: NDArray[np.bool_] | None,
    ) -> None:
        """Report the marked cells of a column, the first of them with row and text."""
        if marked is None:
            return
        where = np.flatnonzero(marked)
        cells = batch.columns[name]
        places = [
            Place(int(batch.rows[index]), name, shown(cells, int(index)), kind)
            for index in where[: self._report.room(name, kind)]
        ]
        if len(where):
            self._report.find(name, kind, len(where), places)

    def _remark_unknown(
        self, words: Vocabulary, role: Role, texts: pa.DictionaryArray, rows: NDArray[np.int64]
    ) -> None:
        values = texts.dictionary.to_pylist()
        indices = texts.indices.to_numpy(zero_copy_only=False)
        for value in words.unknown:
            first = int(np.argmax(indices == values.index(value)))
            self._report.warn(f"unknown_{role}", value=value, row=int(rows[first]))
        words.unknown.clear()


def _first_days(cells: pa.Array) -> pa.Array:
    """Bare years (2023, 2023.0) as their first days; what is a date already stays one."""
    texts = pc.utf8_trim_whitespace(pc.cast(text_of(cells), pa.string()))
    bare = pc.match_substring_regex(texts, r"^(19|20)\d{2}(\.0+)?$")
    year = pc.utf8_slice_codeunits(texts, 0, 4)
    return pc.if_else(bare, pc.binary_join_element_wise(year, "01", "01", "-"), texts)
