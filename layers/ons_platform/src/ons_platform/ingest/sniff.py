"""How a text table is written: encoding, delimiter, where its header is."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ons_platform.catalog.vocabulary import fold
from ons_platform.ingest.checked_file import MAX_LINE_BYTES, CheckedFile
from ons_platform.ingest.reasons import Phrase, reject

DELIMITERS = ";,\t|"
HEADER_DEPTH = 30
_SAMPLE_BYTES = MAX_LINE_BYTES + 4096
_MAX_CONTROL_SHARE = 0.01


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
    lines = sample[bom:].splitlines(keepends=True)[:HEADER_DEPTH]
    texts = [line.decode(encoding, "replace") for line in lines]
    if not any(text.strip() for text in texts):
        raise reject("blank_file", file=name)
    delimiter, index = _layout(texts, known)
    header = next(csv.reader([texts[index]], delimiter=delimiter))
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        header=tuple(cell.strip() for cell in header),
        header_row=index + 1,
        start=bom + sum(len(line) for line in lines[: index + 1]),
    )


def header_index(rows: Sequence[Sequence[str]], known: frozenset[str]) -> int:
    """Which row is the header: most known column names; without any, the first with most cells."""
    scores = [(_score(row, known), sum(bool(cell.strip()) for cell in row)) for row in rows]
    return max(range(len(rows)), key=lambda index: (*scores[index], -index))


def text_encoding(sample: bytes, name: str) -> str:
    """UTF-8 if it is that, otherwise Windows-1252, of which Latin-1 text is a part."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as wrong:
        try:
            sample.decode("cp1252")
        except UnicodeDecodeError:
            problem = Phrase("no_encoding")
            raise reject("not_text", file=name, problem=problem, position=wrong.start) from wrong
        return "cp1252"
    return "utf8"


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
