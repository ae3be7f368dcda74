"""From a stream of canonical rows to one immutable slice per partition (STR-1, LAK-2)."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ons_platform.catalog.model import Dataset
from ons_platform.errors import FileLimitExceeded
from ons_platform.lake import duplicates
from ons_platform.lake.keys import key_hashes
from ons_platform.lake.layout import Partition
from ons_platform.lake.ledger import ObjectVersion, Slice, Summary
from ons_platform.lake.parquet import ROW_GROUP, LakeFileWriter
from ons_platform.lake.quality import QualityFlag
from ons_platform.storage import Storage

MAX_PARTITIONS = 2_400
"""Months of two centuries: no file of ONS has more."""
MAX_OPEN = 400
"""Files written at a time, for months whose rows do not fit in memory together."""
_WAITING_ROWS = 1_000_000
_UPLOADS_AT_ONCE = 8


class SliceWriter:
    """Writes one object version's rows, month by month, in bounded memory whatever their number.

    `write` takes batches in file order; `close` uploads one slice per month and returns them (none
    for a file without rows). Rows of one key that repeat within the file are settled at `close`:
    equal ones collapse, of differing ones the last stays, flagged `duplicate`. `workdir` is a
    scratch folder of the caller's, best on the same disk as a filesystem storage.
    """

    def __init__(
        self, dataset: Dataset, version: ObjectVersion, storage: Storage, workdir: Path
    ) -> None:
        self._dataset = dataset
        self._version = version
        self._storage = storage
        self._workdir = workdir
        self._parts: dict[int, _Part] = {}
        self._schema: pa.Schema | None = None
        self._summaries: list[Summary] = []
        self._open = 0
        self.rows_skipped = 0

    @property
    def rows_written(self) -> int:
        """Rows in the slices; known after `close`."""
        return sum(summary.rows for summary in self._summaries)

    @property
    def flagged(self) -> dict[str, int]:
        """Rows per flag other than `ok`; known after `close`."""
        total: dict[str, int] = {}
        for summary in self._summaries:
            for flag, count in summary.flagged.items():
                total[flag] = total.get(flag, 0) + count
        return total

    def write(self, table: pa.Table, months: NDArray[np.int32] | None = None) -> None:
        """Append rows of the dataset's lake schema (the first batch fixes it).

        `months` has the Brasília civil month of each row as `year * 100 + month`; reference data
        have none.
        """
        if table.num_rows == 0:
            return
        self._schema = self._schema or table.schema.remove_metadata()
        if table.schema != self._schema:
            table = table.select(self._schema.names).cast(self._schema)
        hashes = key_hashes(table, self._dataset.key)
        for month, rows, some in _by_month(table, hashes, months):
            part = self._part(month)
            part.add(rows, some)
            if part.waiting_rows >= ROW_GROUP:
                self._flush(part)
        self._relieve()

    def flag(self, month: int, positions: NDArray[np.int64], flag: QualityFlag) -> None:
        """Give rows a flag at `close`, where theirs is not graver.

        `positions` count the rows written for that month, from 0.
        """
        self._parts[month].marked.append((flag, positions))

    def close(self) -> list[Slice]:
        """Settle repeated keys, upload the slices and return them in order of month.

        One month is settled after the other; finished ones are uploaded some at a time.
        """
        with ThreadPoolExecutor(_UPLOADS_AT_ONCE, "upload") as pool:
            uploads = [
                pool.submit(self._upload, month, *self._settle(month))
                for month in sorted(self._parts)
            ]
            return [upload.result() for upload in uploads]

    def discard(self, slices: list[Slice]) -> None:
        """Remove what `close` uploaded for a file that is refused after all."""
        for item in slices:
            self._storage.delete(item.path)

    def _settle(self, month: int) -> tuple[Path, Summary]:
        path, summary, skipped = self._parts.pop(month).close()
        self.rows_skipped += skipped
        self._summaries.append(summary)
        return path, summary

    def _upload(self, month: int, path: Path, summary: Summary) -> Slice:
        partition = _partition(self._dataset, month)
        target = partition.slice_path(slice_id(self._version))
        info = self._storage.adopt(target, path)
        path.unlink(missing_ok=True)
        version = self._version
        return Slice(
            version.key,
            version.version_id,
            version.rank,
            partition,
            target,
            summary.rows,
            info.etag,
        )

    def _part(self, month: int) -> _Part:
        if month not in self._parts:
            if len(self._parts) == MAX_PARTITIONS:
                raise FileLimitExceeded(
                    f"the rows spread over more than {MAX_PARTITIONS} months", limit=MAX_PARTITIONS
                )
            assert self._schema is not None  # noqa: S101 - set by the first write
            stem = self._workdir / f"{slice_id(self._version)}-{month}"
            self._parts[month] = _Part(stem, self._schema, self._dataset)
        return self._parts[month]

    def _relieve(self) -> None:
        """Keep at most a million rows waiting over all months: the fullest go first."""
        waiting = sum(part.waiting_rows for part in self._parts.values())
        for part in sorted(self._parts.values(), key=lambda part: -part.waiting_rows):
            if waiting <= _WAITING_ROWS:
                return
            waiting -= part.waiting_rows
            self._flush(part)

    def _flush(self, part: _Part) -> None:
        """Write a month's waiting rows to its file, which stays open for more."""
        if not part.is_open:
            if self._open == MAX_OPEN:
                raise FileLimitExceeded(
                    f"over {_WAITING_ROWS:,} rows spread over more than {MAX_OPEN} months",
                    limit=MAX_OPEN,
                )
            self._open += 1
        part.flush()


