"""What the rules found, put into the quality report: places, stretches, remarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ons_platform.catalog.model import Break, Dataset, Grain
from ons_platform.ingest.reasons import Place
from ons_platform.ingest.reports.report import MAX_PLACES, MAX_SHOWN, MAX_STRETCHES, QualityReport
from ons_platform.ingest.rules.cells import Cells, Series
from ons_platform.ingest.rules.days import Completeness
from ons_platform.ingest.rules.marks import ALL_SERIES, Stretch
from ons_platform.lake.civil import Instants, to_local
from ons_platform.lake.quality import QualityFlag

_SHOWN_FIRST = (
    QualityFlag.INCONSISTENT,
    QualityFlag.INVALID,
    QualityFlag.OUT_OF_RANGE,
    QualityFlag.SUSPECT,
    QualityFlag.DUPLICATE,
    QualityFlag.STRAY_TIMESTAMP,
    QualityFlag.MISSING,
    QualityFlag.FORECAST,
    QualityFlag.AMBIGUOUS_HOUR,
)
"""Values in doubt before cells that are empty, which in some files are most."""
_RANK = {flag.value: rank for rank, flag in enumerate(_SHOWN_FIRST)}
_KIND_OF_FLAG = {
    QualityFlag.MISSING.value: "missing",
    QualityFlag.INVALID.value: "number",
    QualityFlag.INCONSISTENT.value: "identity",
    QualityFlag.OUT_OF_RANGE.value: "range",
    QualityFlag.STRAY_TIMESTAMP.value: "stray",
    QualityFlag.FORECAST.value: "forecast",
}
_WITH_HOURS = ("PT30M", "PT1H", "event")
_MAX_GAPS = 200


class Notes:
    """Turns numbers of series, instants and values into what people read."""

    def __init__(self, dataset: Dataset, report: QualityReport) -> None:
        self._dataset = dataset
        self._report = report
        self._span: tuple[np.datetime64, np.datetime64] | None = None
        self._columns = {(m.measurement_type, m.energy_source): m.column for m in dataset.measures}
        time = dataset.column("time")
        self._time = time.name if time else "*"
        rule = dataset.rules.forecast
        self._of_rows = {"stray": self._time, "forecast": rule.column if rule else ""}

    @property
    def empty(self) -> bool:
        """Whether no row with a time was seen."""
        return self._span is None

    def span(self, table: pa.Table) -> None:
        """Widen the period of the file to the instants of these rows."""
        extremes = pc.min_max(pc.cast(table["timestamp"], pa.timestamp("us")))
        low, high = (np.datetime64(extremes[name].as_py(), "s") for name in ("min", "max"))
        if self._span is not None:
            low, high = min(low, self._span[0]), max(high, self._span[1])
        if self._span != (low, high):
            self._span = (low, high)
            grain = self._dataset.grain
            self._report.period = (stamped(low, grain), stamped(high, grain))

    def column(self, series: Series) -> str:
        """The column of the file a series comes from; a computed measure is named by itself."""
        kind, source, _ = series
        return self._columns.get((kind, source)) or self._columns.get((kind, None)) or kind

    def measure_numbers(self, names: Sequence[Series]) -> NDArray[np.int64]:
        """Per series the number of its column."""
        columns = [self.column(name) for name in names]
        return np.unique(columns, return_inverse=True)[1].astype(np.int64)

    def cells(
        self,
        rule: str,
        names: Sequence[Series],
        series: NDArray[np.int32],
        utc: Instants,
        values: NDArray[np.float64],
        rows: NDArray[np.int64],
    ) -> None:
        """A finding per column: how many cells, and the first of them in the file."""
        if not len(series):
            return
        every = [*(self.column(name) for name in names), "*"]
        columns, numbers = np.unique(every, return_inverse=True)
        owners = numbers[series]
        for number in np.unique(owners):
            column = str(columns[number])
            own = np.flatnonzero(owners == number)
            room = self._report.room(column, rule)
            kept = own[np.argsort(rows[own], kind="stable")][:room] if room else own[:0]
            places = [
                Place(
                    int(rows[at]),
                    column,
                    _number(values[at]),
                    rule,
                    stamped(utc[at], self._dataset.grain),
                )
                for at in kept
            ]
            self._report.find(column, rule, len(own), places)

    def forecasts(
        self,
        values: pa.ChunkedArray,
        where: NDArray[np.intp],
        utc: Instants,
        rows: NDArray[np.int64],
    ) -> None:
        """A finding on the column that says so: how many values, and the first of them."""
        rule = self._dataset.rules.forecast
        column = rule.column if rule else "*"
        room = self._report.room(column, "forecast")
        first = values.take(pa.array(where[:room])).to_numpy()
        places = [
            Place(
                int(rows[at]),
                column,
                _number(first[number]),
                "forecast",
                stamped(utc[number], self._dataset.grain),
            )
            for number, at in enumerate(where[:room])
        ]
        self._report.find(column, "forecast", len(where), places)

    def repeats(self, cells: Cells, names: Sequence[Series]) -> None:
        """Rows of the file whose key occurred before."""
        places = [
            Place(
                int(cells.row[at]),
                "*",
                names[cells.series[at]].thing,
                "duplicate",
                stamped(cells.utc[at], self._dataset.grain),
            )
            for at in range(min(len(cells), MAX_PLACES))
        ]
        self._report.find("*", "duplicate", len(cells), places)

    def empty_days(self, names: Sequence[Series], cells: Cells) -> None:
        """Days on which a column has rows and no value."""
        if not len(cells):
            return
        columns = np.array([self.column(name) for name in names])[cells.series]
        for column in np.unique(columns):
            days = np.unique(cells.days[columns == column]).astype("datetime64[D]")
            self._report.find(str(column), "empty_day", len(days), [])
            runs = [
                {
                    "entity": "*",
                    "first": str(first),
                    "last": str(last),
                    "count": int((last - first).astype(int)) + 1,
                }
                for first, last in _runs(days)
            ]
            self._report.stretches_of(str(column), "empty_day", runs[:MAX_SHOWN], len(runs))

    def completeness(self, found: Completeness, names: Sequence[Series]) -> None:
        """How much of the file there is, and what is not."""
        if found.gaps is None:
            self._report.rule("complete", applied=False)
            return
        grain = self._dataset.grain
        gaps = [
            {
                "entity": names[gap.series].thing,
                "first": stamped(gap.first, grain),
                "last": stamped(gap.last, grain),
                "count": gap.count,
            }
            for gap in found.gaps[:_MAX_GAPS]
        ]
        absent = found.expected - found.present
        self._report.completeness = {
            "expected": found.expected,
            "present": found.present,
            "absent": absent,
            "share": round(found.present / found.expected, 6),
            "gaps": gaps,
            "gaps_total": len(found.gaps),
            "clock_changes": [{"day": str(day), "hours": n} for day, n in found.odd_days],
        }
        if gaps:
            self._report.find(self._time, "complete", absent, [])
            self._report.stretches_of(self._time, "complete", gaps[:MAX_SHOWN], len(found.gaps))

    def breaks(self) -> None:
        """Remark that figures of this file mean something else than earlier ones."""
        if self._span is None:
            return
        low, high = (at.astype("datetime64[D]") for at in to_local(np.array(self._span)))
        past: Break | None = None
        for item in sorted(self._dataset.rules.breaks, key=lambda item: item.starts):
            starts = np.datetime64(item.starts, "D")
            if low < starts <= high:
                self._remark("break_inside", item)
            elif starts <= low:
                past = item
        if past is not None:
            self._remark("break_before", past)

    def stretches(self, found: Sequence[Stretch], names: Sequence[Series]) -> None:
        """Where the flags lie, what is in doubt first; and under each finding its own."""
        flags = [item for item in found if item.mark in _RANK]
        flags.sort(key=lambda item: (_RANK[item.mark], self._whole(item), -item.count))
        self._report.stretches = [
            {"flag": item.mark, "column": self._column(item, names), **self._shown(item, names)}
            for item in flags[:MAX_STRETCHES]
        ]
        self._report.stretches_total = len(flags)
        of_finding: dict[tuple[str, str], list[Stretch]] = {}
        for item in sorted(found, key=lambda item: (item.first, item.series)):
            kind = _KIND_OF_FLAG.get(item.mark, "" if item.mark in _RANK else item.mark)
            column = self._of_rows.get(kind) or self._column(item, names)
            of_finding.setdefault((column, kind), []).append(item)
        for (column, kind), items in of_finding.items():
            if kind == "missing":
                self._report.find(column, kind, sum(item.count for item in items), [])
            shown = [self._shown(item, names) for item in items[:MAX_SHOWN]]
            self._report.stretches_of(column, kind, shown, len(items))

    def _whole(self, item: Stretch) -> bool:
        """Whether it spans the file: what is never filled tells less than what is missing once."""
        return (item.first, item.last) == self._span

    def _column(self, item: Stretch, names: Sequence[Series]) -> str:
        return "*" if item.series == ALL_SERIES else self.column(names[item.series])

    def _shown(self, item: Stretch, names: Sequence[Series]) -> dict[str, Any]:
        grain = self._dataset.grain
        return {
            "entity": "*" if item.series == ALL_SERIES else names[item.series].thing,
            "first": stamped(item.first, grain),
            "last": stamped(item.last, grain),
            "count": item.count,
        }

    def _remark(self, code: str, item: Break) -> None:
        text = item.text
        self._report.warn(code, starts=item.starts.isoformat(), text_en=text.en, text_pt=text.pt)


def stamped(utc: np.datetime64, grain: Grain | None) -> str:
    """An instant as Brasília's clock showed it, with its offset; only the day of coarse grains."""
    local = to_local(np.array([utc], "datetime64[s]"))[0]
    if grain not in _WITH_HOURS:
        return str(local.astype("datetime64[D]"))
    offset = int((local - utc.astype("datetime64[s]")).astype(int))
    sign, hours, minutes = "-" if offset < 0 else "+", abs(offset) // 3600, abs(offset) // 60 % 60
    return f"{local}{sign}{hours:02d}:{minutes:02d}"


def _number(value: float) -> str:
    return "" if np.isnan(value) else repr(float(value))


def _runs(days: NDArray[np.datetime64]) -> list[tuple[np.datetime64, np.datetime64]]:
    """First and last of days that follow each other."""
    cuts = np.flatnonzero(np.diff(days) > np.timedelta64(1, "D"))
    return list(zip(days[np.r_[0, cuts + 1]], days[np.r_[cuts, len(days) - 1]], strict=True))
