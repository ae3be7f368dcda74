"""Usage counters in the ledger and the statistics read from them (QRY-10).

One counter per query, its name saying kind, status, language and latency bucket: a query costs one
write, the names are bounded, and every statistic is a sum over them.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ons_platform.errors import OnsError
from ons_platform.observability import log_event

if TYPE_CHECKING:
    from ons_platform.lake.ledger import Ledger

LATENCY_BUCKETS_MS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)
"""Upper bounds; the last takes everything above it too (API Gateway answers at 29 s itself)."""

_PREFIX = "query"


@dataclass(frozen=True)
class Use:
    """One query as it is counted: `kind` is `question` or `raw`."""

    kind: str
    status: str
    language: str
    bucket_ms: int

    @property
    def counter(self) -> str:
        """Name of the ledger counter."""
        return f"{_PREFIX}:{self.kind}:{self.status}:{self.language}:{self.bucket_ms}"

    @classmethod
    def of(cls, kind: str, status: str, language: str, milliseconds: float) -> Use:
        """The use with its latency put in the smallest bucket that holds it."""
        place = min(bisect_left(LATENCY_BUCKETS_MS, milliseconds), len(LATENCY_BUCKETS_MS) - 1)
        return cls(kind, status, language, LATENCY_BUCKETS_MS[place])

    @classmethod
    def from_counter(cls, name: str) -> Use | None:
        """The inverse of `counter`; None for counters of other things."""
        parts = name.split(":")
        if len(parts) != 5 or parts[0] != _PREFIX:
            return None
        return cls(parts[1], parts[2], parts[3], int(parts[4]))


def record(ledger: Ledger, use: Use) -> None:
    """Count it; a ledger that does not answer costs the statistic, never the answer."""
    try:
        ledger.count(use.counter)
    except OnsError as error:
        log_event("usage.not_counted", level=logging.WARNING, error=error.message)


def statistics(counters: Mapping[str, int], kind: str) -> dict[str, Any]:
    """Totals by status and language and latency percentiles (ms) of the queries of one kind."""
    by_status: Counter[str] = Counter()
    by_language: Counter[str] = Counter()
    for name, count in counters.items():
        use = Use.from_counter(name)
        if use is not None and use.kind == kind:
            by_status[use.status] += count
            by_language[use.language] += count
    latency = histogram(counters, kind)
    return {
        "total": sum(by_status.values()),
        "by_status": dict(sorted(by_status.items())),
        "by_language": dict(sorted(by_language.items())),
        "latency_ms": {f"p{rank}": percentile(latency, rank) for rank in (50, 95, 99)},
    }


def histogram(counters: Mapping[str, int], kind: str) -> dict[int, int]:
    """Queries per latency bucket (upper bound in ms), every bucket present."""
    found = dict.fromkeys(LATENCY_BUCKETS_MS, 0)
    for name, count in counters.items():
        use = Use.from_counter(name)
        if use is not None and use.kind == kind and use.bucket_ms in found:
            found[use.bucket_ms] += count
    return found


def percentile(latency: Mapping[int, int], rank: int) -> float | None:
    """The rank-th percentile in ms, interpolated within its bucket; None of nothing."""
    total = sum(latency.values())
    if total == 0:
        return None
    wanted, seen, lower = total * rank / 100, 0, 0
    for upper, count in latency.items():
        if count and seen + count >= wanted:
            return round(lower + (upper - lower) * (wanted - seen) / count, 1)
        seen, lower = seen + count, upper
    return float(lower)
