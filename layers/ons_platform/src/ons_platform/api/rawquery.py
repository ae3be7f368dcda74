"""A raw read-only query run on the store or the lake, its rows as JSON or CSV (QRY-4, QRY-5)."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from ons_platform.api.models import RawQueryBody
from ons_platform.api.services import Services
from ons_platform.api.storequery import run_on_store
from ons_platform.errors import NotFound

MAX_ROW_BYTES = 5 * 1024 * 1024
"""Lambda answers at most 6 MB: rows beyond this are cut, and the result says so."""


@dataclass(frozen=True)
class RawResult:
    """Rows of a raw query with values JSON knows; `truncated` says that there are more."""

    query_used: str
    engine: str
    columns: list[str]
    rows: list[dict[str, Any]]
    truncated: bool

    def as_csv(self) -> str:
        """A header row and the rows (RFC 4180); null is an empty field."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(self.columns)
        writer.writerows(row.values() for row in self.rows)
        return out.getvalue()


def run_raw(body: RawQueryBody, parts: Services) -> RawResult:
    """Check that the query only reads, run it, and give at most `max_rows` rows.

    SQL runs on the lake, Flux and InfluxQL on the time-series store (see `run_on_store` for what
    it raises). Raises `UnsafeQuery` pointing at what is refused and `NotFound` when a table is not
    loaded.
    """
    return _on_lake(body, parts) if body.language == "sql" else _on_store(body, parts)


def _on_store(body: RawQueryBody, parts: Services) -> RawResult:
    query, columns, found, more = run_on_store(body, parts)
    rows, cut = _fitting(dict(zip(columns, row, strict=True)) for row in found)
    return RawResult(query, "influxdb", columns, rows, cut or more)


def _on_lake(body: RawQueryBody, parts: Services) -> RawResult:
    from ons_platform.timeseries.sqlguard import guard

    tables = {dataset.table: dataset.dataset for dataset in parts.catalog}
    guarded = guard(body.query or "", tables, max_rows=body.max_rows)
    files = {table: _files(tables[table], parts) for table in guarded.tables}
    found = parts.engine.rows(guarded.sql, [], files)
    rows, cut = _fitting(found[: body.max_rows])
    columns = list(rows[0]) if rows else []
    return RawResult(guarded.sql, "duckdb", columns, rows, cut or len(found) > body.max_rows)


def _files(slug: str, parts: Services) -> list[str]:
    known = parts.knowledge.get(slug)
    files = [str(part["path"]) for part in known.partitions] if known else []
    if not files:
        raise NotFound(f"Nothing of {slug} is loaded yet; upload one of its files first.")
    return files


def _fitting(rows: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    kept: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        plain = {str(name): _plain(value) for name, value in row.items()}
        size += len(json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace"))
        if size > MAX_ROW_BYTES:
            return kept, True
        kept.append(plain)
    return kept, False


def _plain(value: Any) -> Any:
    """What JSON can say of a value DuckDB returns; instants in UTC with `Z`."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        aware = value.astimezone(UTC) if value.tzinfo else value
        return aware.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return _plain_container(value)


def _plain_container(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)
