"""Opens a table of any supported format."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from pathlib import Path

from ons_platform.catalog.model import MonthTable
from ons_platform.catalog.registry import Catalog
from ons_platform.ingest.keys import filename
from ons_platform.ingest.reading.archives import unpack
from ons_platform.ingest.reading.formats import ARCHIVES, STRUCTURED
from ons_platform.ingest.reading.header import known_names
from ons_platform.ingest.reading.kinds import check_kind
from ons_platform.ingest.reading.month_table import (
    MONTH_NAMES,
    MonthTableSource,
    Row,
    month_columns,
)
from ons_platform.ingest.reading.read_csv import CsvSource
from ons_platform.ingest.reading.read_json import JsonSource
from ons_platform.ingest.reading.read_parquet import ParquetSource
from ons_platform.ingest.reading.read_sheets import SheetSource
from ons_platform.ingest.reading.source import Source
from ons_platform.ingest.reasons import Phrase, reject

FORMATS = tuple(dict.fromkeys(STRUCTURED.values()))
_BLOCK = 1024**2
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_ZIP = b"PK\x03\x04"


def open_source(
    path: Path, name: str, kind: str, catalog: Catalog, workdir: Path, limit: int
) -> Source:
    """Open by format; a header row is found by the column names of the catalogue.

    What has to be unpacked or decoded first goes to `workdir`, a scratch folder of the caller's,
    and to at most `limit` bytes. Raises `EmptyFile`, `MalformedFile`, `FileLimitExceeded`, or
    `UnsupportedFile` for a format that is no table.
    """
    if path.stat().st_size == 0:
        raise reject("empty_file", file=name)
    check_kind(path, name, kind)
    if kind in ARCHIVES:
        inner = unpack(path, name, kind, workdir, limit)
        path, kind = inner.path, inner.kind
        name = inner.name if catalog.by_name(inner.name) or not catalog.by_name(name) else name
        check_kind(path, name, kind)
    known = known_names(catalog) | MONTH_NAMES
    if kind == "csv":
        text = CsvSource(_as_utf8(path, name, workdir), name, known)
        return _unless_months(text, text.rows, catalog)
    if kind in ("xlsx", "xls"):
        sheet = _open_workbook(path, name, kind, known, limit)
        return _unless_months(sheet, sheet.rows, catalog)
    if kind == "json":
        return JsonSource(path, name)
    if kind == "parquet":
        return ParquetSource(path, name, limit)
    raise reject("unsupported_file", file=name, extension=kind, content_type="", supported=FORMATS)


def _open_workbook(
    path: Path, name: str, kind: str, known: frozenset[str], limit: int
) -> SheetSource:
    """By what the file is: workbooks of the newer kind go about under the older's extension."""
    with path.open("rb") as stream:
        zipped = stream.read(len(_ZIP)) == _ZIP
    if kind == "xlsx" or zipped:
        from ons_platform.ingest.reading.read_xlsx import (
            open_xlsx,  # loaded only where it is needed
        )

        return open_xlsx(path, name, known, limit)
    from ons_platform.ingest.reading.read_xls import open_xls  # loaded only where it is needed

    return open_xls(path, name, known)


def _unless_months(
    source: CsvSource | SheetSource, rows: Callable[[], Iterable[Row]], catalog: Catalog
) -> Source:
    """The source itself, or its rows read as a table of months where its header is of months."""
    months = month_columns(source.header)
    if not months:
        return source
    layout = _layout(source, catalog)
    return MonthTableSource(source.name, layout, months, rows, source.close) if layout else source


def _layout(source: Source, catalog: Catalog) -> MonthTable | None:
    """Of the dataset the name says, otherwise of the only dataset that is laid out so."""
    named = catalog.by_name(filename(source.name))
    if named is not None:
        return named.layout
    candidates = [dataset for dataset in catalog if dataset.layout is not None]
    if len(candidates) > 1:
        names = [dataset.dataset for dataset in candidates]
        raise reject("ambiguous_dataset", file=source.name, candidates=names)
    return candidates[0].layout if candidates else None


def _as_utf8(path: Path, name: str, workdir: Path) -> Path:
    """The file itself, or a copy in UTF-8 of one whose first bytes say UTF-16."""
    with path.open("rb") as stream:
        encoding = _UTF16.get(stream.read(2))
        if encoding is None:
            return path
        decoder = codecs.getincrementaldecoder(encoding)()
        target = workdir / "utf8"
        try:
            with target.open("w", encoding="utf-8", newline="") as out:
                while block := stream.read(_BLOCK):
                    out.write(decoder.decode(block))
                out.write(decoder.decode(b"", final=True))
        except UnicodeError as wrong:
            problem = Phrase("damaged_utf16")
            position = stream.tell()
            raise reject("not_text", file=name, problem=problem, position=position) from wrong
        return target
