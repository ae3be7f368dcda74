"""Partitions of the lake in the real store: there is what the lake file says, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from influx import Influx
from ons_platform.errors import InvalidRequest, RejectedPoints
from ons_platform.timeseries.held import State
from ons_platform.timeseries.loading import bring
from ons_platform.timeseries.loading.cardinality import TooManySeries, cardinality
from ons_platform.timeseries.loading.readback import VerificationFailed
from ons_platform.timeseries.loading.survey import DUPLICATE, NOT_FINITE, UNSPEAKABLE
from stored import FEBRUARY, JANUARY, START, Stored, hours, lake_table, own

pytestmark = pytest.mark.influxdb
Make = Callable[..., Stored]


@pytest.fixture
def make(tmp_path: Path, influx_server: Influx) -> Iterator[Make]:
    """A dataset of the test's own before the shared server."""
    made: list[Stored] = []

    def build(slug: str = "curva-carga", influx: Influx = influx_server) -> Stored:
        made.append(Stored(tmp_path / str(len(made)), influx, own(slug)))
        return made[-1]

    yield build
    for item in made:
        item.close()


def quarantined(stored: Stored) -> list[dict[str, Any]]:
    texts = [stored.failed.get_bytes(info.path).decode() for info in stored.failed.list()]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_a_partition_is_loaded_read_back_and_recorded(make: Make) -> None:
    here = make()
    rows = [
        *hours(0, 300),
        *hours(0, 300, 5.0, "NE"),
        *hours(5, 9, 1e-7, "S", quality_flag="suspect"),
    ]
    etag = here.put(rows)
    loaded = here.loader().load(here.slug, JANUARY)
    assert loaded.changed
    assert here.points() == here.expected(rows)
    record = here.loader().held.get(here.slug).partitions[JANUARY]
    assert record == loaded.record
    assert (record.etag, record.state, record.error) == (etag, State.HELD, None)
    assert (record.rows, record.points, record.series) == (604, 604, 3)
    assert (record.rejected, record.older, record.since) == (0, 0, None)


def test_the_same_file_again_writes_nothing(make: Make) -> None:
    here = make()
    here.put(hours(0, 30))
    loader = here.loader()
    first = loader.load(here.slug, JANUARY)
    again = loader.load(here.slug, JANUARY)
    assert (again.changed, again.record) == (False, first.record)


def test_a_new_file_replaces_all_of_the_old_one_and_nothing_else(make: Make) -> None:
    here, other = make(), make()
    march = "dataset=consumption/year=2023/month=03"
    last = {"timestamp": START + timedelta(days=31, microseconds=-1), "region": "SE", "value": 8.0}
    edges = [*hours(0, 1), *hours(743, 744), last]
    february = [*hours(744, 800)]
    loader = here.loader()
    for stored in (here, other):
        stored.put(edges)
        stored.put(february, FEBRUARY)
        stored.put([], march)
        for name in (JANUARY, FEBRUARY, march):
            stored.loader().load(stored.slug, name)
    changed = [*hours(1, 5), *hours(743, 744, 7.0)]
    here.put(changed)
    loader.load(here.slug, JANUARY)
    assert here.points() == here.expected([*changed, *february])
    assert other.points() == other.expected([*edges, *february])


def test_a_partition_the_lake_has_no_more_leaves_the_store(make: Make) -> None:
    here = make()
    here.put(hours(0, 30))
    here.put(hours(744, 750), FEBRUARY)
    loader = here.loader()
    for name in (JANUARY, FEBRUARY):
        loader.load(here.slug, name)
    here.processed.delete(f"{JANUARY}/{here.slug}.parquet")
    assert loader.load(here.slug, JANUARY).record is None
    assert here.points() == here.expected(hours(744, 750))
    assert list(loader.held.get(here.slug).partitions) == [FEBRUARY]
    assert not list(here.processed.list(f"_timeseries_files/{here.slug}/{JANUARY}/"))


