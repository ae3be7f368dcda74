from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migrating import GENERATION, NOW, Stage, hours
from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.migration import moving
from ons_platform.timeseries.migration.chunks import Chunk, Size
from ons_platform.timeseries.migration.journal import State
from ons_platform.timeseries.migration.oldsql import TABLES
from timestream import multi

pytestmark = pytest.mark.influxdb
CONSUMPTION = "consumption_data"


def planned(stage: Stage, size: Size = Size.MONTH) -> list[Chunk]:
    return moving.chunks(stage.parts, TABLES, None, None, size)


def test_without_a_range_it_is_all_there_is(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-04-20", 24))
    stage.old.add(CONSUMPTION, hours("2024-05-30", 24, kind="load"))
    assert [(c.table, c.name) for c in planned(stage)] == [
        (GENERATION, "20240420T000000Z_20240501T000000Z"),
        (GENERATION, "20240501T000000Z_20240601T000000Z"),
        (CONSUMPTION, "20240530T000000Z_20240601T000000Z"),
    ]


def test_a_run_does_each_chunk_once(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-04-20", 24 * 20))
    first = moving.run(stage.parts, planned(stage))
    assert [entry.state for entry in first.done] == [State.WRITTEN] * 2
    assert moving.run(stage.parts, planned(stage, Size.DAY)).done == first.done
    assert len(stage.watch.entries) == 2
    again = moving.run(stage.parts, planned(stage), again=True)
    assert [entry.attempts for entry in again.done] == [2, 2]


def test_what_the_time_does_not_reach_remains(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-04-20", 24 * 20))
    ends = iter([False, False, True])
    wanted = planned(stage, Size.DAY)
    outcome = moving.run(replace(stage.parts, late=lambda: next(ends)), wanted)
    assert [entry.chunk for entry in outcome.done] == wanted[:1]
    assert outcome.remaining == wanted[1:]


def test_a_sync_takes_up_new_days_and_late_rows(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-05-30", 48))
    moving.run(stage.parts, planned(stage))
    stage.old.add(GENERATION, hours("2024-06-01", 12))
    stage.old.add(GENERATION, [multi("2024-05-31 23:30:00", "generation", "N", 1.0)])
    outcome = moving.sync(stage.parts, [GENERATION])
    assert stage.count() == 96 + 24 + 1
    assert [entry.chunk.end for entry in outcome.done] == [
        datetime(2024, 6, 1, tzinfo=UTC),
        datetime(2024, 6, 2, tzinfo=UTC),
    ]


def test_a_settled_chunk_is_not_read_again(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-05-30", 48))
    moving.run(stage.parts, planned(stage))
    later = NOW + timedelta(days=2)
    first = moving.sync(stage.at(later), [GENERATION]).done
    assert [entry.chunk.start.day for entry in first] == [30, 1, 2, 3]
    second = moving.sync(stage.at(later), [GENERATION]).done
    assert [entry.chunk.start.day for entry in second] == [2, 3]


def test_a_sync_begins_what_no_run_began(stage: Stage) -> None:
    """A table that was empty when the run was made."""
    assert moving.sync(stage.parts, [GENERATION]).done == []
    stage.old.add(GENERATION, hours("2024-05-31", 36))
    assert [entry.rows for entry in moving.sync(stage.parts, [GENERATION]).done] == [48, 24]
    assert stage.count() == 72


def test_a_rollback_takes_exactly_what_was_written(stage: Stage) -> None:
    """Chunk ends belong to the next one; other datasets and tables stay."""
    others = [
        b"generation_data,dataset=geracao-usina-2,region=SE power_mw=1 1714521600000000",
        b"generation_data,region=SE power_mw=1 1714521600000000",
    ]
    stage.client.write(GENERATION, b"\n".join(others))
    stage.old.add(GENERATION, hours("2024-04-20", 24 * 20))
    stage.old.add(CONSUMPTION, hours("2024-04-20", 24, kind="load"))
    moving.run(stage.parts, planned(stage))
    before = stage.count()
    [april, may] = [c for c in planned(stage) if c.table == GENERATION]
    in_may = stage.parts.journal.get(may).points
    moving.rollback(stage.parts, [april])
    assert stage.count() == in_may == before - stage_points(stage, april)
    assert stage.count('not exists r.dataset or r.dataset != "legacy"') == 2
    assert stage.count(table=CONSUMPTION) == 48
    assert stage.parts.journal.get(april).state is State.ROLLED_BACK
    assert [entry.chunk for entry in moving.run(stage.parts, [april, may]).done] == [april, may]
    assert stage.count() == before


def stage_points(stage: Stage, chunk: Chunk) -> int:
    """What the first run wrote of a chunk."""
    return next(entry.points for entry in stage.watch.entries if entry.chunk == chunk)


def test_a_rolled_back_chunk_is_not_taken_up_by_a_sync(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-05-31", 24))
    moving.run(stage.parts, planned(stage))
    moving.rollback(stage.parts, planned(stage))
    with pytest.raises(InvalidRequest, match="is rolled back"):
        moving.sync(stage.parts, [GENERATION])


def test_a_preview_writes_nothing(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-05-30", 24))
    stage.old.add(GENERATION, [multi("2024-05-30 00:00:00", "generation", "atlantis", 1.0)])
    [found] = moving.preview(stage.parts, planned(stage))
    assert (found["rows"], found["points"], found["refused"]) == (49, 48, {"unknown_region": 1})
    assert found["lines"][0].startswith("generation_data,dataset=legacy,")
    assert found["refusals"][0]["reason"] == "unknown_region"
    assert stage.count() == 0
    assert stage.parts.journal.all() == []


def test_what_was_begun_is_known_without_the_old_store(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-04-20", 24 * 20))
    moving.run(stage.parts, planned(stage))
    asked = len(stage.old.queries)
    assert len(moving.begun(stage.parts, TABLES, None, None)) == 2
    assert len(moving.begun(stage.parts, TABLES, datetime(2024, 5, 9, tzinfo=UTC), None)) == 1
    assert moving.begun(stage.parts, [CONSUMPTION], None, None) == []
    assert len(stage.old.queries) == asked
