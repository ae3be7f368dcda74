"""The time of a query: absolute, whole, and put to every SELECT that reads a measurement."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from ons_platform.errors import UnsafeQuery
from ons_platform.timeseries.influxql.guard import guard_influxql
from ons_platform.timeseries.influxql.limits import InfluxqlLimits

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEPT = "2019-11-23T00:00:00Z"
PLANNED = "2028-11-23T00:00:00Z"


def periods(query: str, **limits: int) -> list[tuple[str, str]]:
    """Start and stop of every SELECT of the query, in the order they are written."""
    text = guard_influxql(query, now=NOW, limits=InfluxqlLimits(**limits)).query
    starts = re.findall(r"\"time\" >= '([^']*)'", text)
    return list(zip(starts, re.findall(r"\"time\" < '([^']*)'", text), strict=True))


@pytest.mark.parametrize(
    ("where", "start", "stop"),
    [
        ("", KEPT, PLANNED),
        ("WHERE region = 'SE'", KEPT, PLANNED),
        ("WHERE time > now() - 1d", "2026-11-20T12:00:00.000000001Z", PLANNED),
        ("WHERE time >= now() - 1d - 1h", "2026-11-20T11:00:00Z", PLANNED),
        ("WHERE now() - 1d <= time", "2026-11-20T12:00:00Z", PLANNED),
        ("WHERE time < '2025-01-01'", KEPT, "2025-01-01T00:00:00Z"),
        ("WHERE time <= '2025-01-01'", KEPT, "2025-01-01T00:00:00.000000001Z"),
        ("WHERE '2025-01-01' > time", KEPT, "2025-01-01T00:00:00Z"),
        ("WHERE time >= '2001-01-01' AND time < '2002-01-01'", "2001-01-01T00:00:00Z",
         "2002-01-01T00:00:00Z"),
        ("WHERE time >= '2025-01-01 06:30:00.25' AND time < 1735720200s", "2025-01-01T06:30:00.25Z",
         "2025-01-01T08:30:00Z"),
        ("WHERE time >= '2025-01-01T00:00:00-03:00' AND time < 1735720200000000000",
         "2025-01-01T03:00:00Z", "2025-01-01T08:30:00Z"),
        ("WHERE (time >= '2025-01-01' AND (time < '2026-01-01' AND time >= '2025-06-01'))",
         "2025-06-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_a_period_is_absolute_and_has_both_ends(where: str, start: str, stop: str) -> None:
    assert periods(f"SELECT power_mw FROM generation_data {where}") == [(start, stop)]


def test_times_without_an_offset_are_of_the_time_zone_asked_for() -> None:
    where = "WHERE time >= '2018-11-03' AND time < '2018-11-05 12:00'"
    query = f"SELECT power_mw FROM generation_data {where} tz('America/Sao_Paulo')"
    assert periods(query) == [("2018-11-03T03:00:00Z", "2018-11-05T14:00:00Z")]


def test_windows_without_an_end_end_now() -> None:
    query = "SELECT mean(power_mw) FROM generation_data GROUP BY time(1d)"
    assert periods(query) == [(KEPT, "2026-11-21T12:00:00Z")]


def test_the_beginning_is_that_of_what_the_store_keeps() -> None:
    day = timedelta(days=1).total_seconds()
    query = "SELECT power_mw FROM generation_data"
    assert periods(query, retention_seconds=int(day))[0][0] == "2026-11-20T00:00:00Z"


def test_a_subquery_has_the_period_both_ask_for() -> None:
    inner = "SELECT power_mw FROM generation_data WHERE time < '2026-03-01'"
    query = f"SELECT mean(power_mw) FROM ({inner}) WHERE time >= '2026-01-01'"
    text = guard_influxql(query, now=NOW, limits=InfluxqlLimits()).query
    assert "\"time\" >= '2026-01-01T00:00:00Z' AND \"time\" < '2026-03-01T00:00:00Z')" in text


def test_a_query_around_whole_windows_does_not_cut_them() -> None:
    inner = "SELECT mean(power_mw) FROM generation_data WHERE time > now() - 1d GROUP BY time(1w)"
    text = guard_influxql(
        f"SELECT max(mean) FROM ({inner})", now=NOW, limits=InfluxqlLimits()
    ).query
    assert text.endswith("GROUP BY time(1w)) LIMIT 1001")


@pytest.mark.parametrize(
    ("group", "written"),
    [
        ("time(90m)", "time(90m)"),
        ("time(1h30m)", "time(90m)"),
        ("time(1d, 3h)", "time(1d, 3h)"),
        ("time(1d, -3h)", "time(1d, 21h)"),
        ("time(1d, 27h)", "time(1d, 3h)"),
        ("time(1d, 0s)", "time(1d)"),
        ("time(1d, now())", "time(1d, 12h)"),
        ("time(1d, '2026-01-01T03:00:00Z')", "time(1d, 3h)"),
        ("time(1w, '2026-01-05')", "time(1w, 4d)"),
    ],
)
def test_windows_are_moved_as_asked(group: str, written: str) -> None:
    query = f"SELECT mean(power_mw) FROM generation_data WHERE time > now() - 1d GROUP BY {group}"
    text = guard_influxql(query, now=NOW, limits=InfluxqlLimits()).query
    assert f"GROUP BY {written} LIMIT" in text


@pytest.mark.parametrize(
    ("where", "fill", "written"),
    [
        ("", "", "fill(none)"),
        ("", "fill(null)", "fill(none)"),
        ("", "fill(0)", "fill(0)"),
        ("WHERE time > now() - 1d", "", ""),
        ("WHERE time > now() - 1d", "fill(null)", "fill(null)"),
    ],
)
def test_windows_before_the_first_point_are_not_made_up(
    where: str, fill: str, written: str
) -> None:
    query = f"SELECT mean(power_mw) FROM generation_data {where} GROUP BY time(1d) {fill}"
    text = guard_influxql(query, now=NOW, limits=InfluxqlLimits()).query
    assert text.endswith(f"GROUP BY time(1d){' ' * bool(written)}{written} LIMIT 1001")


def test_too_many_windows_are_refused_where_they_are_asked_for() -> None:
    query = "SELECT mean(power_mw) FROM generation_data WHERE time > now() - 1d GROUP BY time(1m)"
    assert periods(query, max_windows=1442)
    with pytest.raises(UnsafeQuery, match="This makes 1,441 windows") as refused:
        periods(query, max_windows=1440)
    assert refused.value.where["position"]["column"] == query.index("time(1m)") + 1


def test_windows_that_are_not_filled_are_as_many_as_the_points() -> None:
    query = "SELECT mean(power_mw) FROM generation_data GROUP BY time(1u) fill(none)"
    assert periods(query)
    with pytest.raises(UnsafeQuery, match="windows"):
        periods(query.replace("mean(power_mw)", "holt_winters(mean(power_mw), 10, 0)"))
    with pytest.raises(UnsafeQuery, match="sample takes whole numbers up to 0"):
        periods(query.replace("mean(power_mw)", "sample(power_mw, 10)"))


def test_windows_of_subqueries_count_too() -> None:
    inner = "SELECT mean(power_mw) FROM generation_data GROUP BY time(15m)"
    assert periods(inner)
    with pytest.raises(UnsafeQuery, match="windows"):
        periods(f"SELECT max(mean) FROM ({inner}) GROUP BY time(1h)")
