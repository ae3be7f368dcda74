"""How much one InfluxQL query may ask of the time-series store."""

from __future__ import annotations

from dataclasses import dataclass

from ons_platform.timeseries.points import RETENTION_SECONDS


@dataclass(frozen=True)
class InfluxqlLimits:
    """Bounds of one query: what a short text could make long is counted before it runs.

    `retention_seconds` before now a period begins that names no beginning. `max_windows` bounds
    the windows of all grouping by time together; seven years of quarter hours are 245,280.
    """

    max_rows: int = 1000
    retention_seconds: int = RETENTION_SECONDS
    max_windows: int = 250_000
