"""One structured object version into the lake: read, normalise, check, write, record (STR-1…5)."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

import pyarrow as pa

from ons_platform import __version__
from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import Catalog
from ons_platform.config import Settings
from ons_platform.errors import RejectedFile
from ons_platform.ingest.canonical_batch import Stamp
from ons_platform.ingest.keys import check_key, filename
from ons_platform.ingest.outcome import Outcome
from ons_platform.ingest.reading.ahead import read_ahead
from ons_platform.ingest.reading.header import Recognised, recognise
from ons_platform.ingest.reading.readers import open_source
from ons_platform.ingest.reading.source import Source
from ons_platform.ingest.reasons import reject
from ons_platform.ingest.reference import ReferenceNormaliser
from ons_platform.ingest.reports.page import report_page
from ons_platform.ingest.reports.place import report_page_path, report_path
from ons_platform.ingest.reports.report import QualityReport
from ons_platform.ingest.revisions import revise
from ons_platform.ingest.rules.doubts import refuse_lost_keys, remark_other_period
from ons_platform.ingest.rules.file import FileRules
from ons_platform.ingest.series import SeriesNormaliser
from ons_platform.lake.housekeeping import sweep_key
from ons_platform.lake.ledger import Entry, Ledger, ObjectVersion, Slice, Status, utc_now
from ons_platform.lake.merge import commit
from ons_platform.lake.slices import SliceWriter
from ons_platform.storage import Storage

DONE = {Status.PROCESSED, Status.LOADED, Status.COMPLETED, Status.SUPERSEDED}
"""The version is in the lake, or was until a newer one came."""
_LIBRARY_ERRORS = (
    pa.ArrowException,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Written:
    """What came of reading one file; `checksum` is its SHA-256."""

    dataset: Dataset
    slices: list[Slice]
    report: QualityReport
    checksum: str


def process(
    version: ObjectVersion,
    processor_config: Mapping[str, Any],
    *,
    catalog: Catalog,
    ledger: Ledger,
    raw: Storage,
    processed: Storage,
    settings: Settings,
) -> Outcome:
    """Bring one object version into the lake; repeating it changes nothing.

    Writes the slices, merges the partitions they touch, compares with the key's version before,
    writes the quality report and the ledger entry (`PROCESSED`, or `SUPERSEDED` when a newer
    version of the key is current), and removes slices that are needed no more. Raises a
    `RejectedFile` (its reason is in the ledger too) or a `TransientError`. The raw object is only
    read.
    """
    entry = ledger.receive(version)
    if entry.status in DONE and entry.dataset is not None:
        sweep_key(version.key, ledger, processed)
        return _outcome(entry)
    ledger.update(
        version, status=Status.PROCESSING, started_at=utc_now(), attempts=entry.attempts + 1
    )
    try:
        check_key(version.key)
        written = normalise(version, processor_config, catalog, raw, processed, settings)
    except RejectedFile as refusal:
        ledger.update(version, reason=refusal.as_dict())
        raise
    infos = commit(version, written.dataset, written.slices, ledger, processed)
    partitions = tuple(info.partition.name for info in infos)
    revision = revise(version, written.dataset, ledger, processed)
    outcome = _outcome(_record(version, written, partitions, revision, ledger, processed))
    sweep_key(version.key, ledger, processed)
    return outcome


def normalise(
    version: ObjectVersion,
    processor_config: Mapping[str, Any],
    catalog: Catalog,
    raw: Storage,
    processed: Storage,
    settings: Settings,
) -> Written:
    """Read, check and write an object's rows as slices, and nothing else.

    Raises a `RejectedFile` or a `TransientError`.
    """
    name = filename(version.key)
    with (
        raw.as_file(version.key, version.version_id) as path,
        tempfile.TemporaryDirectory(prefix="ons-ingest-") as workdir,
        ThreadPoolExecutor(1) as background,
    ):
        size = path.stat().st_size
        if size > settings.max_object_bytes:
            raise reject("too_large", file=name, size=size, limit=settings.max_object_bytes)
        checksum = background.submit(sha256, path)
        progress = QualityReport(name)
        try:
            kind = processor_config["format"]
            limit = settings.max_expanded_bytes
            scratch = Path(workdir)
            with closing(open_source(path, name, kind, catalog, scratch, limit)) as source:
                found = recognise(source.name, source.header, catalog)
                writer = SliceWriter(found.match.dataset, version, processed, scratch)
                slices = _stream(version, source, found, writer, progress)
        except _LIBRARY_ERRORS as wrong:
            raise _unexpected(name, progress, wrong) from wrong
        return Written(found.match.dataset, slices, progress, checksum.result())


def _stream(
    version: ObjectVersion,
    source: Source,
    found: Recognised,
    writer: SliceWriter,
    report: QualityReport,
) -> list[Slice]:
    match = found.match
    now = datetime.now(UTC)
    stamp = Stamp(now, f"ons-platform {__version__}", version.key)
    normaliser: SeriesNormaliser | ReferenceNormaliser
    if match.dataset.kind == "series":
        normaliser = SeriesNormaliser(match, stamp, report, now)
    else:
        normaliser = ReferenceNormaliser(match, stamp, report)
    rules = FileRules(match.dataset, report)
    for batch in read_ahead(source.batches(match.wanted)):
        canonical = rules.observe(normaliser.tables(batch))
        writer.write(canonical.table, canonical.months)
    _note_bad_rows(source, report)
    if report.rows_read == 0:
        raise reject("header_only", file=report.file)
    normaliser.finish()
    for late in rules.finish():
        writer.flag(late.month, late.positions, late.flag)
    slices = writer.close()
    try:
        _summarise(source, found, writer, report)
    except RejectedFile:
        writer.discard(slices)
        raise
    return slices


def _note_bad_rows(source: Source, report: QualityReport) -> None:
    if source.bad_count:
        report.rows_read += source.bad_count
        report.skipped["unreadable_row"] += source.bad_count
        report.find("*", "row", source.bad_count, source.bad_rows)
        report.refuse_if_over("unreadable_rows", "*", "row", report.rows_read)


def _summarise(
    source: Source, found: Recognised, writer: SliceWriter, report: QualityReport
) -> None:
    """What is known only at the end."""
    if writer.rows_skipped:
        report.skipped["duplicate_row"] += writer.rows_skipped
    report.flags.update(writer.flagged)
    report.flags["ok"] = writer.rows_written - sum(writer.flagged.values())
    dataset = found.match.dataset
    refuse_lost_keys(
        dataset,
        report,
        written=writer.rows_written,
        skipped=writer.rows_skipped,
        conflicting=writer.flagged.get("duplicate", 0),
    )
    remark_other_period(dataset, report)
    if source.tolerant:
        report.warn("tolerant")
    for code, details in source.remarks:
        report.warn(code, **details)
    if found.match.extra:
        report.warn("extra_columns", columns=list(found.match.extra))
    for name, column in found.match.misspelled:
        report.warn("misspelled_column", found=name, column=column)
    if not found.by_name:
        report.warn("recognised_by_columns", dataset=dataset.dataset)
    report.warn_of_skipped()
    if not writer.rows_written:
        why = ", ".join(f"{reason} {count}" for reason, count in report.skipped.items())
        raise reject("no_rows_left", file=report.file, rows=report.rows_read, why=why)


def _record(
    version: ObjectVersion,
    written: Written,
    partitions: tuple[str, ...],
    revision: dict[str, Any] | None,
    ledger: Ledger,
    processed: Storage,
) -> Entry:
    """The quality report, then the ledger entry that refers to it."""
    report = written.report.as_dict()
    body = {
        "object": version.as_dict(),
        "dataset": written.dataset.dataset,
        "revision": revision,
        **report,
    }
    text = json.dumps(body, ensure_ascii=False, indent=2, allow_nan=False)
    processed.put_bytes(report_path(version), text.encode())
    processed.put_bytes(report_page_path(version), report_page(body).encode())
    return ledger.update(
        version,
        status=Status.PROCESSED if _is_current(version, written, ledger) else Status.SUPERSEDED,
        dataset=written.dataset.dataset,
        rows_read=report["rows_read"],
        rows_written=report["rows_written"],
        rows_flagged=report["rows_flagged"],
        rows_skipped=report["rows_skipped"],
        partitions=partitions,
        finished_at=utc_now(),
        reason=None,
        metadata=_metadata(version, written.checksum),
        revision=revision,
    )


def _is_current(version: ObjectVersion, written: Written, ledger: Ledger) -> bool:
    """Whether no newer version of the key is in the lake; a newer one that failed is not."""
    current = ledger.current_slices(written.slices[0].partition)
    return any((item.key, item.version_id) == (version.key, version.version_id) for item in current)


def _metadata(version: ObjectVersion, checksum: str) -> dict[str, Any]:
    """ING-7; the checksum is the SHA-256 of the object."""
    return {
        "source": "ONS",
        "file_type": version.key.rsplit(".", 1)[-1].lower(),
        "upload_timestamp": version.event_time,
        "file_size_bytes": version.size,
        "checksum": checksum,
    }


def _outcome(entry: Entry) -> Outcome:
    assert entry.dataset is not None  # noqa: S101 - only recorded versions come here
    return Outcome(
        version=entry.version,
        dataset=entry.dataset,
        status=entry.status,
        rows_read=entry.rows_read,
        rows_written=entry.rows_written,
        rows_flagged=entry.rows_flagged,
        rows_skipped=entry.rows_skipped,
        partitions=entry.partitions,
        report=report_path(entry.version),
    )


def _unexpected(name: str, report: QualityReport, wrong: Exception) -> RejectedFile:
    place = f"row {report.rows_read + 1} or after"
    problem = f"{type(wrong).__name__}: {wrong}".splitlines()[0]
    return reject("unexpected_error", file=name, place=place, problem=problem)


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
