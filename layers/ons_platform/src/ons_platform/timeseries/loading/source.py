"""The rows of one lake file as the loader reads them, and whether they are what they should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import LocalFileSystem

from ons_platform.catalog.model import Dataset
from ons_platform.errors import RejectedPoints
from ons_platform.timeseries.loading.series import dictionary_array
from ons_platform.timeseries.points import PointModel

ROWS_AT_ONCE = 131_072
_DISK = LocalFileSystem()
_TYPES: dict[str, tuple[str, Any]] = {
    "timestamp": ("timestamp[us, UTC]", lambda kind: kind == pa.timestamp("us", tz="UTC")),
    "measurement_type": ("text", lambda kind: _is_text(kind)),
    "value": ("float64", lambda kind: kind == pa.float64()),
    "unit": ("text", lambda kind: _is_text(kind)),
}


class LakeRows:
    """One lake file, row group by row group: memory is that of about 262,000 rows.

    Raises `RejectedPoints` where its columns, types, measurement types or units are not those of
    the catalogue (TSD-14).
    """

    def __init__(self, path: Path, dataset: Dataset, model: PointModel) -> None:
        self._file = pq.ParquetFile(path, filesystem=_DISK)
        self._dataset = dataset
        self._units = _units(dataset)
        self._known = model.fields
        schema = self._file.schema_arrow
        self._check_columns(schema, model)
        wanted = dict.fromkeys([*_TYPES, *model.tags])
        self._columns = [name for name in wanted if name in schema.names]

    def __enter__(self) -> LakeRows:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[tuple[int, pa.Table]]:
        """Each table with the number of its first row in the file; all columns, or those.

        Tables begin at the same rows whatever the columns: none crosses the end of a row group.
        """
        start = 0
        for group in range(self._file.num_row_groups):
            rows = self._file.read_row_group(group, columns=columns or self._columns)
            for begin in range(0, rows.num_rows, ROWS_AT_ONCE):
                yield start + begin, rows.slice(begin, ROWS_AT_ONCE).combine_chunks()
            start += rows.num_rows

    def check(self, table: pa.Table) -> None:
        """Whether each row's measurement type is known and its unit the catalogue's."""
        for kind, unit in _pairs(table):
            if kind not in self._known:
                raise self._wrong(f"measurement type {kind!r} is not in the catalogue", column=kind)
            if unit != self._units[kind]:
                raise self._wrong(f"{kind} is in {unit!r}, should be in {self._units[kind]!r}")
        if table["timestamp"].null_count:
            raise self._wrong("there are rows without an instant")

    def _check_columns(self, schema: pa.Schema, model: PointModel) -> None:
        for name, (kind, fits) in _TYPES.items():
            if name not in schema.names:
                raise self._wrong(f"column {name} is missing", column=name)
            found = schema.field(name).type
            if not fits(found):
                raise self._wrong(f"column {name} is {found}, should be {kind}", column=name)
        for name in model.tags:
            if name in schema.names and not _can_be_tag(schema.field(name).type):
                found = schema.field(name).type
                raise self._wrong(f"column {name} is {found}, which no tag can be", column=name)

    def _wrong(self, what: str, **where: Any) -> RejectedPoints:
        return RejectedPoints(
            f"The lake file of {self._dataset.dataset} does not fit the catalogue: {what}",
            dataset=self._dataset.dataset,
            **where,
        )


def _pairs(table: pa.Table) -> set[tuple[str, str]]:
    """The measurement types and the unit of each, mostly one of each."""
    kinds, units = (dictionary_array(table[name]) for name in ("measurement_type", "unit"))
    if len(kinds.dictionary) == len(units.dictionary) == 1 and not kinds.null_count:
        return {(kinds.dictionary[0].as_py(), units.dictionary[0].as_py())}
    together = pa.table({"kind": kinds, "unit": units}).group_by(["kind", "unit"]).aggregate([])
    return {(row["kind"], row["unit"]) for row in together.to_pylist()}


def _units(dataset: Dataset) -> dict[str, str]:
    """The unit of each measurement type."""
    own = {name: item.unit for item in dataset.measures for name in item.measurement_types}
    return own | {item.measurement_type: item.unit for item in dataset.derived}


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind.value_type if pa.types.is_dictionary(kind) else kind))


def _can_be_tag(kind: pa.DataType) -> bool:
    simple = (pa.types.is_floating, pa.types.is_integer, pa.types.is_date, pa.types.is_timestamp)
    return _is_text(kind) or any(fits(kind) for fits in simple)
