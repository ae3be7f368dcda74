"""The rows of an InfluxQL answer as it comes in, and no more of them than the caller takes (QRY-4).

The server sends one JSON object a line, each with a part of one series.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ons_platform.timeseries import replies
from ons_platform.timeseries.rawrows import Lines, RawRows

_NAME = "name"
CHUNK_ROWS = 1_000
"""Rows of one line: it is read whole."""


def read_influxql_rows(pieces: Iterable[bytes], *, max_rows: int, max_bytes: int) -> RawRows:
    """Read at most so many rows of so many bytes, the statements one after another.

    Columns are `name` (of the measurement), the tags that rows are grouped by, and those of the
    query, united over all series; instants stay the server's text. Raises `InvalidRequest` or
    `StoreUnavailable` where the server tells an error.
    """
    found = RawRows(columns=[])
    places: dict[str, int] = {}
    lines = Lines(pieces, max_bytes)
    for series in _series(lines):
        led = _leading(series)
        names = [*led, *series["columns"]]
        for name in names:
            places.setdefault(name, len(places))
        width = len(places)
        order = [places[name] for name in names]
        for values in series["values"]:
            row: list[Any] = [None] * width
            for place, value in zip(order, [*led.values(), *values], strict=True):
                row[place] = value
            found.rows.append(row)
        if len(found.rows) > max_rows:
            break
    found.columns = list(places)
    found.truncated = lines.cut or len(found.rows) > max_rows
    del found.rows[max_rows:]
    for row in found.rows:
        row.extend([None] * (len(places) - len(row)))
    return found


def _series(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if not line.strip():
            continue
        told = json.loads(line)
        for statement in [told, *told.get("results", [])]:
            if "error" in statement:
                raise replies.of_text(str(statement["error"]))
            yield from statement.get("series", [])


def _leading(series: dict[str, Any]) -> dict[str, str]:
    """The measurement and the tags of a series, unless a column of the query has that name."""
    led = {_NAME: series.get("name", ""), **series.get("tags", {})}
    taken = set(series["columns"])
    if not led[_NAME]:
        taken.add(_NAME)
    return {name: value for name, value in led.items() if name not in taken}
