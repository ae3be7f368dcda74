"""The rules on a whole file: the same whatever the batches and the order of rows; values stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.ingest.canonical_batch import CanonicalBatch
from ons_platform.ingest.reports.report import QualityReport
from ons_platform.ingest.rules import cells as rules_cells
from ons_platform.ingest.rules.cells import CellStore
from ons_platform.ingest.rules.file import FileRules
from ons_platform.lake.slices import SliceWriter
from ons_platform.storage import Storage

LOAD = catalog()["curva-carga"]
START = datetime(2022, 12, 25, 3, tzinfo=UTC)
DAYS = 14
REGIONS = ("N", "S")


def two_weeks() -> list[dict[str, Any]]:
    """Hourly load of two subsystems over the turn of a year, with one day doubled in one."""
    rows = []
    for hour in range(24 * DAYS):
        for base, region in enumerate(REGIONS, start=1):
            value = 1000.0 * base + 10 * (hour % 24) + hour % 7
            if region == "S" and hour // 24 == 9:
                value *= 2
            rows.append(
                {"timestamp": START + timedelta(hours=hour), "region": region, "value": value}
            )
    return rows


def batches(table: pa.Table, months: Any, order: Any, cuts: Sequence[int]) -> list[CanonicalBatch]:
    numbers = np.arange(2, table.num_rows + 2)
    edges = [0, *sorted(set(cuts)), table.num_rows]
    pieces = [order[a:b] for a, b in pairwise(edges) if a < b]
    return [
        CanonicalBatch(table.take(pa.array(piece)), months[piece], numbers[piece])
        for piece in pieces
    ]


def judged(given_batches: Sequence[CanonicalBatch], **more: Any) -> tuple[set[Any], QualityReport]:
    """Region, instant, value and flag of every row that is flagged, and the report."""
    report = QualityReport("f.csv")
    rules = FileRules(LOAD, report, **more)
    written: dict[int, list[dict[str, Any]]] = {}
    for batch in given_batches:
        seen = rules.observe(batch)
        assert seen.table.drop(["quality_flag"]).equals(batch.table.drop(["quality_flag"]))
        assert seen.months is not None
        for month, row in zip(seen.months, seen.table.to_pylist(), strict=True):
            written.setdefault(int(month), []).append(row)
    for late in rules.finish():
        for position in late.positions:
            written[late.month][position]["quality_flag"] = late.flag.value
    rows = (row for part in written.values() for row in part)
    return {
        (row["region"], row["timestamp"], row["value"], row["quality_flag"])
        for row in rows
        if row["quality_flag"] != "ok"
    }, report


@given(
    seed=st.integers(0, 2**16),
    cuts=st.lists(st.integers(1, 24 * DAYS * 2 - 1), max_size=6),
    gone=st.sets(st.integers(0, 24 * DAYS * 2 - 1), max_size=5),
    empty=st.sets(st.integers(0, 24 * DAYS * 2 - 1), max_size=5),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flags_depend_on_the_data_alone(
    lake_rows: Any, seed: int, cuts: list[int], gone: set[int], empty: set[int]
) -> None:
    rows = two_weeks()
    for index in empty:
        rows[index] |= {"value": None, "quality_flag": "missing"}
    rows = [row for index, row in enumerate(rows) if index not in gone]
    table, months = lake_rows(LOAD, rows)
    order = np.arange(len(rows))
    flags, report = judged(batches(table, months, order, []))
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    again, other = judged(batches(table, months, shuffled, [cut % len(rows) for cut in cuts]))
    assert again == flags
    assert other.completeness == report.completeness
    assert {key: f.count for key, f in other.findings.items()} == {
        key: f.count for key, f in report.findings.items()
    }
    day = START + timedelta(days=9)
    doubled = {row for row in flags if row[3] == "suspect"}
    assert {row[0] for row in doubled} == {"S"}
    assert all(day <= row[1] < day + timedelta(days=1) for row in doubled)
    hours = {24 * 9 * 2 + 2 * hour + 1 for hour in range(24)}
    assert len(doubled) == 24 - len(hours & (gone | empty))


def test_repeated_rows_are_judged_once_and_flagged_all(lake_rows: Any) -> None:
    rows = two_weeks()
    rows += rows[24 * 9 * 2 : 24 * 10 * 2]
    rows.append({**rows[5], "value": 99_999.0})
    table, months = lake_rows(LOAD, rows)
    report = QualityReport("f.csv")
    rules = FileRules(LOAD, report)
    for batch in batches(table, months, np.arange(len(rows)), [100]):
        rules.observe(batch)
    late = rules.finish()
    assert sum(len(item.positions) for item in late) == 48
    duplicate = report.findings["*", "duplicate"]
    assert duplicate.count == 49
    assert {place.value for place in duplicate.places} == {"N", "S"}


def test_late_flags_reach_the_slices(lake_rows: Any, object_version: Any, tmp_path: Path) -> None:
    rows = two_weeks()
    table, months = lake_rows(LOAD, rows)
    storage = Storage((tmp_path / "processed").as_uri())
    writer = SliceWriter(LOAD, object_version(), storage, tmp_path)
    rules = FileRules(LOAD, QualityReport("f.csv"))
    for batch in batches(table, months, np.arange(len(rows)), [50, 51, 400]):
        seen = rules.observe(batch)
        writer.write(seen.table, seen.months)
    for late in rules.finish():
        writer.flag(late.month, late.positions, late.flag)
    writer.close()
    assert writer.flagged == {"suspect": 24}
    assert writer.rows_written == len(rows)


def test_a_file_with_too_many_rows_says_which_rules_were_not_applied(lake_rows: Any) -> None:
    table, months = lake_rows(LOAD, two_weeks())
    given_batches = batches(table, months, np.arange(table.num_rows), [300])
    flags, report = judged(given_batches, store=CellStore(limit=400))
    assert flags == set()
    applied = report.rules
    assert not any(applied[rule] for rule in ("complete", "doubled", "jumps", "duplicate"))
    assert applied["range"]
    assert report.period == ("2022-12-25T00:00:00-03:00", "2023-01-07T23:00:00-03:00")


def test_the_findings_say_where(lake_rows: Any) -> None:
    rows = [row for row in two_weeks() if row["timestamp"] != START + timedelta(hours=30)]
    table, months = lake_rows(LOAD, rows)
    _, report = judged(batches(table, months, np.arange(len(rows)), []))
    gap = report.findings["din_instante", "complete"]
    assert (gap.count, gap.stretches_total) == (2, 2)
    assert gap.stretches[0] == {
        "entity": "N",
        "first": "2022-12-26T06:00:00-03:00",
        "last": "2022-12-26T06:00:00-03:00",
        "count": 1,
    }
    doubled = report.findings["val_cargaenergiahomwmed", "doubled"]
    assert doubled.count == 24
    assert doubled.places[0].instant == "2023-01-03T00:00:00-03:00"
    assert doubled.stretches == [
        {
            "entity": "S",
            "first": "2023-01-03T00:00:00-03:00",
            "last": "2023-01-03T23:00:00-03:00",
            "count": 24,
        }
    ]
    assert report.stretches[0]["flag"] == "suspect"


@pytest.mark.parametrize("rows", [[], [{"value": None, "region": "S", "timestamp": START}]])
def test_files_with_nothing_to_judge(lake_rows: Any, rows: list[dict[str, Any]]) -> None:
    table, months = lake_rows(LOAD, rows) if rows else (lake_rows(LOAD, two_weeks())[0][:0], None)
    found, report = judged([] if months is None else [CanonicalBatch(table, months, np.array([2]))])
    assert found == set()
    assert report.rules["doubled"]


def test_reference_data_pass_through() -> None:
    units = catalog()["capacidade-geracao"]
    report = QualityReport("f.csv")
    rules = FileRules(units, report)
    batch = CanonicalBatch(pa.table({"x": [1]}), None)
    assert rules.observe(batch) is batch
    assert rules.finish() == []
    assert set(report.rules) == {"range"}


def test_empty_days_and_breaks_of_method_are_told(lake_rows: Any) -> None:
    rows = two_weeks()
    for row in rows:
        if START + timedelta(days=3) <= row["timestamp"] < START + timedelta(days=5):
            row |= {"value": None, "quality_flag": "missing"}
    late = timedelta(days=120)
    moved = [{**row, "timestamp": row["timestamp"] + late} for row in rows]
    table, months = lake_rows(LOAD, moved)
    _, report = judged(batches(table, months, np.arange(len(rows)), []))
    value = "val_cargaenergiahomwmed"
    empty = report.findings[value, "empty_day"]
    assert (empty.count, empty.stretches) == (
        2, [{"entity": "*", "first": "2023-04-27", "last": "2023-04-28", "count": 2}],
    )  # fmt: skip
    missing = report.findings[value, "missing"]
    assert (missing.count, missing.stretches_total) == (2 * 24 * 2, 2)
    assert [(item["code"], item["starts"]) for item in report.warnings] == [
        ("break_inside", "2023-04-29"),
        ("break_before", "2021-03-01"),
    ]


def test_rows_flagged_by_themselves_are_told_with_their_place(lake_rows: Any) -> None:
    balance = catalog()["balanco-energia-subsistema"]
    sun = {"measurement_type": "generation", "energy_source": "solar", "region": "S"}
    rows = [{"timestamp": START + timedelta(hours=hour), "value": 1.0, **sun} for hour in range(24)]
    table, months = lake_rows(balance, rows)
    report = QualityReport("f.csv")
    rules = FileRules(balance, report)
    for batch in batches(table, months, np.arange(24), [2]):
        rules.observe(batch)
    assert rules.finish() == []
    night = report.findings["val_gersolar", "quiet"]
    assert night.count == 7
    assert [place.row for place in night.places] == [2, 3, 4, 5, 23, 24, 25]
    assert (night.places[0].value, night.stretches_total) == ("1.0", 1)
    assert report.stretches[0]["flag"] == "suspect"


def test_events_have_no_steps_to_miss(lake_rows: Any) -> None:
    events = LOAD.model_copy(update={"grain": "event"})
    table, months = lake_rows(events, two_weeks()[::7])
    report = QualityReport("f.csv")
    rules = FileRules(events, report)
    rules.observe(CanonicalBatch(table, months, np.arange(table.num_rows)))
    assert rules.finish() == []
    assert report.completeness is None
    assert "empty_day" not in report.rules


def test_values_in_doubt_are_shown_before_what_is_never_filled(lake_rows: Any) -> None:
    empty = {"value": None, "quality_flag": "missing"}
    rows = two_weeks()
    rows += [{**row, "region": "NE", **empty} for row in rows if row["region"] == "N"]
    rows[24] |= empty
    table, months = lake_rows(LOAD, rows)
    _, report = judged(batches(table, months, np.arange(len(rows)), []))
    assert [(item["flag"], item["entity"]) for item in report.stretches] == [
        ("suspect", "S"), ("missing", "N"), ("missing", "NE"),
    ]  # fmt: skip


def test_a_file_of_too_many_series_is_still_flagged_row_by_row(
    lake_rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules_cells, "MAX_SERIES", 3)
    balance = catalog()["balanco-energia-subsistema"]
    sun = {"measurement_type": "generation", "energy_source": "solar", "value": 1.0}
    rows = [{"timestamp": START, "region": f"R{number}", **sun} for number in range(10)]
    table, months = lake_rows(balance, rows)
    report = QualityReport("f.csv")
    rules = FileRules(balance, report)
    for batch in batches(table, months, np.arange(10), [5]):
        seen = rules.observe(batch)
        assert set(seen.table["quality_flag"].to_pylist()) == {"suspect"}
    assert rules.finish() == []
    assert not report.rules["doubled"]
    assert report.findings["val_gersolar", "quiet"].count == 5
    assert report.findings["*", "quiet"].count == 5
    assert {item["entity"] for item in report.stretches} == {"*", *(f"R{n}" for n in range(5))}
