from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from migrating import GENERATION, NOW, Stage
from ons_platform.errors import NotFound
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.migration.legacy import Series
from ons_platform.timeseries.migration.newstore import Held, NewStore

pytestmark = pytest.mark.influxdb
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROS = 1_704_067_200_000_000
HEAD = "generation_data,dataset=legacy,measurement_type=generation,region=SE"
SERIES = Series(GENERATION, "generation", "SE", None, None, "power_mw")


def lines(count: int) -> list[str]:
    return [f"{HEAD} power_mw={n + 0.5} {MICROS + n * 3_600_000_000}" for n in range(count)]


def test_what_is_held_is_told_by_series_within_the_range(stage: Stage) -> None:
    new = stage.parts.new
    missing = f"{HEAD} power_mw_missing=1 {MICROS}"
    other = f"generation_data,dataset=other power_mw=9 {MICROS}"
    assert new.write(GENERATION, [*lines(5), missing, other]) == []
    at = MICROS * 1000
    assert new.held(GENERATION, START, START + 4 * HOUR) == {
        SERIES: Held(4, 8.0, 0.5, 3.5, at, at + 3 * 3_600 * 10**9),
        SERIES.missing: Held(1, 1.0, 1.0, 1.0, at, at),
    }
    assert new.counts(GENERATION, START + HOUR, START + 4 * HOUR) == {SERIES: 3}
    assert new.at(GENERATION, [START + HOUR]) == {(SERIES, at + 3_600 * 10**9, 1.5)}
    assert new.daily_means(GENERATION, START, START + 4 * HOUR) == {
        ("2024-01-01", "generation", "power_mw", "SE"): 2.0
    }
    assert new.source_sums(GENERATION, START, START + 4 * HOUR) == {
        ("generation", "power_mw", None): 8.0
    }


def test_deleting_ends_before_the_end(stage: Stage) -> None:
    new = stage.parts.new
    new.write(GENERATION, lines(5))
    new.delete(GENERATION, START + HOUR, START + 3 * HOUR)
    assert new.counts(GENERATION, START, START + HOUR) == {SERIES: 1}
    assert new.counts(GENERATION, START + HOUR, START + 5 * HOUR) == {SERIES: 2}


def test_deleting_takes_the_last_instant_before_the_end(stage: Stage) -> None:
    new = stage.parts.new
    last = MICROS + 3 * 3_600_000_000 - 1
    new.write(GENERATION, [*lines(5), f"{HEAD} power_mw=7 {last}"])
    new.delete(GENERATION, START, START + 3 * HOUR)
    assert new.counts(GENERATION, START, START + 5 * HOUR) == {SERIES: 2}


def test_the_refused_of_a_batch_are_found(stage: Stage) -> None:
    new = stage.parts.new
    new.write(GENERATION, [f'{HEAD},quality_flag=x power_mw="text" {MICROS}'])
    batch = lines(20)
    batch[7] = batch[7].replace("power_mw", "demand_mw")
    refused = dict(new.write(GENERATION, batch))
    assert sorted(refused) == [n for n in range(20) if n != 7]
    assert set(refused.values()) == {"field type conflict"}
    assert sum(new.counts(GENERATION, START, START + 30 * HOUR).values()) == 2


def test_the_floor_is_within_the_retention(stage_of: Callable[..., Stage]) -> None:
    assert stage_of().parts.new.floor(GENERATION, NOW) is None
    floor = stage_of(endless=False).parts.new.floor(GENERATION, NOW)
    assert floor is not None
    edge = NOW - timedelta(days=365 * 7)
    assert timedelta(hours=1) <= floor - edge <= timedelta(hours=2)
    assert floor.minute == 0


def test_an_unprepared_store_says_so(stage: Stage) -> None:
    client = InfluxClient(stage.influx.url, stage.tokens.write, stage.org)
    with pytest.raises(NotFound, match="has it been set up"):
        NewStore(client).floor("weather_data", NOW)
