"""Opens a table of any supported format."""

from __future__ import annotations

from pathlib import Path

from ons_platform.ingest.read_csv import CsvSource
from ons_platform.ingest.read_json import JsonSource
from ons_platform.ingest.read_parquet import ParquetSource
from ons_platform.ingest.reasons import reject
from ons_platform.ingest.source import Source

FORMATS = ("csv", "xlsx", "json", "parquet")


def open_source(path: Path, name: str, kind: str, known: frozenset[str]) -> Source:
    """Open by format; `known` are the folded column names a header row is found by.

    Raises `EmptyFile`, `MalformedFile`, `FileLimitExceeded`, or `UnsupportedFile` for a format that
    is no table.
    """
    if path.stat().st_size == 0:
        raise reject("empty_file", file=name)
    if kind == "csv":
        return CsvSource(path, name, known)
    if kind == "xlsx":
        from ons_platform.ingest.read_xlsx import XlsxSource  # openpyxl is slow to import

        return XlsxSource(path, name, known)
    if kind == "json":
        return JsonSource(path, name)
    if kind == "parquet":
        return ParquetSource(path, name)
    raise reject("unsupported_file", file=name, extension=kind, content_type="", supported=FORMATS)
