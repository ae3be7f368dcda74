"""Text tables, streamed: typed while the cells are clean, as text from the first odd one on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
from numpy.typing import NDArray

from ons_platform.catalog.model import Column
from ons_platform.ingest.reading.cells import (
    ARROW_TYPES,
    decimal_of,
    keeps_points,
    pointless,
    trimmed,
    zero_led,
)
from ons_platform.ingest.reading.checked_file import CheckedFile
from ons_platform.ingest.reading.cut import is_cut_off
from ons_platform.ingest.reading.month_table import Row
from ons_platform.ingest.reading.quotes import CellsOverLines, QuoteWatch
from ons_platform.ingest.reading.sniff import refuse_damaged_utf8, sniff
from ons_platform.ingest.reading.source import Decimal, Remark, SourceBatch
from ons_platform.ingest.reasons import Place, reject

_BLOCK_BYTES = 8 * 1024 * 1024
_MAX_BAD_PLACES = 100
_NULLS = ["", "NULL", "null", "NaN", "nan"]
_SAMPLE_ROWS = 1000
_LATER_PARTS = 16
_LATER_BYTES = 32 * 1024
_SMALL_BYTES = 2 * _LATER_PARTS * _LATER_BYTES


class CsvSource:
    """A CSV file of any size in bounded memory: a few blocks of 8 MiB."""

    def __init__(self, path: Path, name: str, known: frozenset[str]) -> None:
        self._path = path
        self.name = name
        self._dialect = sniff(path, name, known)
        self._encoding = self._dialect.encoding
        self._rows_done = 0
        self._bad_numbers: list[int] = []
        self._decimals: dict[str, Decimal] = {}
        self._pointed: frozenset[str] = frozenset()
        self.header = self._dialect.header
        self.bad_rows: list[Place] = []
        self.bad_count = 0
        self.tolerant = False
        self.remarks: list[Remark] = []

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Typed batches; from a block with an odd cell on, batches of text for `cells` to read.

        Rows beside unreadable ones, and the last of a file that may be cut off, are doubtful.
        Raises `MalformedFile` where the bytes stop being text.
        """
        doubtful = 0
        waiting: SourceBatch | None = None
        for batch in self._undoubted(wanted):
            if waiting is not None:
                waiting = self._beside_damage(waiting)
                doubtful += 0 if waiting.doubtful is None else int(waiting.doubtful.sum())
                yield waiting
            waiting = batch
        if waiting is None:
            return
        waiting = self._beside_damage(waiting)
        doubtful += 0 if waiting.doubtful is None else int(waiting.doubtful.sum())
        if doubtful:
            self.remarks.append(Remark("beside_damage", {"count": doubtful}))
        yield self._cut_off(waiting)

    def rows(self) -> Iterator[Row]:
        """The rows below the header as they are, for tables of another layout."""
        with self._path.open("rb") as stream:
            stream.seek(self._dialect.start)
            text = io.TextIOWrapper(stream, self._encoding, errors="replace", newline="")
            reader = csv.reader(text, delimiter=self._dialect.delimiter)
            try:
                for row in reader:
                    yield self._dialect.header_row + reader.line_num, row
            except csv.Error as wrong:
                raise self._broken(wrong) from wrong

    def close(self) -> None:
        """Nothing is open between batches."""

    def _undoubted(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        self.tolerant = self._writes_unusual_numbers(wanted)
        if not self.tolerant:
            try:
                yield from self._read(wanted)
            except (pa.ArrowInvalid, CellsOverLines):
                self.tolerant = True
            else:
                return
        if self._rows_done:
            numbers = [column.name for column in wanted.values() if column.type == "number"]
            for name in numbers:
                self._decimals.setdefault(name, ".")
        yield from self._read_as_text(wanted)

    def _read_as_text(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        try:
            yield from self._read(wanted)
        except pa.ArrowInvalid as wrong:
            if "Empty CSV" in str(wrong):
                return
            if "UTF8" not in str(wrong) or self._encoding == "cp1252":
                raise self._broken(wrong) from wrong
            refuse_damaged_utf8(self._blocks(), self.name, self._dialect.start)
            self._encoding = "cp1252"
            yield from self._read_as_text(wanted)

    def _read(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Read on from the first row not yet given out."""
        self._bad_numbers, self.bad_rows, self.bad_count = [], [], 0
        skip = self._rows_done
        names = {f"c{index}": column.name for index, column in wanted.items()}
        try:
            with self._checked() as stream:
                for batch in self._open(stream, wanted):
                    kept = batch.slice(min(skip, batch.num_rows))
                    skip -= batch.num_rows - kept.num_rows
                    if not kept.num_rows:
                        continue
                    rows = self._row_numbers(self._rows_done, kept.num_rows)
                    self._rows_done += kept.num_rows
                    columns = {names[key]: kept.column(key) for key in kept.schema.names}
                    yield SourceBatch(columns, rows, self._decimals, self._pointed)
        except UnicodeDecodeError as wrong:
            raise self._broken(wrong) from wrong

    def _checked(self) -> CheckedFile:
        quotes = QuoteWatch(
            self.name,
            self._dialect.delimiter,
            len(self.header),
            self._dialect.header_row + 1,
            over_lines=self.tolerant,
        )
        return CheckedFile(self._path, self.name, self._dialect.start, quotes)

    def _open(self, stream: CheckedFile, wanted: Mapping[int, Column]) -> Iterator[pa.RecordBatch]:
        text = pa.dictionary(pa.int32(), pa.string())
        types = {
            f"c{index}": text if column.type == "string" else ARROW_TYPES[column.type]
            for index, column in wanted.items()
        }
        if self.tolerant:
            types = {
                f"c{index}": text if column.type == "string" else pa.string()
                for index, column in wanted.items()
            }
        yield from pc_csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            read_options=pc_csv.ReadOptions(
                column_names=[f"c{index}" for index in range(len(self.header))],
                block_size=_BLOCK_BYTES,
                encoding=self._encoding,
                use_threads=not self.tolerant,
            ),
            parse_options=pc_csv.ParseOptions(
                delimiter=self._dialect.delimiter,
                newlines_in_values=self.tolerant,
                invalid_row_handler=self._bad_row,
            ),
            convert_options=pc_csv.ConvertOptions(
                include_columns=list(types),
                column_types=types,
                strings_can_be_null=True,
                null_values=_NULLS,
            ),
        )

    def _bad_row(self, row: Any) -> str:
        """A row of another width: a reason to read tolerantly, there a row left out and listed."""
        if not self.tolerant:
            return "error"
        self.bad_count += 1
        number = self._dialect.header_row + row.number
        self._bad_numbers.append(row.number)
        if len(self.bad_rows) < _MAX_BAD_PLACES:
            self.bad_rows.append(Place(number, "*", str(row.text)[:100], "row"))
        return "skip"

    def _row_numbers(self, done: int, count: int) -> NDArray[np.int64]:
        good = np.arange(done + 1, done + count + 1, dtype=np.int64)
        if self._bad_numbers:
            bad = np.array(self._bad_numbers, np.int64)
            good += np.searchsorted(bad - np.arange(len(bad)), good, side="right")
        return good + self._dialect.header_row

    def _beside_damage(self, batch: SourceBatch) -> SourceBatch:
        """A line break in a number makes one row short and leaves the row before it cut off."""
        if not self._bad_numbers:
            return batch
        bad = np.array(self._bad_numbers, np.int64) + self._dialect.header_row
        beside = np.isin(batch.rows, np.r_[bad - 1, bad + 1])
        return replace(batch, doubtful=beside) if beside.any() else batch

    def _cut_off(self, batch: SourceBatch) -> SourceBatch:
        """The last rows, of which the last may have lost its end."""
        if not is_cut_off(self._path, self._dialect.delimiter):
            return batch
        self.remarks.append(Remark("no_final_line_break", {"row": int(batch.rows[-1])}))
        doubtful = np.zeros(len(batch.rows), bool) if batch.doubtful is None else batch.doubtful
        doubtful[-1] = True
        return replace(batch, doubtful=doubtful)

    def _writes_unusual_numbers(self, wanted: Mapping[int, Column]) -> bool:
        """Whether numbers of a sample have a decimal comma, or seem to have lost their point."""
        small = self._path.stat().st_size < _SMALL_BYTES
        rows = (row for _, row in self.rows())
        sample = list(rows) if small else [*islice(rows, _SAMPLE_ROWS), *self._later_rows()]
        unusual = False
        for index, column in wanted.items():
            if column.type == "number":
                cells = [row[index] if index < len(row) else None for row in sample]
                unusual = self._is_unusual(column.name, pa.array(cells, pa.string())) or unusual
        return unusual

    def _is_unusual(self, column: str, cells: pa.Array) -> bool:
        texts = trimmed(cells)
        decimal = decimal_of(texts)
        if decimal is not None:
            self._decimals[column] = decimal
        if decimal == "." and keeps_points(texts):
            self._pointed |= {column}
        without_point = column in self._pointed and pointless(texts) is not None
        return decimal == "," or without_point or zero_led(texts) is not None

    def _later_rows(self) -> Iterator[list[str]]:
        """Some rows of later parts of a large file."""
        size = self._path.stat().st_size
        with self._path.open("rb") as stream:
            for part in range(1, _LATER_PARTS + 1):
                stream.seek(part * (size - _LATER_BYTES) // _LATER_PARTS)
                lines = stream.read(_LATER_BYTES).decode(self._encoding, "replace").splitlines()
                for line in lines[1:-1]:
                    yield line.replace('"', "").split(self._dialect.delimiter)

    def _blocks(self) -> Iterator[bytes]:
        with self._path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                yield block

    def _broken(self, wrong: Exception) -> Exception:
        first = str(wrong).splitlines()[0]
        return reject("broken_file", file=self.name, format="CSV", problem=first)
