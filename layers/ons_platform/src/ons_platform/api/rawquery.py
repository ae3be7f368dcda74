"""A raw read-only query run on the lake, and its rows as JSON or CSV (QRY-4, QRY-5)."""

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
from ons_platform.errors import NotFound, ServiceUnavailable

MAX_ROW_BYTES = 5 * 1024 * 1024
"""Lambda answers at most 6 MB: rows beyond this are cut, and the result says so."""

_STORE_RETRY_SECONDS = 3600


@dataclass(frozen=True)
class RawResult:
    """Rows of a raw query with values JSON knows; `truncated` says that there are more."""

    query_used: str
    engine: str
    rows: list[dict[str, Any]]
    truncated: bool

    @property
    def columns(self) -> list[str]:
        """Names in the query's order; none are known of a result without rows."""
        return list(self.rows[0]) if self.rows else []

    def as_csv(self) -> str:
        """A header row and the rows (RFC 4180); null is an empty field."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(self.columns)
        writer.writerows(row.values() for row in self.rows)
        return out.getvalue()


def run_raw(body: RawQueryBody, parts: Services) -> RawResult:
    """Check that the query only reads, run it, and give at most `max_rows` rows.

    Raises `UnsafeQuery` pointing at what is refused, `NotFound` when a table is not loaded, and
    `ServiceUnavailable` for a language whose store is not configured.
    """
    if body.language != "sql":
        raise ServiceUnavailable(
            "InfluxDB is not configured; ask in SQL or in words.", retry_after=_STORE_RETRY_SECONDS
        )
    from ons_platform.timeseries.sqlguard import guard

    tables = {dataset.table: dataset.dataset for dataset in parts.catalog}
    guarded = guard(body.query, tables, max_rows=body.max_rows)
    files = {table: _files(tables[table], parts) for table in guarded.tables}
    found = parts.engine.rows(guarded.sql, [], files)
    rows, cut = _fitting(found[: body.max_rows])
    return RawResult(guarded.sql, "duckdb", rows, cut or len(found) > body.max_rows)


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
