from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrating import GENERATION, NOW, Stage, hours
from ons_platform.timeseries.migration import moving
from ons_platform.timeseries.migration.chunks import Size
from ons_platform.timeseries.migration.oldsql import TABLES
from ons_platform.timeseries.migration.reporting import decommission_check, report
from timestream import multi

pytestmark = pytest.mark.influxdb
LATER = NOW + timedelta(days=3)


def checked(stage: Stage, **more: Any) -> tuple[bool, set[str]]:
    result = decommission_check(stage.at(LATER), TABLES, **more)
    return result["ok"], {reason["reason"] for reason in result["reasons"]}


def moved(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-05-20", 24 * 3))
    parts = stage.at(LATER)
    moving.run(parts, moving.chunks(parts, TABLES, None, None, Size.MONTH))


def verified(stage: Stage) -> None:
    parts = stage.at(LATER)
    moving.verify_all(parts, moving.begun(parts, TABLES, None, None))


def test_nothing_is_given_up_before_it_is_proved(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-05-19", 24))
    assert checked(stage) == (False, {"not_moved"})
    moved(stage)
    assert checked(stage) == (False, {"not_verified"})
    verified(stage)
    assert checked(stage) == (True, set())


def test_rows_may_still_come_to_a_day_that_is_not_over_for_long(stage: Stage) -> None:
    moved(stage)
    stage.old.add(GENERATION, hours("2024-06-04", 6))
    moving.sync(stage.at(LATER), [GENERATION])
    verified(stage)
    assert checked(stage) == (False, {"not_settled"})
    week = stage.at(LATER + timedelta(days=7))
    moving.sync(week, [GENERATION])
    moving.verify_all(week, moving.begun(week, TABLES, None, None))
    assert decommission_check(week, TABLES)["ok"]


def test_rows_that_changed_after_the_proof_are_seen(stage: Stage) -> None:
    moved(stage)
    verified(stage)
    stage.old.add(GENERATION, [multi("2024-05-20 00:30:00", "generation", "N", 1.0)])
    assert "changed" in checked(stage)[1]
    stage.old.add(GENERATION, [multi("2024-07-01 00:30:00", "generation", "N", 1.0)])
    assert "not_moved" in checked(stage)[1]


def test_only_the_very_number_of_rows_left_behind_is_accepted(stage: Stage) -> None:
    stage.old.add(GENERATION, [multi("2024-05-20 00:30:00", "weather", "N", 1.0)])
    stage.old.add(GENERATION, [multi("2024-05-20 00:40:00", "weather", "N", 1.0)])
    moved(stage)
    verified(stage)
    assert "left_out" in checked(stage)[1]
    assert "left_out" in checked(stage, accept_left_out=1)[1]
    assert "left_out" in checked(stage, accept_left_out=3)[1]
    assert "left_out" not in checked(stage, accept_left_out=2)[1]


def test_rows_past_the_retention_stay_behind_and_are_counted(
    stage_of: Callable[..., Stage],
) -> None:
    now = datetime.now(UTC)
    stage = stage_of(now, endless=False)
    old = now - timedelta(days=365 * 7 + 30)
    stage.old.add(GENERATION, hours(f"{old:%Y-%m-%d}", 5, regions=("SE",)))
    result = decommission_check(stage.parts, TABLES, accept_left_out=5)
    assert result["ok"]
    assert not decommission_check(stage.parts, TABLES)["ok"]


def test_a_report_sums_up_and_says_what_wants_attention(stage: Stage) -> None:
    stage.old.add(GENERATION, [multi("2024-05-20 00:30:00", "weather", "N", 1.0)])
    moved(stage)
    before = report(stage.parts.journal.all(), LATER)
    assert (before["ok"], before["verified_percent"]) == (False, 0.0)
    verified(stage)
    after = report(stage.parts.journal.all(), LATER + timedelta(seconds=90))
    assert after["ok"]
    assert after["tables"][GENERATION]["rows"] == after["rows"] == 145
    assert after["points"] == 144
    assert after["lag_seconds"] == 90.0
    assert after["refused"] == {"unknown_measurement_type": 1}
    assert after["cost"]["bytes_metered"] > 0
    assert [item["refused"] for item in after["attention"]] == [{"unknown_measurement_type": 1}]


def test_a_report_of_nothing_is_not_good_news() -> None:
    assert report([], NOW)["ok"] is False
