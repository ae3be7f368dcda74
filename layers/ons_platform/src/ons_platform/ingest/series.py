"""Source batches of a time series to canonical rows: wide to long, every row placed in UTC."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ons_platform.catalog.model import Column, Difference, Measure
from ons_platform.ingest.canonical_batch import (
    HELPERS,
    REGION_TO,
    UTC_TIME,
    CanonicalBatch,
    Stamp,
    flags_column,
    series_schema,
)
from ons_platform.ingest.convert import Converter
from ons_platform.ingest.measures import Checked, MeasureChecker, difference, kinds_of
from ons_platform.ingest.reading.cells import Moments
from ons_platform.ingest.reading.header import Match
from ons_platform.ingest.reading.source import SourceBatch
from ons_platform.ingest.reports.report import QualityReport
from ons_platform.ingest.rules.checks import breaches, described
from ons_platform.ingest.texts import constant, encoded, says
from ons_platform.ingest.timeline import (
    CODE,
    MOST_STEPS,
    Mask,
    Timeline,
    accepted_years,
    base_reading,
    is_daily,
    part_length,
    timeline,
)
from ons_platform.lake.quality import QualityFlag


class SeriesNormaliser:
    """Normalises one file; feed it the batches in file order, then `finish`."""

    def __init__(self, match: Match, stamp: Stamp, report: QualityReport, now: datetime) -> None:
        self._dataset = match.dataset
        self._columns = {column.name: column for column in match.wanted.values()}
        self._measures = [m for m in match.dataset.measures if m.column in self._columns]
        self._derived = [item for item in match.dataset.derived if self._computable(item)]
        self._of_rows: list[Measure | Difference] = [*self._measures, *self._derived]
        self._stamp = stamp
        self._report = report
        self._now = now
        self._converter = Converter(match.dataset, report)
        self._checker = MeasureChecker(match, self._converter, report)
        self._schema = series_schema(match.dataset)
        self._twice: dict[tuple[Any, ...], int] = {}
        self._inconsistent: dict[str, int] = {}

    def tables(self, batch: SourceBatch) -> CanonicalBatch:
        """Canonical rows of a batch, measure after measure."""
        placed, batch = self._place(batch)
        shared = self._shared_columns(batch)
        utc = self._second_occurrences(placed, shared)
        checked = {m.column: self._checker.check(batch, m, placed.flags) for m in self._measures}
        self._check_identity(batch, checked)
        shared["timestamp"] = pa.array(utc.astype("datetime64[us]")).cast(UTC_TIME)
        tables = [self._table(m, checked[m.column], shared) for m in self._measures]
        months, numbers = [placed.months] * len(tables), [batch.rows] * len(tables)
        for derived in self._derived:
            rows, differences = difference(derived, checked, batch)
            some = {name: column.filter(pa.array(rows)) for name, column in shared.items()}
            tables.append(self._table(derived, differences, some))
            months.append(placed.months[rows])
            numbers.append(batch.rows[rows])
        table = tables[0] if len(tables) == 1 else pa.concat_tables(tables).combine_chunks()
        return CanonicalBatch(table, np.concatenate(months), np.concatenate(numbers))

    def finish(self) -> None:
        """Judge the file as a whole; raises `MalformedFile`."""
        first, last = (str(day.astype("datetime64[D]")) for day in accepted_years(self._now))
        time = self._time_column()
        for kind in (time.type, "year"):
            self._report.refuse_if_over(
                "unreadable_dates",
                time.name,
                kind,
                self._report.rows_read,
                first=first,
                last=last,
            )
        self._checker.finish()
        identity = self._dataset.rules.identity
        if self._inconsistent and identity is not None:
            rows = self._report.count("*", "identity")
            self._report.warn(
                "inconsistent",
                count=rows,
                rule=described(identity),
                tolerance=identity.tolerance,
                terms=", ".join(f"{name} {count}" for name, count in self._inconsistent.items()),
            )

    def _place(self, batch: SourceBatch) -> tuple[Timeline, SourceBatch]:
        """Time of every row; rows without one are reported and left out."""
        column = self._time_column()
        moments = self._with_parts(batch, self._converter.moments(batch, column))
        placed = self._apart(batch, timeline(self._dataset, moments.values, self._now), moments)
        usable = placed.usable
        self._report.rows_read += len(usable)
        if usable.all():
            return placed, batch
        unreadable = np.zeros(len(usable), bool) if moments.invalid is None else moments.invalid
        timeless = placed.absent & ~self._blank(batch, placed.absent & ~unreadable)
        self._converter.note(batch, column.name, column.type, timeless & ~unreadable)
        self._note_skipped(batch, placed, timeless)
        return placed.where(usable), batch.where(usable)

    def _with_parts(self, batch: SourceBatch, moments: Moments) -> Moments:
        """Days, hours, half hours of other columns added; without one of them there is no time."""
        time = self._dataset.time
        if time is None or not time.parts:
            return moments
        values = base_reading(self._dataset, moments.values)
        for part in time.parts:
            column = next(item for item in self._dataset.columns if item.name == part.column)
            numbers = self._converter.numbers(batch, column).values
            steps = numbers.to_numpy(zero_copy_only=False).astype(np.float64) - part.first
            odd = (steps < 0) | (steps > MOST_STEPS[part.unit]) | (steps % 1 != 0)
            self._converter.note(batch, column.name, "part", odd & ~np.isnan(steps))
            whole = np.where(odd | np.isnan(steps), 0, steps).astype(np.int64)
            values = values + whole * part_length(part.unit)
            values[odd | np.isnan(steps)] = np.datetime64("NaT")
        return replace(moments, values=values)

    def _computable(self, item: Difference) -> bool:
        needed = {item.minuend, item.subtrahend} | ({item.where} if item.where else set())
        return needed <= set(self._columns)

    def _blank(self, batch: SourceBatch, empty: Mask) -> Mask:
        """Rows that hold nothing at all, as spreadsheets leave them: they do not count as rows."""
        blank = empty.copy()
        if blank.any():
            for cells in batch.columns.values():
                blank &= pc.is_null(cells).to_numpy(zero_copy_only=False)
        self._report.rows_read -= int(blank.sum())
        return blank

    def _apart(self, batch: SourceBatch, placed: Timeline, moments: Moments) -> Timeline:
        """Rows without a value at an odd instant (00:00:01 of a day) stay at that very instant.

        At the start of the day they would hide the row that has the day's value.
        """
        empty: Mask = placed.flags == CODE[QualityFlag.STRAY_TIMESTAMP]
        if not empty.any():
            return placed
        empty &= ~self._filled(batch)
        self._converter.note(batch, self._time_column().name, "stray", empty)
        if not is_daily(self._dataset):
            return placed
        since_midnight = moments.values - moments.values.astype("datetime64[D]")
        return replace(placed, utc=np.where(empty, placed.utc + since_midnight, placed.utc))

    def _note_skipped(self, batch: SourceBatch, placed: Timeline, timeless: Mask) -> None:
        name = self._time_column().name
        never = placed.never & ~placed.outside
        self._converter.note(batch, name, "year", placed.outside)
        self._converter.note(batch, name, "hour", never & self._filled(batch))
        for reason, rows in (
            ("no_time", timeless),
            ("time_out_of_range", placed.outside),
            ("hour_never_was", never),
        ):
            if rows.any():
                self._report.skipped[reason] += int(rows.sum())

    def _filled(self, batch: SourceBatch) -> Mask:
        """Rows with at least one measure."""
        filled: Mask = np.zeros(len(batch.rows), bool)
        for measure in self._measures:
            filled |= pc.is_valid(batch.columns[measure.column]).to_numpy(zero_copy_only=False)
        return filled

    def _shared_columns(self, batch: SourceBatch) -> dict[str, pa.Array]:
        """Columns that are the same whatever the measure."""
        rows = len(batch.rows)
        columns: dict[str, pa.Array] = {
            name: self._converter.role(batch, role) for name, role in HELPERS.items()
        }
        if self._dataset.column("region_to"):
            columns[REGION_TO] = self._converter.role(batch, "region_to")
        for column in self._dataset.columns:
            if column.role == "attribute":
                columns[column.name] = self._converter.typed(batch, column)
        columns["dataset_type"] = constant(self._dataset.dataset_type, rows)
        columns["dataset"] = constant(self._dataset.dataset, rows)
        return columns | self._stamp.columns(rows)

    def _second_occurrences(
        self, placed: Timeline, shared: dict[str, pa.Array]
    ) -> NDArray[np.datetime64]:
        """The second row of one key at an hour that was on the clock twice is the later hour."""
        if not placed.ambiguous.any():
            return placed.utc
        utc = placed.utc.copy()
        where = np.flatnonzero(placed.ambiguous)
        names = [name for name in self._dataset.key if name in shared]
        keys = [shared[name].take(pa.array(where)).to_pylist() for name in names]
        for position, index in enumerate(where):
            key = (int(utc[index].astype(np.int64)), *(column[position] for column in keys))
            self._twice[key] = self._twice.get(key, 0) + 1
            if self._twice[key] > 1:
                utc[index] = placed.later[index]
        return utc

    def _check_identity(self, batch: SourceBatch, checked: dict[str, Checked]) -> None:
        identity = self._dataset.rules.identity
        if identity is None:
            return
        numbers = {
            name: item.values.to_numpy(zero_copy_only=False) for name, item in checked.items()
        }
        found = breaches(self._dataset, numbers)
        if found is None:
            return
        for name, guilty in found.guilty.items():
            if guilty.any():
                rows = found.rows[guilty]
                flags = checked[name].flags
                flags[rows] = np.maximum(flags[rows], CODE[QualityFlag.INCONSISTENT])
                self._inconsistent[name] = self._inconsistent.get(name, 0) + len(rows)
                self._note_guilty(batch, name, rows)
        self._report.find("*", "identity", len(found.rows), [])

    def _note_guilty(self, batch: SourceBatch, name: str, rows: NDArray[np.intp]) -> None:
        marked = np.zeros(len(batch.rows), bool)
        marked[rows] = True
        self._converter.note(batch, name, "identity", marked)

    def _table(
        self, measure: Measure | Difference, checked: Checked, shared: dict[str, pa.Array]
    ) -> pa.Table:
        rows = len(checked.flags)
        own = {
            "measurement_type": self._kinds(measure, shared, rows),
            "unit": self._one_of([m.unit for m in self._of_rows], measure.unit, rows),
            "value": checked.values,
            "quality_flag": flags_column(checked.flags),
        }
        if self._source_of(measure) is not None or self._dataset.column("source") is None:
            sources = [self._source_of(m) for m in self._of_rows]
            own["energy_source"] = self._one_of(sources, self._source_of(measure), rows)
        columns = shared | own
        return pa.Table.from_arrays(
            [columns[name] for name in self._schema.names], schema=self._schema
        )

    def _kinds(
        self, measure: Measure | Difference, shared: dict[str, pa.Array], rows: int
    ) -> pa.DictionaryArray:
        """The measurement type of each row: the first variant that fits, or the measure's own."""
        values = sorted({kind for item in self._of_rows for kind in kinds_of(item)})
        codes = np.full(rows, values.index(measure.measurement_type), np.int32)
        for item in reversed(measure.variants if isinstance(measure, Measure) else ()):
            fits = np.ones(rows, bool)
            for name, words in item.when.items():
                fits &= says(shared[name], words)
            codes[fits] = values.index(item.measurement_type)
        return encoded(codes, values)

    def _source_of(self, measure: Measure | Difference) -> str | None:
        """The measure's own source, or the one of all rows of the dataset."""
        own = measure.energy_source if isinstance(measure, Measure) else None
        return own or self._converter.constant("source")

    def _one_of(self, among: list[Any], value: str | None, rows: int) -> pa.DictionaryArray:
        """A constant whose dictionary is the same for every measure, so that tables concatenate."""
        values = sorted({item for item in among if item is not None})
        index = -1 if value is None else values.index(value)
        return encoded(np.full(rows, index, np.int32), values)

    def _time_column(self) -> Column:
        column = self._dataset.column("time")
        assert column is not None  # noqa: S101 - the catalogue model demands it of a series
        return column
