"""Source batches of reference data to typed rows under ONS names, with helper columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ons_platform.catalog.model import Column
from ons_platform.ingest.canonical_batch import (
    HELPERS,
    CanonicalBatch,
    Stamp,
    flags_column,
    reference_schema,
)
from ons_platform.ingest.convert import Converter
from ons_platform.ingest.measures import MeasureChecker
from ons_platform.ingest.reading.header import Match
from ons_platform.ingest.reading.source import SourceBatch
from ons_platform.ingest.reports.report import QualityReport
from ons_platform.ingest.timeline import CODE
from ons_platform.lake.quality import QualityFlag


class ReferenceNormaliser:
    """Normalises one file; feed it the batches in file order, then `finish`.

    ONS columns keep ONS's own words; the helpers hold the platform's codes.
    """

    def __init__(self, match: Match, stamp: Stamp, report: QualityReport) -> None:
        self._dataset = match.dataset
        self._measures = {measure.column: measure for measure in match.dataset.measures}
        self._stamp = stamp
        self._report = report
        self._converter = Converter(match.dataset, report)
        self._checker = MeasureChecker(match, self._converter, report)
        self._schema = reference_schema(match.dataset)

    def tables(self, batch: SourceBatch) -> CanonicalBatch:
        """Rows of a batch."""
        rows = len(batch.rows)
        self._report.rows_read += rows
        flags = np.zeros(rows, np.uint8)
        if batch.doubtful is not None:
            flags[batch.doubtful] = CODE[QualityFlag.SUSPECT]
        columns: dict[str, pa.Array] = {}
        for column in self._dataset.columns:
            if column.role != "unused":
                columns[column.name] = self._own(batch, column, flags)
        for name, role in HELPERS.items():
            columns[name] = self._converter.role(batch, role)
        columns["quality_flag"] = flags_column(flags)
        columns |= self._stamp.columns(rows)
        arrays = [columns[name] for name in self._schema.names]
        return CanonicalBatch(pa.Table.from_arrays(arrays, schema=self._schema), None)

    def finish(self) -> None:
        """Judge the file as a whole; raises `MalformedFile`."""
        self._checker.finish()

    def _own(self, batch: SourceBatch, column: Column, flags: NDArray[np.uint8]) -> pa.Array:
        if column.name not in self._measures or column.name not in batch.columns:
            return self._converter.typed(batch, column)
        checked = self._checker.check(batch, self._measures[column.name], flags)
        np.maximum(flags, checked.flags, out=flags)
        return checked.values
