"""What the store says it has of one dataset and month, field by field (TSD-12)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ons_platform.errors import TerminalError
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.instants import rfc3339
from ons_platform.timeseries.loading.span import Span
from ons_platform.timeseries.loading.survey import Tally
from ons_platform.timeseries.points import DATASET_TAG, PointModel

ROUNDING = 1e-9
"""Two orders of summation differ by less than this part of the sum of absolute values."""

_QUERY = """\
points = from(bucket: {bucket})
  |> range(start: {start}, stop: {stop})
  |> filter(fn: (r) => r._measurement == {measurement} and r[{tag}] == {dataset})
counted = points |> group(columns: ["_field"])
counted |> count() |> yield(name: "count")
counted |> sum() |> yield(name: "total")
ends = (tables=<-, desc) => tables
  |> group(columns: ["_field"])
  |> keep(columns: ["_field", "_time"])
  |> sort(columns: ["_time"], desc: desc)
  |> limit(n: 1)
points |> first() |> ends(desc: false) |> yield(name: "first")
points |> last() |> ends(desc: true) |> yield(name: "last")
"""


class VerificationFailed(TerminalError):
    """What was read back is not what was written; `differences` says where."""

    http_status = 500
    exit_code = 70
    title = "Verification failed"


def read_back(client: InfluxClient, model: PointModel, span: Span) -> dict[str, Tally]:
    """Count, sum, first and last instant of each field the dataset has in that month."""
    found: dict[str, Tally] = {}
    for table in client.flux(_query(model, span)):
        for row in _rows(table.columns):
            tally = found.setdefault(row["_field"], Tally())
            setattr(tally, table.name, row["_time"] if "_time" in row else row["_value"])
    return found


def differences(expected: Mapping[str, Tally], found: Mapping[str, Tally]) -> list[dict[str, Any]]:
    """Each thing that is not as expected: `field`, `what`, `expected`, `found`."""
    wrong = []
    for name in sorted({*expected, *found}):
        ours, theirs = expected.get(name, Tally()), found.get(name, Tally())
        for what in ("count", "total", "first", "last"):
            mine, its = getattr(ours, what), getattr(theirs, what)
            if not _agree(what, mine, its, ours.magnitude):
                told = {"expected": _text(mine), "found": _text(its)}
                wrong.append({"field": name, "what": what, **told})
    return wrong


def _agree(what: str, mine: Any, its: Any, magnitude: float) -> bool:
    if what != "total":
        return bool(mine == its)
    return math.isclose(mine, its, rel_tol=ROUNDING, abs_tol=ROUNDING * magnitude)


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _query(model: PointModel, span: Span) -> str:
    texts = {
        "bucket": model.bucket,
        "measurement": model.measurement,
        "tag": DATASET_TAG,
        "dataset": model.dataset,
    }
    times = {"start": rfc3339(span.start), "stop": rfc3339(span.end)}
    return _QUERY.format(**{name: json.dumps(text) for name, text in texts.items()}, **times)


def _rows(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
