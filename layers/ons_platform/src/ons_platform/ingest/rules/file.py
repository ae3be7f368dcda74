"""The catalogue's rules on one file: watched batch by batch, judged at its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ons_platform.catalog.model import Dataset
from ons_platform.ingest.canonical_batch import CanonicalBatch
from ons_platform.ingest.reports.report import QualityReport
from ons_platform.ingest.rules.cells import Cells, CellStore, Mask, SeriesIndex, utc_of
from ons_platform.ingest.rules.days import completeness, doubled, empty_days
from ons_platform.ingest.rules.marks import ALL_SERIES, Marks
from ons_platform.ingest.rules.notes import Notes
from ons_platform.ingest.rules.rows import broken, flag_codes, flagged
from ons_platform.ingest.rules.steps import frozen, jumps
from ons_platform.ingest.timeline import CODE, FLAGS
from ons_platform.lake.quality import QualityFlag


@dataclass(frozen=True)
class LateFlag:
    """Rows that get a flag once the file is known: `positions` count the rows of a month."""

    month: int
    positions: NDArray[np.int64]
    flag: QualityFlag


class FileRules:
    """Applies the rules of one dataset to one file; the values are never changed.

    Give `observe` every canonical batch in the order they are written, then call `finish` once.
    Flags do not depend on the size of the batches nor on the order of the rows. Of files of more
    than `cells.MAX_CELLS` canonical rows only the rules on single rows are applied, and the
    report says so. Reference data pass through.
    """

    def __init__(
        self, dataset: Dataset, report: QualityReport, store: CellStore | None = None
    ) -> None:
        self._dataset = dataset
        self._report = report
        self._series = SeriesIndex(dataset.key)
        self._marks = Marks()
        self._store = store or CellStore()
        self._notes = Notes(dataset, report)

    def observe(self, batch: CanonicalBatch) -> CanonicalBatch:
        """The batch with the flags that its rows earn by themselves."""
        table, months, rows = batch
        if table.num_rows == 0 or months is None or rows is None:
            return batch
        codes = flag_codes(table)
        found = broken(self._dataset, table)
        if found:
            table = flagged(table, found, codes)
        self._notes.span(table)
        self._mark(table, found, codes, rows)
        self._store.add(table, self._series, months, rows)
        return CanonicalBatch(table, months, rows)

    def finish(self) -> list[LateFlag]:
        """Judge the file as a whole and note it in the report; the flags that come of it."""
        late: list[LateFlag] = []
        for rule in self._rules_of_rows():
            self._report.rule(rule)
        for rule in self._rules_across_rows():
            self._report.rule(rule, applied=not self._store.full)
        if self._notes.empty:
            return late
        if not self._store.full:
            with np.errstate(over="ignore", invalid="ignore"):
                late = self._across(self._store.cells())
        self._notes.breaks()
        self._notes.stretches(self._marks.stretches(self._dataset.grain), self._series.names)
        return late

    def _rules_of_rows(self) -> Iterator[str]:
        rules = self._dataset.rules
        declared = {
            "range": any(measure.valid for measure in self._dataset.measures),
            "identity": rules.identity,
            "stray": self._dataset.kind == "series",
            "forecast": rules.forecast,
            "quiet": rules.quiet,
            "breaks": rules.breaks,
        }
        return (rule for rule, given in declared.items() if given)

    def _rules_across_rows(self) -> Iterator[str]:
        rules, grain = self._dataset.rules, self._dataset.grain
        series = self._dataset.kind == "series"
        declared = {
            "complete": rules.complete,
            "doubled": rules.doubled,
            "jumps": rules.jumps,
            "duplicate": series,
            "empty_day": series and grain != "event",
            "constant": grain in ("PT30M", "PT1H"),
        }
        return (rule for rule, given in declared.items() if given)

    def _mark(
        self,
        table: pa.Table,
        found: dict[str, Mask],
        codes: NDArray[np.uint8],
        rows: NDArray[np.int64],
    ) -> None:
        """Count the flagged rows where they are; forecasts, which may be millions, only when."""
        told = found.pop("forecast", None)
        if told is not None:
            self._note_forecasts(table, told, rows)
        where = np.flatnonzero((codes != 0) & (codes != CODE[QualityFlag.FORECAST]))
        if not len(where):
            return
        some = table.select(self._known(table)).take(pa.array(where))
        series, utc = self._series_of(some), utc_of(some)
        for code in np.unique(codes[where]):
            same = codes[where] == code
            self._marks.add(FLAGS[code].value, series[same], utc[same])
        names, values, rows = self._series.names, some["value"].to_numpy(), rows[where]
        for rule, broke in found.items():
            hit = np.flatnonzero(broke[where])
            self._marks.add(rule, series[hit], utc[hit])
            self._notes.cells(rule, names, series[hit], utc[hit], values[hit], rows[hit])

    def _note_forecasts(self, table: pa.Table, told: Mask, rows: NDArray[np.int64]) -> None:
        where = np.flatnonzero(told)
        utc = utc_of(table.select(["timestamp"]).take(pa.array(where)))
        self._marks.add("forecast", np.full(len(where), ALL_SERIES, np.int32), utc)
        self._notes.forecasts(table["value"], where, utc, rows)

    def _series_of(self, table: pa.Table) -> NDArray[np.int32]:
        if self._series.crowded:
            return np.full(table.num_rows, ALL_SERIES, np.int32)
        return self._series.of(table)

    def _known(self, table: pa.Table) -> list[str]:
        """The columns that say which series, when and how much."""
        wanted = {*self._dataset.key, "timestamp", "measurement_type", "energy_source", "value"}
        return [name for name in table.column_names if name in wanted]

    def _across(self, cells: Cells) -> list[LateFlag]:
        """The rules that compare rows with each other; `cells` are all of the file, sorted."""
        names = self._series.names
        groups, single = _instants(cells)
        self._note_repeats(cells, groups)
        if self._dataset.grain in (None, "event"):
            return []
        clean = cells.at(single)
        suspects = np.zeros(len(clean), bool)
        for rule, found in self._suspicious(clean):
            suspects |= found
            self._note(rule, clean.at(found))
        self._note("constant", clean.at(frozen(clean, self._dataset.grain or "PT1H")))
        measures = self._notes.measure_numbers(names)[cells.series]
        self._notes.empty_days(names, cells.at(empty_days(cells, measures)))
        if self._dataset.rules.complete:
            first = next(iter(self._dataset.measures))
            own = cells.at(self._of(cells, first.measurement_type, first.energy_source))
            if len(own):
                self._notes.completeness(completeness(own, self._dataset.grain or "P1D"), names)
        doubted = cells.at(np.isin(groups, groups[single][suspects]))
        self._marks.add(QualityFlag.SUSPECT.value, doubted.series, doubted.utc)
        return [
            LateFlag(int(month), doubted.position[doubted.month == month], QualityFlag.SUSPECT)
            for month in np.unique(doubted.month)
        ]

    def _suspicious(self, cells: Cells) -> Iterator[tuple[str, Mask]]:
        """Each rule that doubts values, and which cells it doubts."""
        grain = self._dataset.grain or "PT1H"
        for rule in self._dataset.rules.doubled:
            own = np.flatnonzero(self._of(cells, rule.measurement_type))
            yield "doubled", _spread(own, doubled(cells.at(own), rule.between), len(cells))
        for jump in self._dataset.rules.jumps:
            own = np.flatnonzero(self._of(cells, jump.measurement_type))
            found = jumps(cells.at(own), grain, jump.factor, jump.at_least)
            yield "jumps", _spread(own, found, len(cells))

    def _of(self, cells: Cells, measurement_type: str, source: str | None = None) -> Mask:
        """Cells of a quantity, of one source if it is named."""
        wanted = [
            name.measurement_type == measurement_type and source in (None, name.energy_source)
            for name in self._series.names
        ]
        found: Mask = np.array(wanted, bool)[cells.series]
        return found

    def _note(self, rule: str, cells: Cells) -> None:
        self._marks.add(rule, cells.series, cells.utc)
        names = self._series.names
        self._notes.cells(rule, names, cells.series, cells.utc, cells.value, cells.row)

    def _note_repeats(self, cells: Cells, groups: NDArray[np.int64]) -> None:
        again = np.flatnonzero(np.diff(groups) == 0) + 1
        if len(again):
            _, firsts = np.unique(cells.row[again], return_index=True)
            self._notes.repeats(cells.at(again[firsts]), self._series.names)


def _instants(cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """A number for each series and instant, and the cells that stand for the undisputed ones.

    Rows that repeat with one value count once, those that differ not at all.
    """
    new = np.ones(len(cells), bool)
    new[1:] = (np.diff(cells.series) != 0) | (np.diff(cells.utc) != np.timedelta64(0, "s"))
    groups = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    ends = np.r_[starts[1:], len(cells)] - 1
    first, last = cells.value[starts], cells.value[ends]
    agreed = (first == last) | np.isnan(first)
    return groups, starts[agreed]


def _spread(index: NDArray[np.intp], found: Mask, size: int) -> Mask:
    whole = np.zeros(size, bool)
    whole[index[found]] = True
    return whole
