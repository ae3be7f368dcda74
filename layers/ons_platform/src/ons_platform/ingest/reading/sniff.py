"""How a text table is written: encoding, delimiter, where its header is."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ons_platform.catalog.folding import fold
from ons_platform.ingest.reading.checked_file import MAX_LINE_BYTES, CheckedFile
from ons_platform.ingest.reasons import Phrase, reject

DELIMITERS = ";,\t|"
HEADER_DEPTH = 30
_SAMPLE_BYTES = MAX_LINE_BYTES + 4096
_SAMPLE_ROWS = 100
_MAX_CONTROL_SHARE = 0.01
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_CHANCE = 0.1
_LOW = bytes(range(0x80))


@dataclass(frozen=True)
class Dialect:
    """`start` is the byte offset of the first data row, `header_row` its 1-based row number."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_row: int
    start: int


def sniff(path: Path, name: str, known: frozenset[str]) -> Dialect:
    """Look at the first mebibyte; `known` are the folded column names of the whole catalogue.

    The header is the row, among the first thirty, of which most cells are known columns; the
    delimiter the one under which that is so. Raises `EmptyFile`, `MalformedFile` (not text) or
    `FileLimitExceeded` (a line without end).
    """
    with CheckedFile(path, name) as stream:
        sample = stream.read(_SAMPLE_BYTES)
    _refuse_control_characters(sample, name)
    bom = len(codecs.BOM_UTF8) if sample.startswith(codecs.BOM_UTF8) else 0
    encoding = text_encoding(sample[bom:], name)
    lines = sample[bom:].splitlines(keepends=True)
    top = [line.decode(encoding, "replace") for line in lines[:HEADER_DEPTH]]
    if not any(text.strip() for text in top):
        raise reject("blank_file", file=name)
    delimiter, index = _layout(top, known)
    header = next(csv.reader([top[index]], delimiter=delimiter))
    below = [
        line.decode(encoding, "replace") for line in lines[index + 1 : index + 1 + _SAMPLE_ROWS]
    ]
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        header=_fitted([cell.strip() for cell in header], list(_split(below, delimiter))),
        header_row=index + 1,
        start=bom + sum(len(line) for line in lines[: index + 1]),
    )


def header_index(rows: Sequence[Sequence[str]], known: frozenset[str]) -> int:
    """Which row is the header: most known column names; without any, the first with most cells."""
    scores = [(_score(row, known), sum(bool(cell.strip()) for cell in row)) for row in rows]
    return max(range(len(rows)), key=lambda index: (*scores[index], -index))


def text_encoding(sample: bytes, name: str) -> str:
    """UTF-8 if it is that, otherwise Windows-1252, of which Latin-1 text is a part.

    Raises `MalformedFile` for what is neither, UTF-8 with damaged characters included: read as
    Windows-1252 every accent of the file would become two wrong letters.
    """
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as wrong:
        refuse_damaged_utf8([sample], name, wrong.start)
        try:
            sample.decode("cp1252")
        except UnicodeDecodeError:
            problem = Phrase("no_encoding")
            raise reject("not_text", file=name, problem=problem, position=wrong.start) from wrong
        return "cp1252"
    return "utf8"


def refuse_damaged_utf8(blocks: Iterable[bytes], name: str, position: int) -> None:
    """Raise `MalformedFile` where bytes that are no UTF-8 stand among such that are.

    Windows-1252 has next to no accents that look like UTF-8, certainly not one in ten.
    """
    characters, others = 0, 0
    for block in blocks:
        found = _MULTIBYTE.findall(block)
        characters += len(found)
        others += len(block.translate(None, _LOW)) - sum(map(len, found))
    if characters and characters >= others * _CHANCE:
        problem = Phrase("damaged_utf8")
        raise reject("not_text", file=name, problem=problem, position=position)


def _fitted(header: list[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The header as wide as the rows below, where only empty cells make the difference."""
    widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    width = widths.most_common(1)[0][0] if widths else len(header)
    if width < len(header) and not any(header[width:]):
        return tuple(header[:width])
    beyond = (cell for row in rows if len(row) == width for cell in row[len(header) :])
    if width > len(header) and not any(cell.strip() for cell in beyond):
        return (*header, *[""] * (width - len(header)))
    return tuple(header)


def _layout(texts: Sequence[str], known: frozenset[str]) -> tuple[str, int]:
    best: tuple[tuple[int, int, int], str, int] | None = None
    for order, delimiter in enumerate(DELIMITERS):
        rows = list(_split(texts, delimiter))
        index = header_index(rows, known)
        score = (_score(rows[index], known), len(rows[index]), -order)
        if best is None or score > best[0]:
            best = (score, delimiter, index)
    assert best is not None  # noqa: S101 - DELIMITERS is not empty
    return best[1], best[2]


def _split(texts: Iterable[str], delimiter: str) -> Iterable[list[str]]:
    for text in texts:
        yield next(csv.reader([text], delimiter=delimiter), [])


def _score(row: Sequence[str], known: frozenset[str]) -> int:
    return sum(fold(cell) in known for cell in row)


def _refuse_control_characters(sample: bytes, name: str) -> None:
    if not sample.strip():
        raise reject("blank_file" if sample else "empty_file", file=name)
    odd = sample.translate(None, bytes(range(32, 256)) + b"\t\n\r\f")
    if len(odd) > _MAX_CONTROL_SHARE * len(sample):
        position = sample.index(odd[:1])
        raise reject("not_text", file=name, problem=Phrase("control_characters"), position=position)
