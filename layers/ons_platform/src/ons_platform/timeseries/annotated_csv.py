"""Flux's annotated CSV as tables: exact values, columns at a time, by the csv module alone.

    #datatype,string,long,dateTime:RFC3339,double,string
    #group,false,false,false,false,true
    #default,_result,,,,
    ,result,table,_time,_value,region
    ,,0,2024-01-01T00:00:00Z,1.5,sudeste

A new block of annotations begins wherever the columns change. The server writes nothing and an
empty text alike, so both are None. Every line break is CRLF, even one inside a value that was LF.
An error after the first rows comes as a table of its own.
"""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

_BOUNDS = ("_start", "_stop")
"""Of the query, not of the data: may be the instant it ran at, which has nanoseconds."""
_MICROSECONDS = len("2024-01-01T00:00:00.000000")
_LEAD = 3
"""Annotation, result and table stand before the columns."""
_AT_ONCE = 500
"""Rows; the garbage collector looks after about 700 new objects."""

Row = list[str]


class FluxError(Exception):
    """An error the server tells after it has begun to answer; the text is its message."""


@dataclass(frozen=True)
class FluxTable:
    """One table of an answer: rows that share the values of the group key.

    `name` is the yield's, `group` the group key with its values as the server writes them, and
    `columns` all columns in order, converted: float, int, bool, str, bytes, aware UTC datetime.
    """

    name: str
    group: dict[str, str]
    columns: dict[str, list[Any]]


@dataclass(frozen=True)
class Block:
    """What the annotations say of the rows that follow, with the first three columns left out."""

    names: list[str]
    types: list[str]
    grouped: list[bool]
    defaults: list[str]
    result: str


def read_tables(text: str) -> list[FluxTable]:
    """All tables of an answer. Raises `FluxError`, and `ValueError` for what is no such CSV."""
    lines = io.StringIO(text.replace("\r\n", "\n"), newline="")
    return [
        _table(block, key, rows)
        for block, body in read_blocks(lines)
        for key, rows in groupby(body, itemgetter(1, 2))
    ]


def read_blocks(lines: Iterable[str]) -> Iterator[tuple[Block, Iterator[Row]]]:
    """Each block with its rows as text, of lines that end in LF.

    A block's rows must be taken before the next block is.
    """
    reader = csv.reader(lines)
    annotations: dict[str, Row] = {}
    for row in reader:
        if not row:
            continue
        if row[0].startswith("#"):
            annotations[row[0]] = row
        elif row[1:3] == ["error", "reference"]:
            raise FluxError(next(reader, ["", "unknown error"])[1])
        elif annotations:
            yield _block(annotations, row), _rows(reader, annotations := {})
        else:
            raise ValueError("rows without annotations")


def _rows(reader: Iterator[Row], following: dict[str, Row]) -> Iterator[Row]:
    for row in reader:
        if not row:
            continue
        if row[0].startswith("#"):
            following[row[0]] = row
            return
        yield row


def _block(annotations: dict[str, Row], header: Row) -> Block:
    try:
        types, group, defaults = (annotations[name] for name in ("#datatype", "#group", "#default"))
    except KeyError as error:
        raise ValueError(f"the annotation {error} is missing") from error
    return Block(
        names=header[_LEAD:],
        types=types[_LEAD:],
        grouped=[item == "true" for item in group[_LEAD:]],
        defaults=defaults[_LEAD:],
        result=defaults[1],
    )


def _table(block: Block, key: tuple[str, str], rows: Iterator[Row]) -> FluxTable:
    columns = _transposed(rows)
    if len(columns) != _LEAD + len(block.names):
        raise ValueError("a row has another number of columns than its header")
    group, values = {}, {}
    for name, kind, grouped, default, texts in zip(
        block.names, block.types, block.grouped, block.defaults, columns[_LEAD:], strict=True
    ):
        if grouped:
            group[name] = texts[0] or default
            values[name] = [value_of(name, kind, group[name])] * len(texts)
        else:
            values[name] = _column(name, kind, default, texts)
    return FluxTable(key[0] or block.result, group, values)


def _transposed(rows: Iterator[Row]) -> list[list[str]]:
    """Columns, some rows at a time: a hundred thousand lists would keep the collector busy."""
    columns = [list(column) for column in zip(*islice(rows, _AT_ONCE), strict=True)]
    while chunk := list(islice(rows, _AT_ONCE)):
        for column, texts in zip(columns, zip(*chunk, strict=True), strict=True):
            column += texts
    return columns


def _column(name: str, kind: str, default: str, texts: list[str]) -> list[Any]:
    convert = _converter(name, kind)
    if "" not in texts:
        return texts if convert is str else list(map(convert, texts))
    empty = value_of(name, kind, default)
    return [convert(text) if text else empty for text in texts]


def value_of(name: str, kind: str, text: str) -> Any:
    """One value of a column; None for an empty text."""
    return _converter(name, kind)(text) if text else None


def _converter(name: str, kind: str) -> Callable[[str], Any]:
    if kind.startswith("dateTime"):
        return _bound if name in _BOUNDS else _instant
    try:
        return _CONVERTERS[kind]
    except KeyError as error:
        raise ValueError(f"unknown type {kind!r} of column {name!r}") from error


def _instant(text: str) -> datetime:
    """To the microsecond; an instant between two microseconds is not rounded but refused."""
    if len(text) > _MICROSECONDS and text[_MICROSECONDS:].rstrip("Z").strip("0"):
        raise ValueError(f"{text} is not a whole number of microseconds")
    return datetime.fromisoformat(text)


_bound = datetime.fromisoformat
_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "double": float,
    "long": int,
    "unsignedLong": int,
    "duration": int,
    "string": str,
    "boolean": "true".__eq__,
    "base64Binary": base64.b64decode,
}
