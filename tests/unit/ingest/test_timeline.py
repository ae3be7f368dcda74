"""Civil readings of a dataset placed in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.ingest.timeline import CODE, FLAGS, timeline
from ons_platform.lake.civil import to_local
from ons_platform.lake.quality import QualityFlag

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOURLY, DAILY, WEEKLY = (
    catalog()[name] for name in ("curva-carga", "carga-energia", "cmo-semanal")
)
SECONDS = st.integers(-(2**31), 2**33).map(lambda second: np.datetime64(second, "s"))


@given(st.lists(SECONDS, min_size=1, max_size=20))
def test_usable_rows_lie_in_the_month_of_their_civil_reading(readings: list[np.datetime64]) -> None:
    civil = np.array(readings, "datetime64[s]")
    placed = timeline(HOURLY, civil, NOW)
    usable = placed.where(placed.usable)
    months = to_local(usable.utc).astype("datetime64[M]").astype(int)
    assert (usable.months == (1970 + months // 12) * 100 + months % 12 + 1).all()
    assert (to_local(usable.utc) == civil[placed.usable]).all()
    years = civil.astype("datetime64[Y]").astype(int) + 1970
    assert (placed.outside == ((years < 1931) | (years > 2031))).all()


@given(st.lists(SECONDS, min_size=1, max_size=20))
def test_days_are_never_lost_to_daylight_saving_time(readings: list[np.datetime64]) -> None:
    civil = np.array(readings, "datetime64[s]")
    placed = timeline(DAILY, civil, NOW)
    assert not placed.never.any()
    assert (to_local(placed.utc).astype("datetime64[D]") == civil.astype("datetime64[D]")).all()


def test_half_past_is_stray_in_hourly_data_and_no_time_is_absent() -> None:
    civil = np.array(["2023-01-01T00:30:00", "NaT", "2023-01-01T01:00:00"], "datetime64[s]")
    placed = timeline(HOURLY, civil, NOW)
    assert placed.flags.tolist() == [CODE[QualityFlag.STRAY_TIMESTAMP], 0, 0]
    assert placed.absent.tolist() == [False, True, False]


def test_an_interval_labelled_by_its_end_begins_before() -> None:
    week = timeline(WEEKLY, np.array(["2024-01-05"], "datetime64[s]"), NOW)
    assert week.utc[0] == np.datetime64("2023-12-30T03:00:00")
    ends = HOURLY.model_copy(
        update={"time": HOURLY.time.model_copy(update={"label": "end"})}  # type: ignore[union-attr]
    )
    hour = timeline(ends, np.array(["2024-01-01T00:00"], "datetime64[s]"), NOW)
    assert hour.utc[0] == np.datetime64("2024-01-01T02:00:00")
    assert hour.months.tolist() == [202312]


def test_codes_rise_with_gravity() -> None:
    assert [CODE[flag] for flag in FLAGS] == sorted(CODE.values())
    assert FLAGS[0] is QualityFlag.OK
