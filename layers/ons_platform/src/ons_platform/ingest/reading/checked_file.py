"""A text file that stops at the first sign of not being a table: a NUL byte, an endless line."""

from __future__ import annotations

import io
from pathlib import Path

from ons_platform.ingest.reading.quotes import QuoteWatch
from ons_platform.ingest.reasons import Phrase, reject

MAX_LINE_BYTES = 1024 * 1024
_WINDOW = MAX_LINE_BYTES // 2


class CheckedFile(io.RawIOBase):
    """Reads `path` from `start` on, no further than asked, checking what passes."""

    def __init__(
        self, path: Path, name: str, start: int = 0, quotes: QuoteWatch | None = None
    ) -> None:
        super().__init__()
        self._stream = path.open("rb")
        self._stream.seek(start)
        self._name = name
        self._position = start
        self._line_start = start
        self._quotes = quotes

    def readable(self) -> bool:
        """Always, as `io` wants to know."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, after the check; raises `MalformedFile` or `FileLimitExceeded`."""
        data = self._stream.read(size)
        self._check(data)
        if self._quotes is not None:
            self._quotes.feed(data)
        self._position += len(data)
        return data

    def close(self) -> None:
        """Close the file underneath too."""
        self._stream.close()
        super().close()

    def _check(self, data: bytes) -> None:
        nul = data.find(b"\0")
        if nul >= 0:
            problem, position = Phrase("nul_byte"), self._position + nul
            raise reject("not_text", file=self._name, problem=problem, position=position)
        for window in range(0, len(data), _WINDOW):
            self._check_lines(data, window, min(window + _WINDOW, len(data)))

    def _check_lines(self, data: bytes, begin: int, end: int) -> None:
        """Within half the limit only the line that comes in from before can break it."""
        first, last = _first_break(data, begin, end), _last_break(data, begin, end)
        line_end = self._position + (first if first >= 0 else end)
        if line_end - self._line_start > MAX_LINE_BYTES:
            raise reject(
                "long_line", file=self._name, limit=MAX_LINE_BYTES, position=self._line_start
            )
        if last >= 0:
            self._line_start = self._position + last + 1


def _first_break(data: bytes, begin: int, end: int) -> int:
    found = data.find(b"\n", begin, end)
    return found if found >= 0 else data.find(b"\r", begin, end)


def _last_break(data: bytes, begin: int, end: int) -> int:
    found = data.rfind(b"\n", begin, end)
    return found if found >= 0 else data.rfind(b"\r", begin, end)
