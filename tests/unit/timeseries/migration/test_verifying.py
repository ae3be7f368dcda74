from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migrating import GENERATION, Stage, hours
from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.migration.chunks import Chunk
from ons_platform.timeseries.migration.copying import copy
from ons_platform.timeseries.migration.journal import Entry, State
from ons_platform.timeseries.migration.verifying import verify
from timestream import multi

pytestmark = pytest.mark.influxdb
CHUNK = Chunk(GENERATION, datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 8, tzinfo=UTC))
TABLE = "ons_energy_data.generation_data"


def copied(stage: Stage) -> Entry:
    stage.old.add(GENERATION, hours("2024-01-01", 24 * 7, regions=("southeast", "S", "NE")))
    stage.old.add(GENERATION, hours("2024-01-01", 24, kind="capacity", unit="MW", base=5.0))
    return copy(stage.parts, CHUNK)


def found(entry: Entry) -> set[str]:
    return {item["what"] for item in entry.verification["shown"]}


def test_equal_stores_are_verified(stage: Stage) -> None:
    copied(stage)
    entry = verify(stage.parts, CHUNK)
    assert entry.state is State.VERIFIED
    assert entry.verified_at
    assert entry.verification["differences"] == 0
    looked = {k: entry.verification[k] for k in ("series", "daily_means", "source_sums", "rows")}
    assert looked == {"series": 5, "daily_means": 23, "source_sums": 2, "rows": looked["rows"]}
    assert looked["rows"] >= 15


def test_rows_left_out_are_accounted_for(stage: Stage) -> None:
    odd = [
        multi("2024-01-02 00:30:00", "generation", "atlantis", 1.0),
        multi("2024-01-02 00:30:00", "generation", "SE", float("inf"), energy_source="hydro"),
        multi("2024-01-02 01:30:00", "generation", "SE", 1e9, energy_source="hydro"),
        multi("2024-01-02 02:30:00", "generation", "SE", None, energy_source="hydro"),
        multi("2024-01-02 03:30:00", "generation", "SE", 5.0, energy_source="hydro"),
        multi("2024-01-02 03:30:00", "generation", "sudeste", 5.0, energy_source="hydro"),
        multi("2024-01-02 03:30:00", "generation", "southeast", 6.0, energy_source="hydro"),
        multi("2024-01-02 04:30:00", "generation", "S", None, energy_source="hydro"),
        multi("2024-01-02 04:30:00", "generation", "sul", None, energy_source="hydro"),
    ]
    stage.old.add(GENERATION, odd)
    copied(stage)
    entry = verify(stage.parts, CHUNK)
    assert entry.verification["shown"] == []
    assert entry.verification["skipped"] == 7


DAMAGE = {
    "a value": ("UPDATE {table} SET value = value + 0.001 WHERE value = 100", {"sum", "lowest"}),
    "a row more": (
        "INSERT INTO {table} (time, measurement_type, value) SELECT '2024-01-03', 'load', 3",
        {"count", "sum", "lowest", "highest", "first", "last", "daily_means", "source_sums"},
    ),
    "a row less": ("DELETE FROM {table} WHERE value = 100", {"count", "first"}),
    "another flag": ("UPDATE {table} SET quality_flag = 'bad' WHERE value = 100", {"count"}),
    "another type": ("UPDATE {table} SET measurement_type = '?' WHERE value = 100", {"count"}),
    "another place": (
        "UPDATE {table} SET region = '?' WHERE value = 100",
        {"rows without a place"},
    ),
    "another instant": (
        "UPDATE {table} SET time = time + INTERVAL 1 MINUTE WHERE value = 100",
        {"first"},
    ),
    "no value": ("UPDATE {table} SET value = NULL WHERE value = 100", {"count", "sum"}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_every_kind_of_difference_is_found(stage: Stage, damage: str) -> None:
    copied(stage)
    sql, expected = DAMAGE[damage]
    stage.old.execute(sql.format(table=TABLE))
    entry = verify(stage.parts, CHUNK)
    assert entry.state is State.DIFFERENT
    assert not entry.verified_at
    assert expected <= found(entry)


def test_points_swapped_between_instants_are_found(stage: Stage) -> None:
    """Counts, sums and extremes are the same; the means of the days and the rows are not."""
    copied(stage)
    stage.old.execute(
        f"UPDATE {TABLE} SET value = CASE WHEN value = 110 THEN 150 ELSE 110 END"
        " WHERE value IN (110, 150)"
    )
    assert "daily_means" in found(verify(stage.parts, CHUNK))


def test_a_point_too_many_is_found(stage: Stage) -> None:
    copied(stage)
    line = b"generation_data,dataset=legacy,measurement_type=load demand_mw=1 1704153600000000"
    stage.client.write(GENERATION, line)
    assert {"count", "daily_means"} <= found(verify(stage.parts, CHUNK))


def test_a_mended_chunk_is_verified_again(stage: Stage) -> None:
    copied(stage)
    stage.old.execute(f"UPDATE {TABLE} SET value = 7 WHERE value = 100")
    assert verify(stage.parts, CHUNK).state is State.DIFFERENT
    copy(stage.parts, CHUNK)
    assert verify(stage.parts, CHUNK).state is State.VERIFIED


def test_an_unchanged_chunk_stays_verified_when_it_is_read_again(stage: Stage) -> None:
    copied(stage)
    verify(stage.parts, CHUNK)
    assert copy(stage.parts, CHUNK).state is State.VERIFIED
    stage.old.execute(f"UPDATE {TABLE} SET value = 7 WHERE value = 100")
    assert copy(stage.parts, CHUNK).state is State.WRITTEN


def test_what_was_not_written_cannot_be_verified(stage: Stage) -> None:
    with pytest.raises(InvalidRequest, match="run it first"):
        verify(stage.parts, CHUNK)


def test_an_empty_chunk_is_verified(stage: Stage) -> None:
    copy(stage.parts, CHUNK)
    assert verify(stage.parts, CHUNK).state is State.VERIFIED
