from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ons_platform.timeseries.client import Bucket
from ons_platform.timeseries.held import Held, HeldPartition, State
from ons_platform.timeseries.loading.pending import cutoff_of, pending, pending_work
from ons_platform.timeseries.loading.span import span_of

JANUARY, FEBRUARY = (f"dataset=load/year=2023/month=0{month}" for month in (1, 2))
YEAR = 365 * 86_400


def record(etag: str = "e", state: State = State.HELD, **more: Any) -> HeldPartition:
    return HeldPartition(etag=etag, state=state, load_id="l", at="", **more)


def since(years: float) -> str:
    return (datetime.now(UTC) - timedelta(days=365 * years)).isoformat()


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, True),
        (record(), False),
        (record(state=State.PARTIAL), False),
        (record("old"), True),
        (record("old", refused_etag="e"), False),
        (record("old", refused_etag="older"), True),
        (record(state=State.NOTHING, refused_etag="e"), False),
        (record(state=State.NOTHING), True),
        (record(state=State.LOADING, refused_etag="e"), True),
        (record(state=State.OUTSIDE, since=since(7.1)), False),
        (record(state=State.OUTSIDE, since=since(5)), True),
    ],
)
def test_what_differs_is_pending_unless_it_was_refused(
    known: HeldPartition | None, expected: bool
) -> None:
    held = Held("load", partitions={} if known is None else {JANUARY: known})
    assert pending(held, {JANUARY: "e"}, 7 * YEAR) == ([JANUARY] if expected else [])


def test_what_the_lake_has_no_more_is_pending() -> None:
    assert pending(Held("load", partitions={JANUARY: record()}), {}, 0) == [JANUARY]


def test_reference_data_have_no_place() -> None:
    assert pending(Held("plants"), {"reference": "e"}, 0) == []


def test_work_is_in_order_of_time_over_all_datasets() -> None:
    files = {"b": {FEBRUARY: "e", JANUARY: "e"}, "a": {FEBRUARY.replace("load", "price"): "e"}}
    assert pending_work({}, files, {}) == [
        ("b", JANUARY),
        ("a", "dataset=price/year=2023/month=02"),
        ("b", FEBRUARY),
    ]


def test_of_a_replaced_server_nothing_is_held() -> None:
    held = {"load": Held("load", "bucket", "id", 0, {JANUARY: record()})}
    files = {"load": {JANUARY: "e"}}
    assert pending_work(held, files, {"bucket": Bucket("id", 0)}) == []
    assert pending_work(held, files, {"bucket": Bucket("another", 0)}) == [("load", JANUARY)]


def test_without_end_nothing_is_too_old() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert cutoff_of(0, now) is None
    assert cutoff_of(7 * YEAR, now) == now - timedelta(days=7 * 365) + timedelta(hours=1)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("dataset=load/year=2023/month=01", "2023-01-01T03", "2023-02-01T03"),
        ("dataset=load/year=2018/month=12", "2018-12-01T02", "2019-01-01T02"),
        ("dataset=load/year=2018/month=11", "2018-11-01T03", "2018-12-01T02"),
        ("reference", None, None),
    ],
)
def test_a_month_is_that_of_brasilia(name: str, start: str | None, end: str | None) -> None:
    span = span_of(name)
    told = span and (span.start.isoformat()[:13], span.end.isoformat()[:13])
    assert told == ((start, end) if start else None)
