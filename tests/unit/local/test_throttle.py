from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_local.template import Throttle
from ons_local.throttle import TokenBuckets
from ons_platform.errors import RateLimited


def test_a_burst_then_the_rate():
    now = [0.0]
    buckets = TokenBuckets(Throttle(rate=0.5, burst=2), lambda: now[0])
    buckets.take("a")
    buckets.take("a")
    with pytest.raises(RateLimited) as refused:
        buckets.take("a")
    assert refused.value.retry_after == 2
    buckets.take("b")
    now[0] = 2.0
    buckets.take("a")


@given(
    rate=st.floats(0.1, 50),
    burst=st.integers(1, 20),
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_never_more_than_burst_and_rate_allow(rate, burst, gaps):
    now = [0.0]
    buckets = TokenBuckets(Throttle(rate, burst), lambda: now[0])
    taken = 0
    for gap in gaps:
        now[0] += gap
        try:
            buckets.take("a")
        except RateLimited:
            continue
        else:
            taken += 1
    assert taken <= burst + now[0] * rate + 1e-6
