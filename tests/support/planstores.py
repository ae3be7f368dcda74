"""The rows of random plans in a lake and in a time-series store, and the plans run on each."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.lake.engine import LakeEngine
from ons_platform.lake.knowledge import KnowledgeBase
from ons_platform.questions.engines.flux import render_flux
from ons_platform.questions.engines.flux_whole import render_whole
from ons_platform.questions.engines.influxql import render_influxql
from ons_platform.questions.engines.notrenderable import NotRenderable
from ons_platform.questions.engines.sql import columns_read, render
from ons_platform.questions.plan import QueryPlan
from ons_platform.storage import open_storage
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.loading.encode import LineEncoder
from ons_platform.timeseries.loading.series import SeriesIndex
from ons_platform.timeseries.points import point_model

_LINES = 20_000


class PlanLake:
    """A lake of one file per dataset, and SQL plans on it."""

    def __init__(self, folder: Path, frames: dict[str, pd.DataFrame]) -> None:
        settings = Settings(
            storage_url=f"file://{folder}/{{bucket}}", ledger_url=f"sqlite:///{folder}/ledger.db"
        )
        root = folder / settings.processed_bucket
        root.mkdir(parents=True)
        for slug, frame in frames.items():
            pq.write_table(
                pa.Table.from_pandas(frame, preserve_index=False), root / f"{slug}.parquet"
            )
        storage = open_storage(settings.processed_bucket, settings)
        self.engine = LakeEngine(storage, KnowledgeBase(storage), max_rows=1_000_000)

    def rows(self, plan: QueryPlan) -> list[dict[str, Any]]:
        statement = render(plan)
        tables = {item.table: [f"{item.dataset}.parquet"] for item in (plan.dataset, *plan.also)}
        return self.engine.rows(
            statement.text, statement.parameters, tables, columns_read(plan, statement)
        )


def write(client: InfluxClient, frames: dict[str, pd.DataFrame]) -> int:
    """Put the rows in the store's buckets; returns how many points."""
    for slug, frame in frames.items():
        model = point_model(catalog()[slug])
        assert model is not None
        index = SeriesIndex(model)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        numbers = index.numbers(table)
        lines = LineEncoder(index.heads).lines(table, numbers)
        for start in range(0, len(lines), _LINES):
            client.write(model.bucket, lines.text(start, min(start + _LINES, len(lines))))
    return sum(len(frame) for frame in frames.values())


def by_influxql(client: InfluxClient, plan: QueryPlan) -> list[dict[str, Any]]:
    """The plan's rows by InfluxQL; `NotRenderable` passes through."""
    query = render_influxql(plan)
    return query.rows(client.influxql(query.text, database=query.database))


def by_proof(client: InfluxClient, plan: QueryPlan) -> list[dict[str, Any]]:
    """The plan's rows by Flux in aggregates; `NotRenderable` where it has no such query, or the
    store's own proof that nothing is missing fails."""
    query = render_whole(plan)
    rows = query.rows(client.flux(query.text)) if query is not None else None
    if rows is None:
        raise NotRenderable("not in aggregates")
    return rows


def by_flux(client: InfluxClient, plan: QueryPlan) -> list[dict[str, Any]]:
    """The plan's rows by Flux; `NotRenderable` passes through."""
    query = render_flux(plan)
    return query.rows(client.flux(query.text))


def difference(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> str | None:
    """What is first wrong; rows that read nothing are no rows."""
    found = [row for row in found if row["n"]]
    if len(expected) != len(found):
        return f"{len(expected)} rows, found {len(found)}"
    for number, (right, row) in enumerate(zip(expected, found, strict=True)):
        if right.keys() != row.keys():
            return f"columns {sorted(right)}, found {sorted(row)}"
        for name, value in right.items():
            if not _same(name, value, row[name]):
                return f"row {number}: {name} is {value!r}, found {row[name]!r}"
    return None


def _same(name: str, expected: Any, found: Any) -> bool:
    if name in {"value", "other"} and expected is not None and found is not None:
        return math.isclose(expected, found, rel_tol=1e-9, abs_tol=1e-9)
    return bool(expected == found) and (expected is None) == (found is None)
