"""Rows of which there is no point, each with its reason, in the failed zone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from ons_platform.storage import Storage
from ons_platform.timeseries.loading.source import LakeRows
from ons_platform.timeseries.points import MISSING_SUFFIX, PointModel

TOLD = 10_000
"""Rows written out at most; all are counted."""


def quarantine_path(dataset: str, partition: str, load_id: str) -> str:
    """Where the rows of a load are told, one JSON object a line."""
    return f"_timeseries/quarantine/{dataset}/{partition}/{load_id}.jsonl"


def quarantine(
    rows: Mapping[int, str], source: LakeRows, model: PointModel, storage: Storage, path: str
) -> list[dict[str, Any]]:
    """Write out the rows (by number in the file) and why; returns the first ones.

    Each has `dataset`, `row`, `timestamp` (UTC), `tags`, `field`, `value` and `reason`.
    """
    wanted = dict(sorted(rows.items())[:TOLD])
    told: list[dict[str, Any]] = []
    for start, table in source.tables():
        own = [row for row in wanted if start <= row < start + table.num_rows]
        if own:
            taken = table.take(pa.array([row - start for row in own], pa.int64())).to_pylist()
            pairs = zip(own, taken, strict=True)
            told += [_told(number, values, wanted[number], model) for number, values in pairs]
    text = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in told)
    storage.put_bytes(path, text.encode())
    return told


def quarantined(storage: Storage, path: str) -> dict[int, str]:
    """The rows of a quarantine and their reasons, as they went in."""
    told = map(json.loads, storage.get_bytes(path).decode().splitlines())
    return {item["row"]: item["reason"] for item in told}


def _told(number: int, row: Mapping[str, Any], reason: str, model: PointModel) -> dict[str, Any]:
    tags = {tag: row.get(column) for column, tag in model.tags.items()}
    value = row["value"]
    field = model.fields[row["measurement_type"]]
    return {
        "dataset": model.dataset,
        "row": number,
        "timestamp": row["timestamp"].isoformat(),
        "tags": {tag: str(text) for tag, text in tags.items() if text not in (None, "")},
        "field": f"{field}{MISSING_SUFFIX}" if value is None else field,
        "value": value if value is None or abs(value) < float("inf") else str(value),
        "reason": reason,
    }