def test_points_nobody_recorded_do_not_survive_a_load(make: Make) -> None:
    """The processed zone was lost, the store was not."""
    here = make()
    here.put(hours(0, 30))
    here.loader().load(here.slug, JANUARY)
    here.processed.delete(f"_timeseries/{here.slug}.json")
    here.put(hours(10, 12))
    here.loader().load(here.slug, JANUARY)
    assert here.points() == here.expected(hours(10, 12))


def test_a_load_is_taken_back_to_exactly_what_was_there(make: Make) -> None:
    here = make()
    old, new = hours(0, 30), [*hours(5, 40, 3.0), *hours(0, 2, region="NE")]
    loader = here.loader()
    old_etag = here.put(old)
    loader.load(here.slug, JANUARY)
    new_etag = here.put(new)
    second = loader.load(here.slug, JANUARY)
    assert second.record is not None
    back = loader.roll_back(here.slug, second.record.load_id)
    assert here.points() == here.expected(old)
    assert back.record is not None
    assert (back.record.etag, back.record.refused_etag) == (old_etag, new_etag)
    assert back.record.previous is None
    loader.roll_back(here.slug, JANUARY)
    assert here.points() == set()
    record = loader.held.get(here.slug).partitions[JANUARY]
    assert (record.state, record.refused_etag) == (State.NOTHING, old_etag)
    with pytest.raises(InvalidRequest, match="no load is held"):
        loader.roll_back(here.slug, JANUARY)
    assert loader.load(here.slug, JANUARY).changed
    assert here.points() == here.expected(new)


def test_only_two_copies_of_lake_files_are_kept(make: Make) -> None:
    here = make()
    for number in range(4):
        here.put(hours(0, 10 + number))
        here.loader().load(here.slug, JANUARY)
    assert len(list(here.processed.list("_timeseries_files/"))) == 2


def test_rows_that_are_no_points_are_told_and_the_rest_is_loaded(make: Make) -> None:
    here = make("curva-carga")
    rows = [
        *hours(0, 4),
        *hours(0, 1, 7.0),
        *hours(4, 5, float("nan")),
        *hours(5, 6, region="a\nb"),
        *hours(7, 8, region="SE\\"),
    ]
    here.put(rows)
    record = here.loader().load(here.slug, JANUARY).record
    assert record is not None
    assert here.points() == here.expected(rows[:4])
    assert (record.state, record.points, record.rejected) == (State.PARTIAL, 4, 4)
    assert record.duplicates == 1
    told = quarantined(here)
    assert [(item["row"], item["reason"]) for item in told] == [
        (4, DUPLICATE),
        (5, NOT_FINITE),
        (6, UNSPEAKABLE),
        (7, UNSPEAKABLE),
    ]
    assert told[0]["value"] == 7.0
    assert told[0]["timestamp"] == START.isoformat()
    assert told[2]["tags"]["region"] == "a\nb"
    assert here.loader().compare(here.slug, JANUARY) == []


def test_a_line_the_server_refuses_does_not_take_others_with_it(make: Make) -> None:
    """A key of over 65,535 bytes is no series."""
    here = make()
    rows = [*hours(0, 40), *hours(10, 11, region="x" * 70_000), *hours(40, 60)]
    here.put(rows)
    loader = here.loader(influxdb_batch_points=16)
    record = loader.load(here.slug, JANUARY).record
    assert record is not None
    assert here.points() == here.expected([*rows[:40], *rows[41:]])
    assert (record.state, record.rejected, record.points) == (State.PARTIAL, 1, 60)
    [told] = quarantined(here)
    assert told["row"] == 40
    assert "max key length" in told["reason"]
    assert loader.compare(here.slug, JANUARY) == []


