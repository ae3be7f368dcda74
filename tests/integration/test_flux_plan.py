"""Plans in Flux whose values are added up by the store: the lake's rows, or none without proof.

Random plans of all kinds are in test_plan_engines.py; these are few plans over whole data, across
both changes of clocks of 2018.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from influx import Influx
from ons_platform.catalog.registry import catalog
from ons_platform.questions.engines.flux import render_flux
from ons_platform.questions.engines.flux_whole import render_whole
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.plan import QueryPlan, Rows
from ons_platform.questions.quantities import Threshold
from ons_platform.questions.windows import civil, window
from ons_platform.timeseries.bootstrap import ENDLESS, bootstrap
from ons_platform.timeseries.client import InfluxClient
from planstores import PlanLake, write

pytestmark = pytest.mark.influxdb
LOAD = catalog()["curva-carga"]
REGIONS = ("SE", "S", "NE", "N")
ORG = "whole-plans"


@pytest.fixture(scope="module")
def engines(
    tmp_path_factory: pytest.TempPathFactory, influx_server: Influx
) -> Iterator[tuple[PlanLake, InfluxClient]]:
    """Hourly load of 2018 from February on; the North lacks one hour of October."""
    rows = {"curva-carga": pd.concat([_region(code) for code in REGIONS], ignore_index=True)}
    url = influx_server.url
    token = bootstrap(
        url, ORG, operator_token=influx_server.operator_token, retention_seconds=ENDLESS
    )
    client = InfluxClient(url, token.write, ORG, timeout=120)
    write(client, rows)
    lake = PlanLake(tmp_path_factory.mktemp("whole"), rows)
    yield lake, client
    client.close()
    lake.engine.close()


def _region(code: str) -> pd.DataFrame:
    random = np.random.default_rng(REGIONS.index(code))
    instants = pd.date_range("2018-02-01T02:00", "2018-12-20T02:00", freq="h", tz="UTC")
    if code == "N":
        instants = instants[instants != pd.Timestamp("2018-10-10T12:00", tz="UTC")]
    frame = pd.DataFrame({"timestamp": instants.as_unit("us"), "region": code})
    flags = np.where(random.random(len(frame)) < 0.01, "suspect", "ok")
    values = random.integers(0, 400_000, len(frame)) / 8
    frame = frame.assign(value=values, quality_flag=flags, measurement_type="load")
    for name in ("state", "energy_source", "entity_id", "entity_name", *LOAD.attributes):
        frame[name] = pd.Series([None] * len(frame), dtype=object)
    return frame


def _plan(aggregate: Aggregate, months: tuple[int, int], **changes: Any) -> QueryPlan:
    stretch = window(civil(2018, months[0]), civil(2018, months[1]), LOAD)
    asked: dict[str, Any] = {
        "operation": Operation.AGGREGATE, "rows": Rows(regions=REGIONS), "parts": 4, **changes,
    }  # fmt: skip
    return QueryPlan(
        LOAD, LOAD.questions.metrics[0], aggregate=aggregate, windows=(stretch,), **asked
    )


def _same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> bool:
    return len(found) == len(expected) and all(
        set(one) == set(other) and all(_equal(one[name], other[name]) for name in one)
        for one, other in zip(found, expected, strict=True)
    )


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9)
    return bool(one == other)


LINEAR = (Aggregate.MEAN, Aggregate.SUM, Aggregate.ENERGY)
BUCKETS = (None, Bucket.DAY, Bucket.WEEK, Bucket.MONTH, Bucket.YEAR)
PLANS = {
    **{
        f"{aggregate}-{bucket}": _plan(aggregate, (2, 10), bucket=bucket)
        for aggregate, bucket in product((*LINEAR, Aggregate.MAX, Aggregate.MIN), BUCKETS)
    },
    "by region": _plan(Aggregate.MAX, (2, 10), parts=0, by=(Dimension.REGION,), order="desc"),
    "one is enough": _plan(Aggregate.MEAN, (2, 12), parts=0, bucket=Bucket.DAY),
    "minus": _plan(Aggregate.MAX, (2, 10), negate=True),
    "alternative": _plan(Aggregate.MEAN, (2, 10), bucket=Bucket.DAY, alternative=Aggregate.MAX),
    "count": _plan(
        Aggregate.MEAN, (2, 10), operation=Operation.MATCHING, parts=0, by=(Dimension.REGION,),
        threshold=Threshold(">=", 25_000.0, None),
    ),
    "share": _plan(
        Aggregate.SHARE, (2, 10), operation=Operation.SHARE, bucket=Bucket.MONTH,
        numerator=Rows(regions=("S", "N")),
    ),
    "shares": _plan(Aggregate.SHARE, (2, 10), parts=0, by=(Dimension.REGION,)),
}  # fmt: skip


@pytest.mark.parametrize("made", PLANS.values(), ids=PLANS.keys())
def test_sums_in_aggregates_are_the_lakes(
    engines: tuple[PlanLake, InfluxClient], made: QueryPlan
) -> None:
    lake, client = engines
    query = render_whole(made)
    assert query is not None
    found = query.rows(client.flux(query.text))
    assert found is not None
    assert _same(found, lake.rows(made))


def test_without_one_hour_of_one_subsystem_there_is_no_proof(
    engines: tuple[PlanLake, InfluxClient],
) -> None:
    lake, client = engines
    made = _plan(Aggregate.MEAN, (9, 12), bucket=Bucket.MONTH)
    query = render_whole(made)
    assert query is not None
    assert query.rows(client.flux(query.text)) is None
    rows = render_flux(made)
    assert _same(rows.rows(client.flux(rows.text)), lake.rows(made))


def test_a_text_arrives_at_the_server_as_it_was(engines: tuple[PlanLake, InfluxClient]) -> None:
    _, client = engines
    name = '"${r.region}\\") |> drop(columns: ["x"]) // \n\t\x01 ção ☀ $ {'
    made = _plan(Aggregate.MEAN, (2, 10), parts=None, rows=Rows(plants=(name,)))
    assert render_flux(made).rows(client.flux(render_flux(made).text)) == []
