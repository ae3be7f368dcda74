"""How much one InfluxQL query may ask of the time-series store."""

from __future__ import annotations

from dataclasses import dataclass

RETENTION_SECONDS = 7 * 365 * 86_400
"""How long the buckets keep points (TSD-5 to 7)."""


@dataclass(frozen=True)
class InfluxqlLimits:
    """Bounds of one query: what a short text could make long is counted before it runs.

    `retention_seconds` before now a period begins that names no beginning. `max_windows` bounds
    the windows of all grouping by time together; seven years of quarter hours are 245,280.
    """

    max_rows: int = 1000
    retention_seconds: int = RETENTION_SECONDS
    max_windows: int = 250_000
