"""Measure columns: numbers, their quality flags, and when a whole column is beyond belief."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ons_platform.catalog.model import Difference, Measure
from ons_platform.ingest.convert import Converter
from ons_platform.ingest.reading.cells import Numbers, pointless, zero_led
from ons_platform.ingest.reading.header import Match
from ons_platform.ingest.reading.source import SourceBatch
from ons_platform.ingest.reports.report import QualityReport
from ons_platform.ingest.rules.checks import outside
from ons_platform.ingest.rules.lost_point import LostPoint
from ons_platform.ingest.timeline import CODE
from ons_platform.lake.quality import QualityFlag

_SEVERAL = 5
"""One number without its point was typed by somebody; several lost it."""


@dataclass(frozen=True)
class Checked:
    """Values (null where missing or unreadable) and one flag code a row."""

    values: pa.Array
    flags: NDArray[np.uint8]


def difference(
    item: Difference, checked: Mapping[str, Checked], batch: SourceBatch
) -> tuple[NDArray[np.bool_], Checked]:
    """Which rows a computed measure has, and its values there, as doubtful as their terms."""
    minuend, subtrahend = checked[item.minuend], checked[item.subtrahend]
    values = pc.subtract(minuend.values, subtrahend.values)
    present = pc.is_valid(values)
    if item.where is not None:
        present = pc.and_(present, pc.is_valid(batch.columns[item.where]))
    rows: NDArray[np.bool_] = present.to_numpy(zero_copy_only=False)
    values = values.filter(present)
    if item.floor is not None:
        values = pc.max_element_wise(values, pa.scalar(item.floor), skip_nulls=False)
    return rows, Checked(values, np.maximum(minuend.flags, subtrahend.flags)[rows])


def kinds_of(item: Measure | Difference) -> tuple[str, ...]:
    """The measurement types its rows may have."""
    return item.measurement_types if isinstance(item, Measure) else (item.measurement_type,)


class MeasureChecker:
    """Checks the measures of one file and judges them at its end."""

    def __init__(self, match: Match, converter: Converter, report: QualityReport) -> None:
        self._columns = {column.name: column for column in match.wanted.values()}
        self._measures = [m for m in match.dataset.measures if m.column in self._columns]
        self._converter = converter
        self._report = report
        self._filled: Counter[str] = Counter()
        self._points = {measure.column: LostPoint() for measure in self._measures}

    def check(self, batch: SourceBatch, measure: Measure, base: NDArray[np.uint8]) -> Checked:
        """Numbers of a measure; `base` are the flags its rows have anyway."""
        read = self._converter.numbers(batch, self._columns[measure.column])
        read = self._without_zero_led(batch, measure, read)
        flags = base.copy()
        if batch.doubtful is not None:
            flags[batch.doubtful] = np.maximum(flags[batch.doubtful], CODE[QualityFlag.SUSPECT])
        self._mark_pointless(batch, measure, flags)
        self._mark_outside(batch, measure, read.values, flags)
        if read.values.null_count:
            empty = pc.is_null(read.values).to_numpy(zero_copy_only=False)
            flags[empty] = CODE[QualityFlag.MISSING]
        if read.invalid is not None:
            flags[read.invalid] = CODE[QualityFlag.INVALID]
        self._filled[measure.column] += len(read.values) - read.values.null_count
        return Checked(read.values, flags)

    def finish(self) -> None:
        """Raise `MalformedFile` for a column of which over one percent is unreadable or absurd."""
        for column in self._columns.values():
            if column.type == "number" and not column.optional:
                self._report.refuse_if_over(
                    "unreadable_cells", column.name, "number", self._report.rows_read
                )
        for measure in self._measures:
            filled = self._filled[measure.column]
            if self._report.count(measure.column, "pointed") >= _SEVERAL:
                self._report.refuse_if_over("lost_points", measure.column, "pointed", filled)
            if measure.refuse is not None:
                low, high = measure.refuse
                self._report.refuse_if_over(
                    "implausible_values",
                    measure.column,
                    "refused",
                    filled,
                    low=low,
                    high=high,
                    unit=measure.unit,
                )
            self._refuse_lost_point(measure)

    def _refuse_lost_point(self, measure: Measure) -> None:
        point, filled = self._points[measure.column], self._filled[measure.column]
        if measure.valid is not None and point.is_likely(filled):
            low, high = measure.valid
            self._report.refuse_if_over(
                "lost_point",
                measure.column,
                "range",
                filled,
                low=low,
                high=high,
                unit=measure.unit,
                whole=point.whole_outside,
            )

    def _mark_pointless(
        self, batch: SourceBatch, measure: Measure, flags: NDArray[np.uint8]
    ) -> None:
        """A whole number without a point among numbers that all have theirs may have lost it."""
        cells = batch.columns[measure.column]
        if measure.column not in batch.pointed or not pa.types.is_string(cells.type):
            return
        odd = pointless(cells)
        if odd is not None:
            flags[odd] = np.maximum(flags[odd], CODE[QualityFlag.SUSPECT])
            self._converter.note(batch, measure.column, "pointed", odd)

    def _without_zero_led(self, batch: SourceBatch, measure: Measure, read: Numbers) -> Numbers:
        """No file writes a quantity as `024`: that is `0.24` without its point."""
        cells = batch.columns[measure.column]
        odd = zero_led(cells) if pa.types.is_string(cells.type) else None
        if odd is None:
            return read
        self._converter.note(batch, measure.column, "number", odd)
        values = pc.if_else(pa.array(odd), pa.scalar(None, pa.float64()), read.values)
        return Numbers(values, odd if read.invalid is None else odd | read.invalid)

    def _mark_outside(
        self, batch: SourceBatch, measure: Measure, values: pa.Array, flags: NDArray[np.uint8]
    ) -> None:
        odd = outside(values, measure.valid)
        if odd is None:
            return
        flags[odd] = np.maximum(flags[odd], CODE[QualityFlag.OUT_OF_RANGE])
        self._converter.note(batch, measure.column, "range", odd)
        low = measure.valid[0] if measure.valid else 0.0
        numbers = values.to_numpy(zero_copy_only=False)
        self._points[measure.column].observe(numbers, odd, low)
        self._converter.note(batch, measure.column, "refused", outside(values, measure.refuse))