def slice_id(version: ObjectVersion) -> str:
    """Name of a version's slices: the same however often it is delivered."""
    text = "\0".join((version.bucket, version.key, version.version_id, version.sequencer))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class _Part:
    """The rows of one month on their way: in memory, and beyond a row group's worth in a file.

    The hashes of their keys go the same way, into a file beside it.
    """

    def __init__(self, stem: Path, schema: pa.Schema, dataset: Dataset) -> None:
        self._dataset = dataset
        self._schema = schema
        self._path = stem.with_suffix(".parquet")
        self._hashes_path = stem.with_suffix(".hashes")
        self._hashes_path.unlink(missing_ok=True)
        self._rows: list[pa.Table] = []
        self._hashes: list[NDArray[np.uint64]] = []
        self.marked: list[tuple[QualityFlag, NDArray[np.int64]]] = []
        self._writer: LakeFileWriter | None = None
        self.waiting_rows = 0

    @property
    def is_open(self) -> bool:
        """Whether its file is being written."""
        return self._writer is not None

    def add(self, rows: pa.Table, hashes: NDArray[np.uint64]) -> None:
        self._rows.append(rows)
        self._hashes.append(hashes)
        self.waiting_rows += rows.num_rows

    def flush(self) -> None:
        self._write_rows().flush()
        with self._hashes_path.open("ab") as file:
            for hashes in self._hashes:
                hashes.tofile(file)
        self._hashes = []

    def close(self) -> tuple[Path, Summary, int]:
        """The finished file, what it holds, and how many rows were left out."""
        summary = self._write_rows().close()
        hashes = self._all_hashes()
        repeats = duplicates.repeated(hashes)
        if not len(repeats) and not self.marked:
            return self._path, summary, 0
        decision = duplicates.decide(self._path, hashes, repeats, self._dataset)
        decision = replace(decision, marked=tuple(self.marked))
        target = self._path.with_suffix(".settled")
        summary = duplicates.rewrite(self._path, target, decision, self._dataset)
        target.replace(self._path)
        return self._path, summary, len(decision.dropped)

    def _write_rows(self) -> LakeFileWriter:
        self._writer = self._writer or LakeFileWriter(self._path, self._schema, self._dataset)
        for rows in self._rows:
            self._writer.write(rows)
        self._rows, self.waiting_rows = [], 0
        return self._writer

    def _all_hashes(self) -> NDArray[np.uint64]:
        stored = []
        if self._hashes_path.exists():
            stored = [np.fromfile(self._hashes_path, dtype=np.uint64)]
            self._hashes_path.unlink()
        return np.concatenate([*stored, *self._hashes])


def _by_month(
    table: pa.Table, hashes: NDArray[np.uint64], months: NDArray[np.int32] | None
) -> list[tuple[int, pa.Table, NDArray[np.uint64]]]:
    """Rows and hashes of each month, in file order; a small part of the batch is copied out."""
    if months is None or months.min() == months.max():
        return [(0 if months is None else int(months[0]), table, hashes)]
    found = []
    for month in np.unique(months):
        numbers = np.flatnonzero(months == month)
        if 2 * len(numbers) > len(months) and numbers[-1] - numbers[0] + 1 == len(numbers):
            rows = table.slice(numbers[0], len(numbers))
        else:
            rows = table.take(pa.array(numbers))
        found.append((int(month), rows, hashes[numbers]))
    return found


def _partition(dataset: Dataset, month: int) -> Partition:
    if dataset.kind == "reference":
        return Partition(dataset.dataset, dataset.dataset_type)
    return Partition(dataset.dataset, dataset.dataset_type, month // 100, month % 100)
