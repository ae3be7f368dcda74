"""How many values a `range` or `generate_series` of a parsed query gives, without running it."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

_SECONDS = {
    "SECOND": 1,
    "MINUTE": 60,
    "HOUR": 3600,
    "DAY": 86_400,
    "WEEK": 7 * 86_400,
    "MONTH": 28 * 86_400,
    "YEAR": 365 * 86_400,
}


def series_length(series: exp.Expr) -> int | None:
    """At most how many values a `GenerateSeries` gives; None without literal bounds and step."""
    start = _value(series.args.get("start"))
    end = _value(series.args.get("end"))
    step = _step(series.args.get("step"), series.args.get("start"))
    if start is None or end is None or not step:
        return None
    return max(int((end - start) / step), 0) + 1


def _value(node: exp.Expr | None) -> float | None:
    if isinstance(node, exp.Neg):
        value = _value(node.this)
        return None if value is None else -value
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string:
        try:
            instant = datetime.fromisoformat(node.this.name)
        except ValueError:
            return None
        return (instant.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001
    if isinstance(node, exp.Literal) and not node.is_string:
        return float(node.name)
    return None


def _step(node: exp.Expr | None, start: exp.Expr | None) -> float | None:
    if node is None:
        return None if isinstance(start, exp.Cast) else 1.0
    if isinstance(node, exp.Interval):
        seconds = _SECONDS.get(str(node.args.get("unit")).upper().removesuffix("S"))
        count = node.this.name if isinstance(node.this, exp.Literal) else ""
        return seconds * float(count) if seconds and count.isdigit() else None
    return _value(node)