def test_a_store_that_refuses_everything_is_left_as_it_was(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ons_platform.timeseries.loading.write.MAX_REJECTED", 3)
    here = make()
    loader = here.loader(influxdb_batch_points=2)
    old = hours(0, 20)
    here.put(old)
    loader.load(here.slug, JANUARY)
    etag = here.put([*hours(0, 9, 1.0), *hours(10, 17, region="x" * 70_000)])
    with pytest.raises(RejectedPoints, match="refuses over 3 rows"):
        loader.load(here.slug, JANUARY)
    assert here.points() == here.expected(old)
    record = loader.held.get(here.slug).partitions[JANUARY]
    assert (record.state, record.refused_etag) == (State.HELD, etag)
    assert record.error is not None
    assert record.error["error"] == "RejectedPoints"


def test_what_reads_back_otherwise_is_taken_back(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = make()
    loader = here.loader()
    old = hours(0, 20)
    here.put(old)
    loader.load(here.slug, JANUARY)
    here.put(hours(3, 30, 9.0))
    whole = bring.Bringer._send
    spoiled = []

    def lossy(self: Any, source: Any, found: Any, aim: Any) -> None:
        whole(self, source, found, aim)
        if not spoiled:
            spoiled.append(True)
            here.client.delete(
                "consumption_data", START, START + timedelta(hours=5), f'dataset="{here.slug}"'
            )

    monkeypatch.setattr(bring.Bringer, "_send", lossy)
    with pytest.raises(VerificationFailed) as failed:
        loader.load(here.slug, JANUARY)
    wrong = {item["what"]: item for item in failed.value.where["differences"]}
    assert {"count", "total", "first"} <= wrong.keys()
    assert wrong["count"]["field"] == "demand_mw"
    assert wrong["count"]["expected"] == 23
    assert wrong["count"]["found"] < 23
    assert here.points() == here.expected(old)


def test_a_first_load_that_fails_leaves_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = make()
    etag = here.put(hours(0, 20))
    monkeypatch.setattr(bring.Bringer, "_differences", lambda *_: [{"field": "f", "what": "count"}])
    with pytest.raises(VerificationFailed):
        here.loader().load(here.slug, JANUARY)
    assert here.points() == set()
    record = here.loader().held.get(here.slug).partitions[JANUARY]
    assert (record.state, record.refused_etag) == (State.NOTHING, etag)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "MWh"}, "is in 'MWh', should be in 'MWmed'"),
        ({"measurement_type": "mass"}, "measurement type 'mass' is not in the catalogue"),
        ({"timestamp": START - timedelta(hours=1)}, "outside of its month"),
    ],
)
def test_a_file_that_does_not_fit_the_catalogue_is_not_written(
    make: Make, change: dict[str, Any], message: str
) -> None:
    here = make()
    old = hours(0, 5)
    here.put(old)
    loader = here.loader()
    loader.load(here.slug, JANUARY)
    here.put([{**row, **change} if number == 3 else row for number, row in enumerate(hours(0, 9))])
    with pytest.raises(RejectedPoints, match=message):
        loader.load(here.slug, JANUARY)
    assert here.points() == here.expected(old)


@pytest.mark.parametrize("column", ["timestamp", "value", "unit"])
def test_a_file_without_a_column_or_with_another_type_is_not_written(
    make: Make, column: str
) -> None:
    here = make()
    table = lake_table(here.dataset, hours(0, 5))
    place = table.column_names.index(column)
    here.put_table(table.set_column(place, column, [[1] * 5]))
    with pytest.raises(RejectedPoints, match=f"column {column} is int64"):
        here.loader().load(here.slug, JANUARY)
    assert here.points() == set()


def test_a_load_of_too_many_series_is_refused_before_it_is_written(make: Make) -> None:
    here = make()
    here.put([row for number in range(20) for row in hours(0, 1, region=f"R{number}")])
    loader = here.loader(influxdb_max_series=10)
    with pytest.raises(TooManySeries) as refused:
        loader.load(here.slug, JANUARY)
    assert refused.value.where["limit"] == 10
    assert refused.value.where["series"] >= 20
    assert here.points() == set()


