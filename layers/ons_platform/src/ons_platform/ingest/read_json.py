"""JSON: a list of records, or records one after the other (JSON Lines), streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ons_platform.catalog.model import Column
from ons_platform.ingest.checked_file import MAX_LINE_BYTES
from ons_platform.ingest.objects import to_array
from ons_platform.ingest.reasons import Place, reject
from ons_platform.ingest.source import SourceBatch, row_numbers

_BATCH_ROWS = 20_000
_HEADER_RECORDS = 1000
_BLOCK = 1024 * 1024
_BETWEEN = " \t\r\n,"


class JsonSource:
    """Records by name; the header is every name the first thousand records use."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        names: dict[str, None] = {}
        for record in islice(self._records(), _HEADER_RECORDS):
            names.update(dict.fromkeys(record))
        if not names:
            raise reject("blank_file", file=name)
        self.header = tuple(names)
        self.bad_rows: list[Place] = []
        self.bad_count = 0
        self.tolerant = False

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Batches of 20,000 records; `rows` counts records from 1."""
        records = self._records()
        first = 1
        while chunk := list(islice(records, _BATCH_ROWS)):
            columns = {
                column.name: to_array([item.get(self.header[index]) for item in chunk], column)
                for index, column in wanted.items()
            }
            yield SourceBatch(columns, row_numbers(first, len(chunk)))
            first += len(chunk)

    def close(self) -> None:
        """Nothing is open between batches."""

    def _records(self) -> Iterator[dict[str, Any]]:
        try:
            with self._path.open(encoding="utf-8-sig") as stream:
                blocks = iter(lambda: stream.read(_BLOCK), "")
                yield from self._parse(blocks)
        except UnicodeDecodeError as wrong:
            raise self._broken("it is not UTF-8") from wrong

    def _parse(self, blocks: Iterator[str]) -> Iterator[dict[str, Any]]:
        """Decode record by record, keeping in memory little more than one record."""
        decoder = json.JSONDecoder()
        text = next(blocks, "").lstrip()
        listed = text.startswith("[")
        text = text[1:] if listed else text
        for block in chain(blocks, [""]):
            text, records = self._complete(decoder, text, last=not block)
            yield from records
            if text.startswith("]") and listed:
                return
            text += block
            if len(text) > MAX_LINE_BYTES + _BLOCK:
                raise reject("long_line", file=self._name, limit=MAX_LINE_BYTES, position=0)
        if text.strip(_BETWEEN) or listed:
            raise self._broken("it breaks off before its end")

    def _complete(
        self, decoder: json.JSONDecoder, text: str, *, last: bool
    ) -> tuple[str, list[dict[str, Any]]]:
        """The records that end within the text, and the rest of the text."""
        records: list[dict[str, Any]] = []
        position = _skip(text, 0)
        while position < len(text) and text[position] != "]":
            if text[position] != "{":
                raise self._broken(f"a record should begin at {text[position : position + 20]!r}")
            try:
                record, position = decoder.raw_decode(text, position)
            except json.JSONDecodeError as wrong:
                if last or wrong.pos < len(text) - _BLOCK:
                    raise self._broken(str(wrong)) from wrong
                break
            records.append(record)
            position = _skip(text, position)
        return text[position:], records

    def _broken(self, problem: str) -> Exception:
        return reject("broken_file", file=self._name, format="JSON", problem=problem)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BETWEEN:
        position += 1
    return position
