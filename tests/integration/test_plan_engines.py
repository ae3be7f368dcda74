"""One plan, one answer: SQL on the lake, Flux, InfluxQL and pandas give the same rows (QRY-5, 6).

Random plans over real datasets of the catalogue, on a real InfluxDB that keeps everything. How many
is `ONS_PLANS` (300 unless said), which ones is `ONS_PLANS_SEED`; what fails names both.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest

from influx import Influx
from ons_platform.lake.zone import brasilia
from ons_platform.questions.engines.notrenderable import NotRenderable
from ons_platform.questions.plan import QueryPlan
from ons_platform.timeseries.client import InfluxClient
from oracle import answer
from plans import PLANTS, frames, kind_of, plan
from planstores import PlanLake, by_flux, by_influxql, by_proof, difference, write

pytestmark = pytest.mark.influxdb
COUNT = int(os.environ.get("ONS_PLANS", "300"))
SEED = int(os.environ.get("ONS_PLANS_SEED", "20261121"))
_AT_ONCE = 50
REFUSED_AT_MOST = 0.02
"""Of the plans, by InfluxQL, which cannot say them all: no engine passes by refusing."""
Run = Callable[[QueryPlan], list[dict[str, Any]]]


@dataclass
class Engines:
    """The same rows everywhere, and what runs a plan on each."""

    rows: dict[str, pd.DataFrame]
    run: dict[str, Run]
    points: int = 0
    told: Counter[str] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory, endless_influx: Influx) -> Iterator[Engines]:
    rows = frames(SEED)
    lake = PlanLake(tmp_path_factory.mktemp("plans"), rows)
    token = endless_influx.write_token
    writer = InfluxClient(endless_influx.url, token, endless_influx.org, timeout=120)
    reader = InfluxClient(
        endless_influx.url, endless_influx.read_token, endless_influx.org, timeout=120
    ).patient()
    made = Engines(
        rows,
        {
            "sql": lake.rows,
            "flux": lambda made: by_flux(reader, made),
            "flux in aggregates": lambda made: by_proof(reader, made),
            "influxql": lambda made: by_influxql(reader, made),
        },
        write(writer, rows),
    )
    yield made
    for client in (writer, reader):
        client.close()
    lake.engine.close()


def test_the_rows_have_what_hurts(engines: Engines) -> None:
    """Nulls, flags of every kind, hostile names, changed clocks, hours shown twice, year ends."""
    together = pd.concat(engines.rows.values(), ignore_index=True)
    assert engines.points == len(together) > 100_000
    assert set(together["quality_flag"]) >= {"ok", "inconsistent", "forecast", "stray_timestamp"}
    assert together["value"].isna().sum() > 1000
    assert set(PLANTS) <= set(together["entity_name"])
    local = together["timestamp"].dt.tz_convert(brasilia())
    hours = engines.rows["curva-carga"]["timestamp"].dt.tz_convert(brasilia())
    shown = pd.Series(hours.unique()).dt.tz_localize(None)
    assert shown.duplicated().any()
    assert {2013, 2017, 2018, 2019, 2020} <= set(local.dt.year)


@pytest.mark.parametrize("first", range(0, COUNT, _AT_ONCE))
def test_a_plan_has_one_answer_whatever_runs_it(engines: Engines, first: int) -> None:
    wrong: list[str] = []
    for number in range(first, min(first + _AT_ONCE, COUNT)):
        made = plan(SEED, number, engines.rows)
        expected = answer(made, engines.rows)
        engines.told.update([kind_of(made), "asked", "answered" if expected else "no rows"])
        for name, run in engines.run.items():
            try:
                found = run(made)
            except NotRenderable:
                engines.told[f"refused by {name}"] += 1
                continue
            if why := difference(expected, found):
                wrong.append(f"plan {number} of seed {SEED}, {name}: {why}\n  {made}")
    assert not wrong, f"{len(wrong)} answers differ\n" + "\n".join(wrong[:5])


def test_hardly_a_plan_was_refused_and_every_kind_was_asked(engines: Engines) -> None:
    told = engines.told
    print(dict(told))
    assert told["asked"] == COUNT
    assert told["answered"] > 0.6 * COUNT
    assert told["refused by sql"] == told["refused by flux"] == 0
    assert told["refused by influxql"] <= REFUSED_AT_MOST * COUNT
    if COUNT >= 300:
        assert told["refused by flux in aggregates"] < COUNT - 3
        everything = {
            "aggregate", "share", "change", "ramp", "threshold", "numerator", "ratio", "spread",
            "flow", "several datasets", "versions",
        }  # fmt: skip
        assert everything | ({"minus"} if COUNT >= 2000 else set()) <= set(told), told
