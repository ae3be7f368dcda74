"""Usage counters: bounded names, totals and percentiles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ons_platform.api.usage import LATENCY_BUCKETS_MS, Use, histogram, percentile, statistics


def test_a_counter_says_what_it_counts() -> None:
    use = Use.of("question", "answered", "pt", 80.0)
    assert use.counter == "query:question:answered:pt:100"
    assert Use.from_counter(use.counter) == use
    assert Use.from_counter("objects:received") is None


@given(st.floats(min_value=0, max_value=1e9))
def test_every_latency_has_the_smallest_bucket_that_holds_it(milliseconds: float) -> None:
    bucket = Use.of("question", "answered", "pt", milliseconds).bucket_ms
    smaller = [item for item in LATENCY_BUCKETS_MS if item < bucket]
    assert milliseconds <= bucket or bucket == LATENCY_BUCKETS_MS[-1]
    assert all(milliseconds > item for item in smaller)


@given(st.lists(st.floats(min_value=0.1, max_value=30_000), min_size=1, max_size=200))
def test_percentiles_lie_in_the_bucket_of_the_true_one(latencies: list[float]) -> None:
    counters: dict[str, int] = {}
    for item in latencies:
        name = Use.of("question", "answered", "pt", item).counter
        counters[name] = counters.get(name, 0) + 1
    latency = histogram(counters, "question")
    for rank in (50, 95, 99):
        found = percentile(latency, rank)
        true = sorted(latencies)[max(-(-len(latencies) * rank // 100) - 1, 0)]
        upper = Use.of("question", "answered", "pt", true).bucket_ms
        lower = max((item for item in LATENCY_BUCKETS_MS if item < upper), default=0)
        assert found is not None
        assert lower <= found <= upper


def test_statistics_are_sums_over_the_counters_of_a_kind() -> None:
    counters = {
        "query:question:answered:pt:100": 3,
        "query:question:no_data:en:10": 1,
        "query:raw:ok:sql:10": 7,
        "something:else": 9,
    }
    found = statistics(counters, "question")
    assert found["total"] == 4
    assert found["by_status"] == {"answered": 3, "no_data": 1}
    assert found["by_language"] == {"en": 1, "pt": 3}
    assert statistics({}, "question")["latency_ms"] == {"p50": None, "p95": None, "p99": None}
