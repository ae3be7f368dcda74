"""Quotation marks in text tables: a cell may go over several lines, but not swallow rows."""

from __future__ import annotations

import re

from ons_platform.ingest.reasons import reject


class CellsOverLines(Exception):
    """A quoted cell goes over several lines where the reader was not prepared for it."""


class QuoteWatch:
    """Follows the bytes of a table, row by row, as far as quotation marks matter.

    One mark too many or too few makes rows vanish inside a cell, and the cells of another row come
    to stand in their place: a line that is a whole row by itself cannot be part of a cell.
    """

    def __init__(
        self, name: str, delimiter: str, columns: int, first_row: int, *, over_lines: bool
    ) -> None:
        self._name = name
        self._delimiter = delimiter.encode()
        self._columns = columns
        self._row = first_row - 1
        self._over_lines = over_lines
        self._opened = 0
        self._opened_in_row = False
        self._rest = b""
        escaped = re.escape(self._delimiter)
        self._cell = re.compile(rb'"(?:[^"]|"")*+"[^%s]*|(?!")[^%s]*' % (escaped, escaped))
        self._closing = re.compile(rb'(?:[^"]|"")*+"[^%s]*' % escaped)

    def feed(self, data: bytes) -> None:
        """The next bytes; none means the end.

        Raises `MalformedFile` for swallowed rows and `CellsOverLines` unless they were expected.
        """
        if not self._opened and b'"' not in data and b'"' not in self._rest:
            self._row += data.count(b"\n")
            self._rest = data[data.rfind(b"\n") + 1 :] if b"\n" in data else self._rest + data
        else:
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._line(line)
        if not data:
            self._end()

    def _end(self) -> None:
        if self._rest:
            self._line(self._rest)
            self._rest = b""
        if self._opened:
            self._refuse()

    def _line(self, line: bytes) -> None:
        self._row += 1
        if self._opened:
            self._goes_on(line)
            return
        marks = line.count(b'"')
        if not marks:
            return
        starts = line.count(self._delimiter + b'"') + line.startswith(b'"')
        if marks != 2 * starts and self._stays_open(line, -1):
            if not self._over_lines:
                raise CellsOverLines
            self._open(line)

    def _goes_on(self, line: bytes) -> None:
        """A line that begins inside a cell."""
        closing = self._closing.match(line)
        if self._is_row(line) and (closing is None or self._opened_in_row):
            self._refuse()
        if closing is None:
            return
        if self._stays_open(line, closing.end()):
            self._open(line)
        else:
            self._opened = 0

    def _open(self, line: bytes) -> None:
        self._opened = self._row
        self._opened_in_row = self._is_row(line)

    def _is_row(self, line: bytes) -> bool:
        """Whether a line has the cells of a row when quotation marks mean nothing."""
        return line.count(self._delimiter) >= self._columns - 1

    def _stays_open(self, line: bytes, position: int) -> bool:
        """Whether the line ends inside a quoted cell; `position` is the delimiter to go on from."""
        while True:
            if position >= len(line):
                return False
            cell = self._cell.match(line, position + 1)
            if cell is None:
                return True
            position = cell.end()
            if position >= len(line):
                return False

    def _refuse(self) -> None:
        raise reject(
            "damaged_quotes",
            file=self._name,
            row=self._opened,
            next=max(self._row, self._opened + 1),
        )
