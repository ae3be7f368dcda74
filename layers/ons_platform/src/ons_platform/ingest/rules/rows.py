"""Rules that a row breaks by itself: forecasts, and a source that cannot produce at that hour."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ons_platform.catalog.model import Dataset, Forecast, Quiet
from ons_platform.ingest.canonical_batch import flags_column
from ons_platform.ingest.rules.cells import Mask, utc_of
from ons_platform.ingest.texts import says
from ons_platform.ingest.timeline import CODE
from ons_platform.lake.civil import to_local
from ons_platform.lake.keys import codes_of, dictionary
from ons_platform.lake.quality import QualityFlag

FLAG_OF = {"forecast": QualityFlag.FORECAST, "quiet": QualityFlag.SUSPECT}


def broken(dataset: Dataset, table: pa.Table) -> dict[str, Mask]:
    """Canonical rows that break each of the dataset's rules of this kind; none for no breach."""
    found: dict[str, Mask] = {}
    rule = dataset.rules.forecast
    if rule is not None:
        found["forecast"] = _forecasts(rule, table)
    for quiet in dataset.rules.quiet:
        rows = _loud(quiet, table)
        found["quiet"] = found.get("quiet", np.zeros(table.num_rows, bool)) | rows
    return {name: rows for name, rows in found.items() if rows.any()}


def flag_codes(table: pa.Table) -> NDArray[np.uint8]:
    """The flags of canonical rows as codes (`ingest.timeline.FLAGS`)."""
    column = dictionary(table["quality_flag"])
    known = np.array([CODE[QualityFlag(flag)] for flag in column.dictionary.to_pylist()], np.uint8)
    codes: NDArray[np.uint8] = known[codes_of(column)]
    return codes


def flagged(table: pa.Table, found: dict[str, Mask], codes: NDArray[np.uint8]) -> pa.Table:
    """The table with the flags of the broken rules, where theirs are not graver; `codes` too."""
    for name, rows in found.items():
        codes[rows] = np.maximum(codes[rows], CODE[FLAG_OF[name]])
    index = table.column_names.index("quality_flag")
    return table.set_column(index, table.schema.field(index), flags_column(codes))


def _forecasts(rule: Forecast, table: pa.Table) -> Mask:
    if rule.column not in table.column_names:
        return np.zeros(table.num_rows, bool)
    return says(dictionary(table[rule.column]), rule.values)


def _loud(rule: Quiet, table: pa.Table) -> Mask:
    rows = says(dictionary(table["measurement_type"]), [rule.measurement_type])
    if rule.energy_source is not None:
        rows = rows & says(dictionary(table["energy_source"]), [rule.energy_source])
    where = np.flatnonzero(rows)
    values = np.abs(table["value"].take(pa.array(where)).to_numpy())
    where = where[values > rule.tolerance]
    local = to_local(utc_of(table.select(["timestamp"]).take(pa.array(where))))
    hours = (local - local.astype("datetime64[D]")).astype("timedelta64[h]").astype(np.int64)
    first, last = rule.hours
    inside = (hours >= first) & (hours <= last)
    if first > last:
        inside = (hours >= first) | (hours <= last)
    found = np.zeros(table.num_rows, bool)
    found[where[inside]] = True
    return found
