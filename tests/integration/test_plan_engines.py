"""One plan, one answer: SQL on the lake, Flux, InfluxQL and pandas give the same rows (QRY-5, 6).

Random plans over real datasets of the catalogue, on a real InfluxDB that keeps everything. How many
is `ONS_PLANS` (300 unless said), which ones is `ONS_PLANS_SEED`; what fails names both.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest

from influx import Influx
from ons_platform.lake.zone import brasilia
from ons_platform.questions.notrenderable import NotRenderable
from ons_platform.questions.plan import QueryPlan
from ons_platform.timeseries.client import InfluxClient
from oracle import answer
from plans import PLANTS, frames, kind_of, plan
from planstores import PlanLake, by_flux, by_influxql, write

pytestmark = pytest.mark.influxdb
COUNT = int(os.environ.get("ONS_PLANS", "300"))
SEED = int(os.environ.get("ONS_PLANS_SEED", "20261121"))
REFUSED_AT_MOST = 0.02
"""Of the plans, by a language that cannot say them: no engine passes by refusing."""
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
            "influxql": lambda made: by_influxql(reader, made),
        },
        write(writer, rows),
    )
    yield made
    for client in (writer, reader):
        client.close()
    lake.engine.close()


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


def test_a_plan_has_one_answer_whatever_runs_it(engines: Engines) -> None:
    wrong: list[str] = []
    refused: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    answered = 0
    for number in range(COUNT):
        made = plan(SEED, number, engines.rows)
        kinds[kind_of(made)] += 1
        expected = answer(made, engines.rows)
        answered += bool(expected)
        for name, run in engines.run.items():
            try:
                found = run(made)
            except NotRenderable:
                refused[name] += 1
                continue
            if why := difference(expected, found):
                wrong.append(f"plan {number} of seed {SEED}, {name}: {why}\n  {made}")
    assert not wrong, f"{len(wrong)} answers differ\n" + "\n".join(wrong[:5])
    assert answered > 0.7 * COUNT
    assert all(count <= REFUSED_AT_MOST * COUNT for count in refused.values()), refused
    assert refused["sql"] == refused["flux"] == 0
    if COUNT >= 300:
        everything = {
            "aggregate", "share", "change", "ramp", "threshold", "numerator", "ratio", "spread",
            "flow", "minus", "several datasets", "versions",
        }  # fmt: skip
        assert everything <= set(kinds), kinds
