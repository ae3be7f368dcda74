"""What a survey finds, against plain Python over the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.timeseries.loading import survey as surveys
from ons_platform.timeseries.loading.source import LakeRows
from ons_platform.timeseries.loading.span import span_of
from ons_platform.timeseries.loading.survey import (
    DUPLICATE,
    NOT_FINITE,
    UNSPEAKABLE,
    Survey,
    survey,
)
from ons_platform.timeseries.points import point_model
from stored import JANUARY, START, lake_table

DATASET = catalog()["carga-energia-verificada"]
MODEL = point_model(DATASET)
TYPES = [measure.measurement_type for measure in DATASET.measures[:2]]
UNITS = {measure.measurement_type: measure.unit for measure in DATASET.measures}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "timestamp": st.integers(0, 30).map(lambda hour: START + timedelta(hours=hour)),
            "region": st.sampled_from([None, "", "SE", "NE", "a\nb", "x\\"]),
            "measurement_type": st.sampled_from(TYPES),
            "value": st.sampled_from([None, 0.5, -3.25, 1e9, math.nan, math.inf]),
        }
    ),
    min_size=1,
    max_size=40,
)


def surveyed(folder: Path, rows: Sequence[dict[str, Any]], cutoff: datetime | None) -> Survey:
    """By the survey, a few rows at a time."""
    assert MODEL is not None
    told = [{**row, "unit": UNITS[row["measurement_type"]]} for row in rows]
    file = folder / "rows.parquet"
    pq.write_table(lake_table(DATASET, told), file, row_group_size=10)
    span = span_of(JANUARY)
    assert span is not None
    with LakeRows(file, DATASET, MODEL) as source:
        found = survey(source, MODEL, span, cutoff)
        parts = list(found.parts(source))
    for part in parts:
        heads = [found.index.heads[number] for number in part.numbers.to_pylist()]
        assert [_region(head) for head in heads] == [
            told[part.row(n)]["region"] or None for n in range(part.table.num_rows)
        ]
    sent = [part.row(n) for part in parts for n in range(part.table.num_rows)]
    assert len(sent) == len(set(sent)) == found.points
    assert not set(sent) & found.refused.keys()
    return found


def _region(head: str) -> str | None:
    """The region a line's beginning names."""
    tags = dict(item.split("=", 1) for item in head.rpartition(" ")[0].split(",")[1:])
    return tags.get("region")


def expected(
    rows: Sequence[dict[str, Any]], cutoff: datetime | None
) -> tuple[dict[str, list[tuple[datetime, float]]], dict[int, str]]:
    """Points by field, and refused rows, one row after the other."""
    assert MODEL is not None
    fields: dict[str, list[tuple[datetime, float]]] = {}
    refused, seen = {}, set()
    for number, row in enumerate(rows):
        region, value = row["region"] or None, row["value"]
        name = MODEL.fields[row["measurement_type"]] + ("_missing" if value is None else "")
        unspeakable = region in ("a\nb", "x\\")
        key = (row["timestamp"], "bad" if unspeakable else region, name)
        if value is not None and not math.isfinite(value):
            refused[number] = NOT_FINITE
        elif unspeakable:
            refused[number] = UNSPEAKABLE
        elif key in seen:
            refused[number] = DUPLICATE
        elif cutoff is None or row["timestamp"] >= cutoff:
            fields.setdefault(name, []).append((row["timestamp"], 1.0 if value is None else value))
        seen.add(key)
    return fields, refused


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(rows=ROWS, at_once=st.sampled_from([3, 1000]), hour=st.none() | st.integers(0, 30))
def test_any_rows_are_counted_as_plain_python_does(
    tmp_path: Path, rows: list[dict[str, Any]], at_once: int, hour: int | None
) -> None:
    cutoff = None if hour is None else START + timedelta(hours=hour)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surveys, "_KEYS_AT_ONCE", at_once)
        patch.setattr("ons_platform.timeseries.loading.source.ROWS_AT_ONCE", 7)
        found = surveyed(tmp_path, rows, cutoff)
    fields, refused = expected(rows, cutoff)
    assert found.refused == refused
    assert found.fields.keys() == fields.keys()
    for name, points in fields.items():
        tally = found.fields[name]
        values = [value for _, value in points]
        assert tally.count == len(points)
        assert tally.total == pytest.approx(math.fsum(values))
        assert tally.magnitude == pytest.approx(math.fsum(map(abs, values)))
        assert (tally.first, tally.last) == (min(points)[0], max(points)[0])
    assert found.rows == len(rows)
    assert found.older == len(rows) - found.points - len(refused)


def test_a_month_is_checked_to_be_one(tmp_path: Path) -> None:
    row = {"region": "SE", "measurement_type": TYPES[0], "value": 1.0}
    with pytest.raises(surveys.RejectedPoints, match="outside of its month"):
        surveyed(tmp_path, [{**row, "timestamp": datetime(2023, 2, 1, 3, tzinfo=UTC)}], None)
