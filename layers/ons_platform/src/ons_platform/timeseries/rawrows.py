"""The rows of a Flux answer as it comes in, and no more of them than the caller takes (QRY-4).

The server may send gigabytes: it is read record by record, and left when a limit is met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ons_platform.timeseries.annotated_csv import Block, Row, read_blocks, value_of

_FIRST = ("result", "table")


@dataclass
class RawRows:
    """Rows over `columns` (the union over all tables, `result` and `table` first).

    A row lacks no column: what its table does not have is None. Instants stay the server's text,
    which may have nanoseconds. `truncated` says that there was more.
    """

    columns: list[str] = field(default_factory=lambda: list(_FIRST))
    rows: list[list[Any]] = field(default_factory=list)
    truncated: bool = False


class Lines:
    """Text lines of a stream of bytes, until so many bytes were seen."""

    def __init__(self, pieces: Iterable[bytes], max_bytes: int) -> None:
        self._pieces = pieces
        self._left = max_bytes
        self.cut = False

    def __iter__(self) -> Iterator[str]:
        rest = b""
        for piece in self._pieces:
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._left -= len(line) + 1
                if self._left < 0:
                    self.cut = True
                    return
                yield line.removesuffix(b"\r").decode() + "\n"
        if rest:
            yield rest.decode()


def _records(lines: Iterable[str]) -> Iterator[str]:
    """Each record with the line breaks inside its values; one that is cut is none."""
    record = ""
    for line in lines:
        record += line
        if record.count('"') % 2 == 0:
            yield record
            record = ""


def read_rows(pieces: Iterable[bytes], *, max_rows: int, max_bytes: int) -> RawRows:
    """Read at most so many rows of so many bytes. Raises as `read_tables`."""
    found = RawRows()
    places: dict[str, int] = {name: place for place, name in enumerate(_FIRST)}
    lines = Lines(pieces, max_bytes)
    for block, body in read_blocks(_records(lines)):
        for name in block.names:
            if name not in places:
                places[name] = len(places)
                found.columns.append(name)
        convert = _reader(block, [places[name] for name in block.names])
        found.rows.extend(map(convert, islice(body, max_rows + 1 - len(found.rows))))
        if len(found.rows) > max_rows:
            del found.rows[max_rows:]
            found.truncated = True
            break
    found.truncated = found.truncated or lines.cut
    width = len(found.columns)
    for row in found.rows:
        row.extend([None] * (width - len(row)))
    return found


def _reader(block: Block, places: list[int]) -> Callable[[Row], list[Any]]:
    kinds = ["string" if kind.startswith("dateTime") else kind for kind in block.types]
    columns = list(zip(block.names, kinds, block.defaults, places, strict=True))
    width = 1 + max([1, *places])

    def convert(row: Row) -> list[Any]:
        values: list[Any] = [None] * width
        values[0] = row[1] or block.result
        values[1] = int(row[2])
        for (name, kind, default, place), text in zip(columns, row[3:], strict=True):
            values[place] = value_of(name, kind, text or default)
        return values

    return convert
