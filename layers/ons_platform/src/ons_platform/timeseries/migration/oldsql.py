"""The SQL by which the old store is read: only SELECT and DESCRIBE, every literal written here.

A table holds single-measure records (three of them, `value`, `unit` and `quality_flag`, make one
row), multi-measure records, or both; `records` makes one row of either.
"""

# ruff: noqa: S608 - names are checked and literals quoted here; nothing else enters a query

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.migration.values import instant_text

TableName = Literal["generation_data", "consumption_data", "transmission_data"]
TABLES: tuple[TableName, ...] = get_args(TableName)
"""Of the old database (TSD-19); each has a bucket of the same name."""
NAMES = ("measurement_type", "region", "energy_source", "unit", "quality_flag")
"""Columns that say what a value is of, in the order of every grouped query."""
_ORDER = f"time, {', '.join(NAMES)}, value"
_FINITE = "value BETWEEN -1.0E300 AND 1.0E300"
"""Timestream holds NaN and infinities, of which no sum can be compared."""
_DIMENSIONS = ("measurement_type", "region", "energy_source")
_MEASURE = "measure_value::"
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,256}")


@dataclass(frozen=True)
class Table:
    """A table of the old store and its columns: name -> type."""

    database: str
    name: str
    columns: Mapping[str, str]

    @property
    def quoted(self) -> str:
        """Its name in SQL."""
        return f"{quoted(self.database)}.{quoted(self.name)}"


def quoted(name: str) -> str:
    """An identifier; raises `InvalidRequest` for what Timestream would not take as a name."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest(f"{name!r} is no name of a Timestream database or table")
    return f'"{name}"'


def literal(text: str) -> str:
    """A text as SQL has it; a quote in it ends nothing."""
    return "'" + text.replace("'", "''") + "'"


def instant(at: int) -> str:
    """An instant (nanoseconds since 1970 UTC) as SQL has it."""
    return f"TIMESTAMP {literal(instant_text(at))}"


def describe(database: str, table: str) -> str:
    """The columns of a table."""
    return f"DESCRIBE {quoted(database)}.{quoted(table)}"


def export(table: Table, start: int, end: int) -> str:
    """Every row of a half-open range, in an order that is the same each time."""
    return f"SELECT {_ORDER} FROM ({records(table, start, end)}) ORDER BY {_ORDER}"


def instants(table: Table, at: Iterable[int]) -> str:
    """Every row of some instants."""
    chosen = sorted(at)
    listed = ", ".join(instant(item) for item in chosen)
    return (
        f"SELECT {_ORDER} FROM ({records(table, chosen[0], chosen[-1] + 1000)})"
        f" WHERE time IN ({listed}) ORDER BY {_ORDER}"
    )


def totals(table: Table, start: int, end: int) -> str:
    """What the range holds of each thing that is measured; `first_at` is of the first value."""
    return (
        f"SELECT {', '.join(NAMES)}, count(*) AS rows_held, count(value) AS values_held,"
        f" sum(CASE WHEN {_FINITE} THEN value END) AS total,"
        f" min(CASE WHEN {_FINITE} THEN value END) AS lowest,"
        f" max(CASE WHEN {_FINITE} THEN value END) AS highest,"
        " min(CASE WHEN value IS NOT NULL THEN time END) AS first_at,"
        " max(CASE WHEN value IS NOT NULL THEN time END) AS last_at"
        f" FROM ({records(table, start, end)}) GROUP BY {', '.join(NAMES)}"
    )


def daily(table: Table, start: int, end: int) -> str:
    """Count and sum per UTC day of each thing that is measured."""
    names = ", ".join(NAMES)
    return (
        f"SELECT {names}, date_trunc('day', time) AS day, count(value) AS values_held,"
        f" sum(value) AS total FROM ({records(table, start, end)})"
        f" GROUP BY {names}, date_trunc('day', time)"
    )


def extent(table: Table, start: int | None = None, end: int | None = None) -> str:
    """How many rows there are, from when to when; of the whole table without bounds."""
    return (
        "SELECT count(*) AS rows_held, min(time) AS first_at, max(time) AS last_at"
        f" FROM ({records(table, start, end)})"
    )


def records(table: Table, start: int | None, end: int | None) -> str:
    """One row per record of a half-open range, of either form.

    Raises `InvalidRequest` for a table without the columns of TSD-19.
    """
    single = "measure_name" in table.columns and any(
        name.startswith(_MEASURE) for name in table.columns
    )
    multiple = "value" in table.columns
    lacking = [name for name in _DIMENSIONS if name not in table.columns]
    if lacking or not (single or multiple):
        raise InvalidRequest(
            f"{table.name} has no {', '.join(lacking) or 'value'}: its columns are"
            f" {', '.join(table.columns)}"
        )
    where = _where(start, end)
    parts = [_single(table, where)] * single + [_multiple(table, where, single)] * multiple
    return " UNION ALL ".join(parts)


def _where(start: int | None, end: int | None) -> list[str]:
    lower = [f"time >= {instant(start)}"] if start is not None else []
    return lower + ([f"time < {instant(end)}"] if end is not None else [])


def _multiple(table: Table, where: list[str], mixed: bool) -> str:
    given = [name for name in ("value", "unit", "quality_flag") if name in table.columns]
    columns = [
        "CAST(value AS DOUBLE) AS value",
        *(
            name if name in table.columns else f"CAST(NULL AS VARCHAR) AS {name}"
            for name in ("unit", "quality_flag")
        ),
    ]
    told = [f"({' OR '.join(f'{name} IS NOT NULL' for name in given)})"] if mixed else []
    return _select(table, [*_DIMENSIONS, *columns], [*where, *told])


def _single(table: Table, where: list[str]) -> str:
    """The records of an instant and a thing put together again."""
    held = [name for name in table.columns if name.startswith(_MEASURE)]
    numbers = [f'CAST("{name}" AS DOUBLE)' for name in held if not name.endswith("varchar")]
    texts = [f'"{name}"' for name in held if name.endswith("varchar")]
    columns = [_measure("value", numbers, "DOUBLE")]
    columns += [_measure(name, texts, "VARCHAR") for name in ("unit", "quality_flag")]
    told = " OR ".join(f'"{name}" IS NOT NULL' for name in held)
    wanted = ["measure_name IN ('value', 'unit', 'quality_flag')", f"({told})"]
    selected = _select(table, [*_DIMENSIONS, *columns], [*where, *wanted])
    return f"{selected} GROUP BY time, {', '.join(_DIMENSIONS)}"


def _measure(name: str, columns: list[str], kind: str) -> str:
    """The measure of that name, from whichever of the columns it stands in."""
    held = f"coalesce({', '.join([*columns, f'CAST(NULL AS {kind})'])})"
    return f"max(CASE WHEN measure_name = {literal(name)} THEN {held} END) AS {name}"


def _select(table: Table, columns: list[str], where: list[str]) -> str:
    told = f" WHERE {' AND '.join(where)}" if where else ""
    return f"SELECT time, {', '.join(columns)} FROM {table.quoted}{told}"
