"""Forecasts, and sources that produce when they cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ons_platform.catalog.model import Forecast, Quiet, Rules
from ons_platform.catalog.registry import catalog
from ons_platform.ingest.rules.rows import broken, flag_codes, flagged
from ons_platform.ingest.timeline import CODE
from ons_platform.lake.quality import QualityFlag

PLANTS = catalog()["geracao-usina-2"]
MODE = "cod_modalidadeoperacao"


def at(hour: int, **more: Any) -> dict[str, Any]:
    moment = datetime(2023, 1, 1, 3, tzinfo=UTC) + timedelta(hours=hour)
    return {"timestamp": moment, "value": 5.0, "measurement_type": "generation", **more}


def with_rules(**rules: Any) -> Any:
    return PLANTS.model_copy(update={"rules": Rules(**rules)})


def test_forecasts_are_known_by_the_folded_word(lake_rows: Any) -> None:
    dataset = with_rules(forecast=Forecast(column=MODE, values=("Tipo III", "ação")))
    rows = [at(0, **{MODE: text}) for text in ("TIPO III", "TIPO I", None, "Acao")]
    table, _ = lake_rows(dataset, rows)
    assert broken(dataset, table)["forecast"].tolist() == [True, False, False, True]
    other = with_rules(forecast=Forecast(column="not_there", values=("x",)))
    assert broken(other, table) == {}


@pytest.mark.parametrize(
    ("hours", "loud"), [((21, 3), {0, 1, 2, 3, 21, 22, 23}), ((2, 4), {2, 3, 4})]
)
def test_quiet_hours_are_civil_and_may_span_midnight(
    lake_rows: Any, hours: tuple[int, int], loud: set[int]
) -> None:
    rule = Quiet(measurement_type="generation", energy_source="solar", hours=hours)
    dataset = with_rules(quiet=(rule,))
    rows = [at(hour, energy_source="solar") for hour in range(24)]
    table, _ = lake_rows(dataset, rows)
    found = broken(dataset, table)["quiet"].tolist()
    assert {hour for hour in range(24) if found[hour]} == loud


def test_quiet_concerns_the_source_and_what_exceeds_the_tolerance(lake_rows: Any) -> None:
    rule = Quiet(measurement_type="generation", energy_source="solar", hours=(0, 4), tolerance=1.0)
    dataset = with_rules(quiet=(rule,))
    rows = [at(1, energy_source="solar", value=value) for value in (1.0, 1.1, -1.1, 0.0, None)] + [
        at(1, energy_source="wind"),
        at(1, energy_source="solar", measurement_type="load"),
    ]
    table, _ = lake_rows(dataset, rows)
    assert broken(dataset, table)["quiet"].tolist() == [
        False, True, True, False, False, False, False,
    ]  # fmt: skip
    anything = with_rules(quiet=(Quiet(measurement_type="generation", hours=(0, 4)),))
    assert broken(anything, table)["quiet"].sum() == 4


def test_a_graver_flag_stays_and_values_do_not_change(lake_rows: Any) -> None:
    rule = Quiet(measurement_type="generation", hours=(0, 4))
    dataset = with_rules(quiet=(rule,), forecast=Forecast(column=MODE, values=("x",)))
    flags = ("ok", "missing", "forecast", "ok")
    rows = [at(1, quality_flag=flag, **{MODE: "x"}) for flag in flags[:3]] + [at(9)]
    table, _ = lake_rows(dataset, rows)
    codes = flag_codes(table)
    made = flagged(table, broken(dataset, table), codes)
    assert made["quality_flag"].to_pylist() == ["suspect", "missing", "suspect", "ok"]
    assert codes[0] == CODE[QualityFlag.SUSPECT]
    assert made.drop(["quality_flag"]).equals(table.drop(["quality_flag"]))
