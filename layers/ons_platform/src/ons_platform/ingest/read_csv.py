"""Text tables, streamed: typed while the cells are clean, as text from the first odd one on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
from numpy.typing import NDArray

from ons_platform.catalog.model import Column
from ons_platform.ingest.cells import ARROW_TYPES, has_decimal_comma
from ons_platform.ingest.checked_file import CheckedFile
from ons_platform.ingest.reasons import Place, reject
from ons_platform.ingest.sniff import sniff
from ons_platform.ingest.source import SourceBatch

_BLOCK_BYTES = 8 * 1024 * 1024
_MAX_BAD_PLACES = 100
_NULLS = ["", "NULL", "null", "NaN", "nan"]
_SAMPLE_ROWS = 1000


class CsvSource:
    """A CSV file of any size in bounded memory: a few blocks of 8 MiB."""

    def __init__(self, path: Path, name: str, known: frozenset[str]) -> None:
        self._path = path
        self._name = name
        self._dialect = sniff(path, name, known)
        self._encoding = self._dialect.encoding
        self._rows_done = 0
        self._bad_numbers: list[int] = []
        self.header = self._dialect.header
        self.bad_rows: list[Place] = []
        self.bad_count = 0
        self.tolerant = False

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Typed batches; from a block with an odd cell on, batches of text for `cells` to read.

        Raises `MalformedFile` where the bytes stop being text.
        """
        self.tolerant = self._writes_decimal_commas(wanted)
        if not self.tolerant:
            try:
                yield from self._read(wanted)
            except pa.ArrowInvalid:
                self.tolerant = True
            else:
                return
        yield from self._read_as_text(wanted)

    def close(self) -> None:
        """Nothing is open between batches."""

    def _read_as_text(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        try:
            yield from self._read(wanted)
        except pa.ArrowInvalid as wrong:
            if "Empty CSV" in str(wrong):
                return
            if "UTF8" not in str(wrong) or self._encoding == "cp1252":
                raise self._broken(wrong) from wrong
            self._encoding = "cp1252"
            yield from self._read_as_text(wanted)

    def _read(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Read on from the first row not yet given out."""
        self._bad_numbers, self.bad_rows, self.bad_count = [], [], 0
        skip = self._rows_done
        names = {f"c{index}": column.name for index, column in wanted.items()}
        try:
            with CheckedFile(self._path, self._name, self._dialect.start) as stream:
                for batch in self._open(stream, wanted):
                    kept = batch.slice(min(skip, batch.num_rows))
                    skip -= batch.num_rows - kept.num_rows
                    if not kept.num_rows:
                        continue
                    rows = self._row_numbers(self._rows_done, kept.num_rows)
                    self._rows_done += kept.num_rows
                    columns = {names[key]: kept.column(key) for key in kept.schema.names}
                    yield SourceBatch(columns, rows)
        except UnicodeDecodeError as wrong:
            raise self._broken(wrong) from wrong

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

    def _writes_decimal_commas(self, wanted: Mapping[int, Column]) -> bool:
        """Whether numbers at the file's beginning are Brazilian: then `1.234` is a thousand."""
        numbers = [index for index, column in wanted.items() if column.type == "number"]
        with self._path.open("rb") as stream:
            stream.seek(self._dialect.start)
            lines = [stream.readline(65536) for _ in range(_SAMPLE_ROWS)]
        rows = (line.decode("latin-1").split(self._dialect.delimiter) for line in lines)
        return any(
            has_decimal_comma(row[index].strip('" \r\n'))
            for row in rows
            for index in numbers
            if index < len(row)
        )

    def _broken(self, wrong: Exception) -> Exception:
        first = str(wrong).splitlines()[0]
        return reject("broken_file", file=self._name, format="CSV", problem=first)
