"""Series by number, cells by instant, and how much is remembered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from ons_platform.catalog.registry import catalog
from ons_platform.ingest.rules.cells import CellStore, Series, SeriesIndex, civil_days

BALANCE = catalog()["balanco-energia-subsistema"]
NOON = datetime(2023, 1, 1, 15, tzinfo=UTC)


def row(**more: Any) -> dict[str, Any]:
    return {"timestamp": NOON, "region": "SE", "value": 1.0, "energy_source": "solar", **more}


def test_a_series_is_all_of_the_key_but_the_time(lake_rows: Any) -> None:
    index = SeriesIndex(BALANCE.key)
    rows = [row(), row(region="S"), row(), row(energy_source=None), row(energy_source="wind")]
    first = index.of(lake_rows(BALANCE, rows)[0])
    assert first[0] == first[2]
    assert len(set(first)) == len(index) == 4
    again = index.of(lake_rows(BALANCE, [row(region="NE"), rows[4], rows[0]])[0])
    assert again[1:].tolist() == [first[4], first[0]]
    assert index.names[first[1]] == Series("generation", "solar", "S")
    assert index.names[first[3]].energy_source is None


def test_things_are_called_as_people_call_them() -> None:
    index = SeriesIndex(("timestamp", "region", "region_to", "entity_name", "dat_inicio"))
    table = pa.table(
        {
            "measurement_type": ["exchange", "exchange"],
            "region": ["N", "N"],
            "region_to": ["NE", None],
            "entity_name": [None, "ITAIPU"],
            "dat_inicio": pa.array([0, 1], pa.date32()),
        }
    )
    numbers = index.of(table)
    names = [index.names[number].thing for number in numbers]
    assert names == ["N → NE", "ITAIPU"]


def test_very_many_combinations_are_told_apart(lake_rows: Any) -> None:
    index = SeriesIndex(("region", "state", "entity_id", "entity_name"))
    rows = [
        row(region=f"r{n}", state=f"s{n}", entity_id=f"i{n}", entity_name=f"n{n}")
        for n in range(300)
    ]
    assert len(set(index.of(lake_rows(BALANCE, [*rows, *rows])[0]))) == 300


def test_cells_come_sorted_and_know_their_place_in_the_month(lake_rows: Any) -> None:
    store, index = CellStore(), SeriesIndex(BALANCE.key)
    february = datetime(2023, 2, 1, 15, tzinfo=UTC)
    for values in ((3.0, None), (1.0, 2.0)):
        rows = [row(timestamp=february, value=values[0]), row(value=values[1])]
        table, months = lake_rows(BALANCE, rows)
        store.add(table, index, months, np.array([2, 3]))
    cells = store.cells()
    assert cells.month.tolist() == [202301, 202301, 202302, 202302]
    assert cells.position.tolist() == [1, 0, 1, 0]
    assert cells.value.tolist()[0] == 2.0
    assert np.isnan(cells.value[1])
    assert cells.value.tolist()[2:] == [1.0, 3.0]


def test_too_many_cells_are_forgotten(lake_rows: Any) -> None:
    store, index = CellStore(limit=3), SeriesIndex(BALANCE.key)
    table, months = lake_rows(BALANCE, [row(), row(region="S")])
    store.add(table, index, months, np.array([2, 3]))
    assert not store.full
    store.add(table, index, months, np.array([4, 5]))
    assert store.full


def test_civil_days_turn_at_brasilias_midnight() -> None:
    utc = np.array(["2023-01-02T02:59:59", "2023-01-02T03:00:00"], "datetime64[s]")
    assert np.diff(civil_days(utc)).tolist() == [1]
