from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migrating import GENERATION, Stage, hours
from ons_platform.errors import RejectedPoints, StoreUnavailable
from ons_platform.timeseries.migration import copying
from ons_platform.timeseries.migration.chunks import Chunk
from ons_platform.timeseries.migration.copying import OutOfTime, copy
from ons_platform.timeseries.migration.journal import State
from timestream import METERED, Fault, multi

pytestmark = pytest.mark.influxdb
JANUARY = Chunk(GENERATION, datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))


def test_a_chunk_is_copied_whole_and_told(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-01-01", 24 * 31, regions=("southeast", "S", "NE")))
    stage.old.add(GENERATION, hours("2024-02-01", 1))
    entry = copy(stage.parts, JANUARY)
    assert (entry.state, entry.rows, entry.points) == (State.WRITTEN, 2232, 2232)
    assert (entry.first, entry.last) == ("2024-01-01T00:00:00+00:00", "2024-01-31T23:00:00+00:00")
    assert stage.count() == 2232 == stage.watch.points
    assert entry.cost["bytes_metered"] == 2 * METERED
    assert stage.parts.journal.get(JANUARY) == entry
    assert all(query.startswith(("SELECT", "DESCRIBE")) for query in stage.old.queries)


def test_copying_twice_changes_nothing(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-01-01"))
    first = copy(stage.parts, JANUARY)
    second = copy(stage.parts, JANUARY)
    assert second.fingerprint == first.fingerprint
    assert second.attempts == 2
    assert stage.count() == 48


def test_what_cannot_be_a_point_is_in_quarantine_with_its_reason(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-01-01"))
    odd = [
        multi("2024-01-02 00:00:00", "generation", "atlantis", 1.0),
        multi("2024-01-02 01:00:00", "generation", "SE", float("nan")),
        multi("2024-01-02 02:00:00", "generation", "SE", None),
        multi("2024-01-02 03:00:00", "generation", "SE", 5.0),
        multi("2024-01-02 03:00:00", "generation", "sudeste", 5.0),
        multi("2024-01-02 03:00:00", "generation", "southeast", 6.0),
    ]
    stage.old.add(GENERATION, odd)
    entry = copy(stage.parts, JANUARY)
    assert (entry.rows, entry.points, entry.missing) == (54, 50, 1)
    assert entry.duplicates == 1
    assert entry.refused == {"unknown_region": 1, "not_finite": 1, "conflict": 1}
    kept = stage.parts.journal.quarantined(JANUARY)
    assert [line["reason"] for line in kept] == ["unknown_region", "not_finite", "conflict"]
    assert kept[0]["row"]["region"] == "atlantis"
    assert kept[1]["row"]["value"] == "nan"
    assert json.dumps(kept, allow_nan=False)


def test_a_mended_chunk_has_no_quarantine(stage: Stage) -> None:
    stage.old.add(GENERATION, [multi("2024-01-02 00:00:00", "generation", "atlantis", 1.0)])
    copy(stage.parts, JANUARY)
    stage.old.execute("UPDATE ons_energy_data.generation_data SET region = 'N'")
    assert copy(stage.parts, JANUARY).refused == {}
    assert stage.parts.journal.quarantined(JANUARY) == []


def test_what_the_old_store_changed_or_lost_is_not_left_behind(stage: Stage) -> None:
    """A flag is a tag: a row with another one is another series, and the old point must go."""
    stage.old.add(GENERATION, hours("2024-01-01"))
    copy(stage.parts, JANUARY)
    table = "ons_energy_data.generation_data"
    stage.old.execute(f"UPDATE {table} SET quality_flag = 'suspect' WHERE value < 102")
    stage.old.execute(f"DELETE FROM {table} WHERE value > 122")
    entry = copy(stage.parts, JANUARY)
    assert stage.count() == entry.points < 48
    assert stage.count('r.dataset == "legacy" and r.quality_flag == "suspect"') == 4


def test_other_points_stay_when_a_chunk_is_written_anew(stage: Stage) -> None:
    lines = b"generation_data,dataset=geracao-usina-2,region=SE power_mw=1 1704067200000000"
    stage.client.write(GENERATION, lines)
    stage.old.add(GENERATION, hours("2024-01-01"))
    copy(stage.parts, JANUARY)
    stage.old.execute("UPDATE ons_energy_data.generation_data SET quality_flag = 'suspect'")
    copy(stage.parts, JANUARY)
    assert stage.count('r.dataset == "geracao-usina-2"') == 1


def test_throttling_is_sat_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.old.add(GENERATION, hours("2024-01-01"))
    policy = stage.parts.old._policy
    monkeypatch.setattr(stage.parts.old, "_policy", replace(policy, sleep=lambda _: None))
    stage.old.faults += [Fault("ThrottlingException"), Fault("InternalServerException", 500)]
    assert copy(stage.parts, JANUARY).points == 48


def test_rows_past_the_retention_are_not_sent(stage_of: Callable[..., Stage]) -> None:
    now = datetime.now(UTC)
    stage = stage_of(now, endless=False)
    edge = (now - timedelta(days=365 * 7)).replace(hour=0, minute=0, second=0, microsecond=0)
    stage.old.add(GENERATION, hours(f"{edge - timedelta(days=1):%Y-%m-%d}", 72, regions=("SE",)))
    chunk = Chunk(GENERATION, edge - timedelta(days=1), edge + timedelta(days=2))
    entry = copy(stage.parts, chunk)
    floor = datetime.fromisoformat(entry.floor)
    assert chunk.start < floor < chunk.end
    assert entry.points == (chunk.end - floor) / timedelta(hours=1)
    assert entry.refused == {}
    wholly_old = Chunk(GENERATION, edge - timedelta(days=9), edge - timedelta(days=8))
    assert copy(stage.parts, wholly_old).rows == 0


def test_points_the_store_refuses_are_found_and_kept(stage: Stage) -> None:
    """The field was written as text by somebody: such points cannot be taken."""
    stage.client.write(GENERATION, b'generation_data,dataset=x power_mw="text" 1704067200000000')
    stage.old.add(GENERATION, hours("2024-01-01", regions=("SE",)))
    stage.old.add(
        GENERATION, hours("2024-01-01", regions=("SE",), kind="efficiency", unit="p.u.", base=101.0)
    )
    entry = copy(stage.parts, JANUARY)
    assert entry.refused == {"rejected": 24, "out_of_range": 24}
    stage.old.execute("UPDATE ons_energy_data.generation_data SET value = 0.5")
    assert copy(stage.parts, JANUARY).points == 24
    kept = stage.parts.journal.quarantined(JANUARY)
    assert {line["detail"] for line in kept} == {"field type conflict"}


def test_too_many_refusals_are_an_error(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "MOST_REJECTED", 10)
    stage.client.write(GENERATION, b'generation_data,dataset=x power_mw="text" 1704067200000000')
    stage.old.add(GENERATION, hours("2024-01-01", regions=("SE",)))
    with pytest.raises(RejectedPoints, match="refuses more than 10"):
        copy(stage.parts, JANUARY)
    assert stage.parts.journal.get(JANUARY).state is State.WRITING


def test_out_of_time_a_chunk_is_begun_again(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-01-01", 24 * 30, regions=("SE", "S", "N")))
    looks = iter([False, True])
    with pytest.raises(OutOfTime):
        copy(replace(stage.parts, late=lambda: next(looks)), JANUARY)
    assert stage.parts.journal.get(JANUARY).state is State.WRITING
    assert stage.count() == 1000
    assert copy(stage.parts, JANUARY).points == 2160 == stage.count()


def test_what_is_not_there_after_writing_is_an_error(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.old.add(GENERATION, hours("2024-01-01"))
    monkeypatch.setattr(type(stage.parts.new), "write", lambda *_: [])
    with pytest.raises(StoreUnavailable, match="less is there"):
        copy(stage.parts, JANUARY)


def test_what_somebody_else_writes_there_is_an_error(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.old.add(GENERATION, hours("2024-01-01"))
    stage.client.write(GENERATION, b"generation_data,dataset=legacy x=1 1704067200000000")
    monkeypatch.setattr(type(stage.parts.new), "delete", lambda *_: None)
    with pytest.raises(StoreUnavailable, match="somebody else"):
        copy(stage.parts, JANUARY)
