"""What the rows of a lake file hold, gathered while they are written: nothing is rescanned."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ons_platform.catalog.model import Dataset, Role
from ons_platform.lake.keys import codes_of, dictionary
from ons_platform.lake.ledger import Entity, Summary
from ons_platform.lake.quality import QualityFlag

FLAG = "quality_flag"


@dataclass(frozen=True)
class Names:
    """Which column of a dataset's lake files says what; None where there is no such column."""

    region: str | None
    source: str | None
    state: str | None
    entity_id: str | None
    entity_name: str | None

    @classmethod
    def of(cls, dataset: Dataset) -> Names:
        """Canonical names for a series; for reference data the ONS columns of that role."""
        if dataset.kind == "series":
            return cls("region", "energy_source", "state", "entity_id", "entity_name")

        def named(role: Role) -> str | None:
            column = dataset.column(role)
            return column.name if column else None

        return cls(
            named("region"),
            named("source"),
            named("state"),
            named("entity_id"),
            named("entity_name"),
        )

    @property
    def entity(self) -> tuple[str | None, ...]:
        """The columns of `Entity`, in its order."""
        return (self.entity_id, self.entity_name, self.region, self.state, self.source)


class SummaryBuilder:
    """Adds tables up to a `Summary`."""

    def __init__(self, dataset: Dataset, schema: pa.Schema) -> None:
        self._dataset = dataset
        columns = sorted(f"{field.name} {_plain(field.type)}" for field in schema)
        self._columns = hashlib.sha256("\n".join(columns).encode()).hexdigest()[:12]
        self._names = Names.of(dataset)
        self._rows = 0
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._values: dict[str, set[str]] = {}
        self._entities: set[tuple[str | None, ...]] = set()
        self._flags: dict[str, int] = {}

    def add(self, table: pa.Table) -> None:
        """Count one table of rows."""
        if table.num_rows == 0:
            return
        self._rows += table.num_rows
        names = self._names
        encoded: dict[str, pa.DictionaryArray] = {}
        for name in (*names.entity, "measurement_type"):
            if name and name in table.column_names:
                encoded[name] = dictionary(table[name])
                self._values.setdefault(name, set()).update(_present(encoded[name]))
        self._add_entities(encoded)
        if FLAG in table.column_names:
            flags = dictionary(table[FLAG])
            for value, count in _counts(flags).items():
                if value != QualityFlag.OK:
                    self._flags[value] = self._flags.get(value, 0) + count
        if "timestamp" in table.column_names:
            self._add_instants(table["timestamp"])

    def summary(self) -> Summary:
        """The sum so far, everything sorted."""
        names = self._names
        measures = self._sorted("measurement_type")
        if self._dataset.kind == "reference":
            measures = tuple(measure.column for measure in self._dataset.measures)
        entities = sorted(self._entities, key=lambda item: tuple(text or "" for text in item))
        return Summary(
            rows=self._rows,
            columns=self._columns,
            first=_iso(self._first),
            last=_iso(self._last),
            measurement_types=measures,
            regions=self._sorted(names.region),
            energy_sources=self._sorted(names.source),
            states=self._sorted(names.state),
            entities=tuple(Entity(*item) for item in entities),
            flagged=dict(sorted(self._flags.items())),
        )

    def _sorted(self, name: str | None) -> tuple[str, ...]:
        return tuple(sorted(self._values.get(name, ()))) if name else ()

    def _add_instants(self, column: pa.ChunkedArray) -> None:
        bounds: dict[str, Any] = pc.min_max(column).as_py()
        if bounds["min"] is None:
            return
        self._first = min(filter(None, (self._first, bounds["min"])))
        self._last = max(filter(None, (self._last, bounds["max"])))

    def _add_entities(self, encoded: dict[str, pa.DictionaryArray]) -> None:
        names = self._names
        things = [encoded.get(name or "") for name in (names.entity_id, names.entity_name)]
        if all(column is None or column.null_count == len(column) for column in things):
            return
        columns = [encoded.get(name or "") for name in names.entity]
        total = np.zeros(len(next(iter(encoded.values()))), dtype=np.int64)
        for column in columns:
            if column is not None:
                total = total * (len(column.dictionary) + 1) + codes_of(column) + 1
        _, firsts = np.unique(total, return_index=True)
        texts = [
            [None] * len(firsts) if column is None else _texts(column, firsts) for column in columns
        ]
        found = zip(*texts, strict=True)
        self._entities.update(item for item in found if item[0] is not None or item[1] is not None)


def _texts(column: pa.DictionaryArray, rows: NDArray[np.intp]) -> list[str | None]:
    """The texts of some rows."""
    values = [*column.dictionary.to_pylist(), None]
    return [values[code] for code in codes_of(column)[rows].tolist()]


def _counts(column: pa.DictionaryArray) -> dict[str, int]:
    values = column.dictionary.to_pylist()
    counts = np.bincount(codes_of(column) + 1, minlength=len(values) + 1)[1:]
    return {value: int(n) for value, n in zip(values, counts, strict=True) if n}


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _present(column: pa.DictionaryArray) -> list[str]:
    return list(_counts(column))


def _iso(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat() if instant else None