def test_series_that_are_there_already_are_not_counted_twice(
    make: Make, influx_server: Influx
) -> None:
    here = make()
    regions = [row for number in range(20) for row in hours(0, 1, region=f"R{number}")]
    here.put(regions)
    here.loader().load(here.slug, JANUARY)
    there = cardinality(here.client, "consumption_data")
    here.put([{**row, "timestamp": START + timedelta(days=31)} for row in regions], FEBRUARY)
    assert here.loader(influxdb_max_series=there).load(here.slug, FEBRUARY).changed


def test_points_beyond_the_retention_are_not_sent_and_no_error(make: Make) -> None:
    """A bucket keeps seven years: of the month on the edge the later part is loaded."""
    here = make()
    edge = datetime.now(UTC) - timedelta(days=7 * 365)
    name = f"dataset=consumption/year={edge.year}/month={edge.month:02d}"
    first = datetime(edge.year, edge.month, 1, 3, tzinfo=UTC)
    begin = first if edge.day > 2 else edge - timedelta(days=1)
    rows = [
        {"timestamp": begin + timedelta(hours=hour), "region": "SE", "value": float(hour)}
        for hour in range(24)
    ]
    late = [{"timestamp": edge + timedelta(hours=6), "region": "SE", "value": 5.0}]
    here.put([*rows, *late], name)
    ancient = "dataset=consumption/year=2001/month=05"
    here.put(
        [{"timestamp": datetime(2001, 5, 9, tzinfo=UTC), "region": "S", "value": 1.0}], ancient
    )
    loader = here.loader()
    record = loader.load(here.slug, name).record
    assert record is not None
    assert (record.state, record.points, record.older) == (State.HELD, 1, 24)
    assert record.since is not None
    assert abs(datetime.fromisoformat(record.since) - edge) < timedelta(hours=2)
    assert {point[1:4] for point in here.points()} == {(late[0]["timestamp"], 5.0, "SE")}
    outside = loader.load(here.slug, ancient).record
    assert outside is not None
    assert outside.state is State.OUTSIDE
    assert not loader.load(here.slug, ancient).changed


def test_without_end_everything_is_loaded(make: Make, endless_influx: Influx) -> None:
    here = make(influx=endless_influx)
    ancient = "dataset=consumption/year=2001/month=05"
    rows = [{"timestamp": datetime(2001, 5, 9, tzinfo=UTC), "region": "S", "value": 1.0}]
    here.put(rows, ancient)
    record = here.loader().load(here.slug, ancient).record
    assert record is not None
    assert (record.state, record.since) == (State.HELD, None)
    assert here.points() == here.expected(rows)


def test_a_longer_retention_makes_room_for_what_was_left_out(
    make: Make, influx_server: Influx, endless_influx: Influx
) -> None:
    """The same folder before a server that keeps more; its bucket is another one, too."""
    here = make()
    ancient = "dataset=consumption/year=2001/month=05"
    rows = [{"timestamp": datetime(2001, 5, 9, tzinfo=UTC), "region": "S", "value": 1.0}]
    here.put(rows, ancient)
    here.loader().load(here.slug, ancient)
    there = Stored(here.folder, endless_influx, here.dataset)
    loaded = there.loader().load(here.slug, ancient)
    assert loaded.record is not None
    assert (loaded.changed, loaded.record.state) == (True, State.HELD)
    assert there.points() == there.expected(rows)
    there.close()


def test_what_a_held_partition_lost_is_found(make: Make) -> None:
    here = make()
    here.put(hours(0, 20))
    loader = here.loader()
    loader.load(here.slug, JANUARY)
    assert loader.compare(here.slug, JANUARY) == []
    here.client.delete(
        "consumption_data", START, START + timedelta(hours=1), f'dataset="{here.slug}"'
    )
    assert {item["what"] for item in loader.compare(here.slug, JANUARY)} == {
        "count",
        "total",
        "first",
    }
