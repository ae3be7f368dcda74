"""The store keeps seven years: no plan is ever answered by half of its period (LAK-9, TSD-5).

Random plans on rows on both sides of the edge of the retention, loaded as the platform loads them.
The store answers as the lake does, or leaves the plan to the lake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from influx import Influx
from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.zone import brasilia
from ons_platform.questions.engines.store import InfluxPlans
from ons_platform.questions.plan import QueryPlan
from ons_platform.timeseries.held import HeldStore
from ons_platform.timeseries.points import RETENTION_SECONDS
from oracle import answer
from plans import Things, frame, plan, regions
from planstores import PlanLake, by_flux, by_influxql, difference
from stored import Stored, lake_table, own

pytestmark = pytest.mark.influxdb
COUNT, SEED = 80, 20261122
DAYS = timedelta(days=75)
"""Of rows before and after the edge."""
THINGS = Things("curva-carga", regions("SE", "S", "NE", "N"))


@dataclass
class Edge:
    """A dataset with rows around the edge, in a lake and as much of them as fits in the store."""

    rows: dict[str, pd.DataFrame]
    stored: Stored
    lake: PlanLake
    knowledge: Knowledge
    edge: datetime

    def plan(self, number: int) -> QueryPlan:
        """A random plan about it."""
        made = plan(SEED, number, self.rows, [THINGS])
        return replace(made, dataset=self.stored.dataset)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, influx_server: Influx) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("edge")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    kept = now - timedelta(seconds=RETENTION_SECONDS)
    instants = pd.date_range(kept - DAYS, kept + DAYS, freq="1h").as_unit("us")
    stored = Stored(folder / "stored", influx_server, own(THINGS.slug))
    rows = frame(stored.dataset, THINGS, np.random.default_rng(SEED), instants)
    knowledge = _loaded(stored, rows)
    frames = {stored.slug: rows, THINGS.slug: rows}
    lake = PlanLake(folder / "lake", {stored.slug: rows})
    yield Edge(frames, stored, lake, knowledge, kept)
    lake.engine.close()
    stored.close()


def _loaded(stored: Stored, rows: pd.DataFrame) -> Knowledge:
    """Put each month in the lake, load it, and tell what the lake has."""
    local = rows["timestamp"].dt.tz_convert(brasilia())
    loader = stored.loader()
    parts = []
    for month, part in rows.groupby(local.dt.strftime("%Y-%m")):
        name = f"dataset=consumption/year={str(month)[:4]}/month={str(month)[5:]}"
        records = part.replace({np.nan: None}).to_dict("records")
        known = [{str(name): value for name, value in row.items()} for row in records]
        etag = stored.put_table(lake_table(stored.dataset, known), name)
        loader.load(stored.slug, name)
        first, last = part["timestamp"].min(), part["timestamp"].max() + timedelta(hours=1)
        parts.append({
            "name": name, "path": f"{name}/{stored.slug}.parquet", "etag": etag,
            "rows": len(part), "first": first.isoformat(), "last": last.isoformat(),
        })  # fmt: skip
    return Knowledge(
        stored.slug, {}, {}, "1", len(rows), None, None, tuple(parts), ("load",), (), (), (), (), {}
    )


def test_the_store_has_what_it_keeps_and_no_more(edge: Edge) -> None:
    held = edge.stored.loader().held.get(edge.stored.slug)
    states = Counter(str(part.state) for part in held.partitions.values())
    assert states["outside"] >= 2
    assert states["held"] >= 2
    assert sum(part.older for part in held.partitions.values()) > 1000
    inside = [at for _, at, *_ in edge.stored.points()]
    assert inside
    assert min(inside) >= edge.edge


def test_no_plan_is_answered_by_half_of_its_period(edge: Edge) -> None:
    client = edge.stored.client.patient()
    store = InfluxPlans(client, HeldStore(edge.stored.processed), lambda: datetime.now(UTC))
    asked: Counter[str] = Counter()
    for number in range(COUNT):
        made = edge.plan(number)
        right = answer(made, edge.rows)
        assert difference(right, edge.lake.rows(made)) is None, f"plan {number} of seed {SEED}"
        ran = store.run(made, [edge.knowledge])
        side = _side(made, edge.edge)
        if ran is None:
            asked[f"{side}, lake"] += 1
            if side == "across":
                asked["half"] += difference(right, by_influxql(client, made)) is not None
                asked["half"] += difference(right, by_flux(client, made)) is not None
            continue
        asked[f"{side}, store"] += 1
        assert difference(right, ran.rows) is None, f"plan {number} of seed {SEED}: {ran.query}"
        assert difference(right, by_influxql(client, made)) is None, f"plan {number}: {made}"
    assert asked["across, store"] == asked["before, store"] == 0
    assert min(asked["after, store"], asked["across, lake"], asked["before, lake"]) > 5, asked
    assert asked["half"] > 5, "what the guard is for was never seen"


def _side(made: QueryPlan, edge: datetime) -> str:
    start, end = (
        min(item.start for item in made.windows), max(item.end for item in made.windows),
    )  # fmt: skip
    return "before" if end <= edge else "after" if start >= edge else "across"
