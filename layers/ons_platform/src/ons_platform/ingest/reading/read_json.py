"""JSON: a list of records, in an envelope or not, or records one after the other; streamed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ons_platform.catalog.model import Column
from ons_platform.ingest.reading.checked_file import MAX_LINE_BYTES
from ons_platform.ingest.reading.objects import to_array
from ons_platform.ingest.reading.source import Remark, SourceBatch, row_numbers
from ons_platform.ingest.reasons import Place, reject

_BATCH_ROWS = 20_000
_HEADER_RECORDS = 1000
_BLOCK = 1024 * 1024
_BETWEEN = " \t\r\n,"
_ENVELOPE = re.compile(
    r'\{\s*(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[-\w.+]*|\{)\s*,?\s*)*?"(data|records)"\s*:\s*\['
)
"""The beginning of `{"data": [` and of CKAN's `{"success": true, "result": {"records": [`."""
_ENVELOPE_DEPTH = 4096
_NO_VALUE = re.compile(r'"([^"\\]*)"\s*:\s*\Z')
_FIELD_LENGTH = 200


class JsonSource:
    """Records by name; the header is every name the first thousand records use."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self.name = name
        self.bad_rows: list[Place] = []
        self.bad_count = 0
        self.tolerant = False
        self.remarks: list[Remark] = []
        self._mended: list[Place] = []
        names: dict[str, None] = {}
        for record in islice(self._records(), _HEADER_RECORDS):
            names.update(dict.fromkeys(record))
        if not names:
            raise reject("no_records", file=name)
        self.header = tuple(names)

    def batches(self, wanted: Mapping[int, Column]) -> Iterator[SourceBatch]:
        """Batches of 20,000 records; `rows` counts records from 1."""
        self._mended = []
        records = self._records()
        first = 1
        while chunk := list(islice(records, _BATCH_ROWS)):
            columns = {
                column.name: to_array([item.get(self.header[index]) for item in chunk], column)
                for index, column in wanted.items()
            }
            yield SourceBatch(columns, row_numbers(first, len(chunk)))
            first += len(chunk)
        if self._mended:
            place = self._mended[0]
            details = {"count": len(self._mended), "record": place.row, "field": place.column}
            self.remarks.append(Remark("broken_json_mended", details))

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
        decoder = json.JSONDecoder(object_pairs_hook=self._record)
        text = next(blocks, "").lstrip()
        envelope = _ENVELOPE.match(text, 0, _ENVELOPE_DEPTH)
        text = text[envelope.end() - 1 :] if envelope else text
        listed = text.startswith("[")
        text = text[1:] if listed else text
        done = 0
        for block in chain(blocks, [""]):
            text, records = self._complete(decoder, text, done, last=not block)
            yield from records
            done += len(records)
            if text.startswith("]") and listed:
                return
            text += block
            if len(text) > MAX_LINE_BYTES + _BLOCK:
                raise reject("long_line", file=self.name, limit=MAX_LINE_BYTES, position=0)
        if text.strip(_BETWEEN) or listed:
            raise self._broken(f"it breaks off after record {done}")

    def _complete(
        self, decoder: json.JSONDecoder, text: str, done: int, *, last: bool
    ) -> tuple[str, list[dict[str, Any]]]:
        """The records that end within the text, and the rest of the text."""
        records: list[dict[str, Any]] = []
        position = _skip(text, 0)
        while position < len(text) and text[position] != "]":
            number = done + len(records) + 1
            if text[position] != "{":
                where = f"record {number} should begin at {text[position : position + 20]!r}"
                raise self._broken(where)
            try:
                record, position = decoder.raw_decode(text, position)
            except json.JSONDecodeError as wrong:
                if field := _field_without_value(text, wrong):
                    self._mended.append(Place(number, field, "", "number"))
                    text = f"{text[: wrong.pos]}null{text[wrong.pos :]}"
                    continue
                if last or wrong.pos < len(text) - _BLOCK:
                    raise self._broken(_described(wrong, text, position, number)) from wrong
                break
            except RecursionError as wrong:
                raise self._broken(f"record {number} is nested too deeply") from wrong
            records.append(record)
            position = _skip(text, position)
        return text[position:], records

    def _record(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object as a mapping; of two values under one name none can be chosen."""
        record = dict(pairs)
        if len(record) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise reject("repeated_column", file=self.name, column=twice, found=names)
        return record

    def _broken(self, problem: str) -> Exception:
        return reject("broken_file", file=self.name, format="JSON", problem=problem)


def _field_without_value(text: str, wrong: json.JSONDecodeError) -> str | None:
    """The name of the field that has simply no value (`"val": ,`); anything else is not mended."""
    if wrong.pos >= len(text) or text[wrong.pos] not in ",}":
        return None
    before = text[max(0, wrong.pos - _FIELD_LENGTH) : wrong.pos]
    field = _NO_VALUE.search(before)
    return field.group(1) if field else None


def _described(wrong: json.JSONDecodeError, text: str, begin: int, number: int) -> str:
    shown = text[max(begin, wrong.pos - 20) : wrong.pos + 20]
    return f"record {number}, character {wrong.pos - begin + 1}: {wrong.msg} near {shown!r}"


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BETWEEN:
        position += 1
    return position
