"""Series of every shape the catalogue can describe: times in parts, months, UTC, flows, sums."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import catalog, load
from ons_platform.ingest.timeline import timeline
from ons_platform.lake.civil import to_local, to_utc

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOURLY = catalog()["curva-carga"]
DESCRIPTION: dict[str, Any] = {
    "dataset": "prova",
    "title": {"pt": "Prova", "en": "Trial"},
    "description": {"pt": "Um conjunto de prova.", "en": "A dataset for trials."},
    "url": "https://dados.ons.org.br/dataset/prova",
    "kind": "series",
    "dataset_type": "operation",
    "grain": "PT1H",
    "files": {"patterns": ["PROVA_{YYYY}"]},
    "questions": {"names": {}, "metrics": []},
}


def column(name: str, kind: str, role: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "role": role, **more}


def measure(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"column": name, "measurement_type": kind, "unit": "MWmed", **more}


REGION = column("id_subsistema", "string", "region")
VALUE = column("val_carga", "number", "measure")


@pytest.fixture
def make(tmp_path: Path, room_of: Any) -> Any:
    """A room whose catalogue is one dataset: the trial's description with these changes."""

    def made(**changes: Any) -> Any:
        folder = tmp_path / "catalogue"
        folder.mkdir(exist_ok=True)
        described = DESCRIPTION | {"measures": [measure("val_carga", "load")]} | changes
        described.setdefault("influxdb", _influx(described))
        (folder / "prova.yaml").write_text(yaml.safe_dump(described), "utf-8")
        return room_of(load(folder))

    return made


def _influx(described: dict[str, Any]) -> dict[str, Any]:
    kinds = [*described["measures"], *described.get("derived", [])]
    fields = {item["measurement_type"]: item["measurement_type"] for item in kinds}
    return {"bucket": "operation_data", "fields": fields}


def ingest(room: Any, text: str, name: str = "PROVA_2024.csv") -> pd.DataFrame:
    rows: pd.DataFrame = room.rows(room.ingest(name, text))
    return rows


def test_month_day_and_hour_in_columns_of_their_own(make: Any) -> None:
    room = make(
        columns=[
            column("MES", "date", "time"),
            column("DIA", "number", "time_part"),
            column("HORA", "number", "time_part"),
            REGION,
            VALUE,
        ],
        time={
            "column": "MES",
            "kind": "local_month",
            "parts": [
                {"column": "DIA", "unit": "P1D", "first": 1},
                {"column": "HORA", "unit": "PT1H"},
            ],
        },
        key=["timestamp", "region", "measurement_type"],
    )
    head = "MES;DIA;HORA;id_subsistema;val_carga\n"
    rows = ingest(room, head + "2024-12-01;31;23;SE;1\n2024-12-15;1;0;SE;2\n")
    assert rows["timestamp"].tolist() == [
        pd.Timestamp("2025-01-01T02:00:00Z"),
        pd.Timestamp("2024-12-01T03:00:00Z"),
    ]


def test_a_part_that_is_no_hour_has_no_time_and_is_told(make: Any) -> None:
    room = make(
        columns=[
            column("dia", "date", "time"),
            column("num_patamar", "number", "time_part"),
            REGION,
            VALUE,
        ],
        grain="PT30M",
        time={
            "column": "dia",
            "kind": "local_date",
            "parts": [{"column": "num_patamar", "unit": "PT30M", "first": 1}],
        },
        key=["timestamp", "region", "measurement_type"],
    )
    good = "".join(f"2025-01-0{day};{n};SE;{n}\n" for day in range(1, 10) for n in range(1, 49))
    text = "dia;num_patamar;id_subsistema;val_carga\n" + good
    outcome = room.ingest("PROVA_2025.csv", text + "2025-01-10;99;SE;5\n2025-01-10;;SE;6\n")
    rows = room.rows(outcome)
    assert rows["timestamp"].max() == pd.Timestamp("2025-01-10T02:30:00Z")
    assert len(rows) == 9 * 48
    report = room.report(outcome)
    assert report["skipped"]["no_time"]["rows"] == 2
    assert [place["column"] for place in report["places"] if place["value"].startswith("99")]


def test_any_date_of_a_month_labels_it(make: Any) -> None:
    room = make(
        grain="P1M",
        columns=[column("din", "date", "time"), REGION, VALUE],
        time={"column": "din", "kind": "local_month"},
        key=["timestamp", "region", "measurement_type"],
    )
    rows = ingest(room, "din;id_subsistema;val_carga\n2024-12-31;NE;1\n2018-11-15;NE;2\n")
    assert rows["timestamp"].tolist() == [
        pd.Timestamp("2018-11-01T03:00:00Z"),
        pd.Timestamp("2024-12-01T03:00:00Z"),
    ]
    assert set(rows["quality_flag"]) == {"ok"}


def test_utc_that_labels_the_end_and_areas_that_are_regions(make: Any) -> None:
    room = make(
        grain="PT30M",
        columns=[
            column("cod_areacarga", "string", "entity_id", also="region"),
            column("din_referenciautc", "instant", "time"),
            VALUE,
        ],
        time={"column": "din_referenciautc", "kind": "utc_instant", "label": "end"},
        key=["timestamp", "entity_id", "measurement_type"],
    )
    records = [
        {"cod_areacarga": area, "din_referenciautc": moment, "val_carga": value}
        for area, moment, value in [
            ("SECO", "2018-11-04T03:30:00.000Z", 1.5),
            ("SECO", "2018-02-18T02:30:00.000Z", 2.5),
            ("RJ", "2018-02-18T03:00:00Z", 3.5),
        ]
    ]
    rows = ingest(room, json.dumps(records), "PROVA_2018.json")
    found = {row["value"]: row for _, row in rows.iterrows()}
    assert found[1.5]["timestamp"] == pd.Timestamp("2018-11-04T03:00:00Z")
    assert found[2.5]["timestamp"] == pd.Timestamp("2018-02-18T02:00:00Z")
    assert found[1.5]["region"] == "SE"
    assert found[1.5]["entity_id"] == "SECO"
    assert pd.isna(found[3.5]["region"])
    assert set(rows["quality_flag"]) == {"ok"}


def test_flows_go_from_one_region_to_another(make: Any) -> None:
    room = make(
        columns=[
            column("din_instante", "instant", "time"),
            column("id_origem", "string", "region"),
            column("id_destino", "string", "region_to"),
            VALUE,
        ],
        time={"column": "din_instante", "kind": "local_instant"},
        key=["timestamp", "region", "region_to", "measurement_type"],
    )
    head = "din_instante;id_origem;id_destino;val_carga\n"
    rows = ingest(
        room, head + "2024-01-01 00:00:00;NE; NORTE;5\n2024-01-01 00:00:00;NE;Sudeste;6\n"
    )
    assert rows[["region", "region_to", "value"]].values.tolist() == [
        ["NE", "N", 5.0],
        ["NE", "SE", 6.0],
    ]


def test_what_a_file_does_not_name_is_in_the_catalogue(make: Any) -> None:
    room = make(
        columns=[column("din_instante", "instant", "time"), VALUE],
        time={"column": "din_instante", "kind": "local_instant"},
        constants={"entity_name": "Itaipu", "region": "SE", "energy_source": "hydro"},
        key=["timestamp", "measurement_type"],
    )
    rows = ingest(room, "din_instante;val_carga\n2024-01-01 00:00:00;7000\n")
    assert rows[["entity_name", "region", "energy_source", "state"]].iloc[0].tolist()[:3] == [
        "Itaipu",
        "SE",
        "hydro",
    ]


def test_a_measure_computed_within_the_row(make: Any) -> None:
    room = make(
        grain="PT30M",
        columns=[
            column("din_instante", "instant", "time"),
            column("nom_usina", "string", "entity_name"),
            column("val_ger", "number", "measure"),
            column("val_ref", "number", "measure"),
            column("val_limite", "number", "measure"),
        ],
        measures=[
            measure("val_ger", "generation", valid=[0, 1000]),
            measure("val_ref", "reference"),
            measure("val_limite", "limit"),
        ],
        derived=[
            {
                "measurement_type": "curtailed",
                "unit": "MWmed",
                "minuend": "val_ref",
                "subtrahend": "val_ger",
                "floor": 0,
                "where": "val_limite",
            }
        ],
        time={"column": "din_instante", "kind": "local_instant"},
        constants={"energy_source": "wind"},
        key=["timestamp", "entity_name", "measurement_type"],
    )
    head = "din_instante;nom_usina;val_ger;val_ref;val_limite\n"
    lines = ["10;30;5", "10;30;", "30;10;5", ";30;5", "-1;30;5"]
    body = "".join(f"2024-01-01 0{n}:00:00;A;{line}\n" for n, line in enumerate(lines))
    rows = ingest(room, head + body)
    curtailed = rows[rows["measurement_type"] == "curtailed"].sort_values("timestamp")
    assert curtailed["value"].tolist() == [20.0, 0.0, 31.0]
    assert curtailed["quality_flag"].tolist() == ["ok", "ok", "out_of_range"]
    assert set(curtailed["energy_source"]) == {"wind"}
    assert len(rows) == 3 * 5 + 3


ENDS: Dataset = HOURLY.model_copy(
    update={"time": HOURLY.time.model_copy(update={"label": "end"})}  # type: ignore[union-attr]
)
UTC_ENDS: Dataset = HOURLY.model_copy(
    update={
        "time": HOURLY.time.model_copy(  # type: ignore[union-attr]
            update={"label": "end", "kind": "utc_instant"}
        )
    }
)
HOURS = st.integers(-200_000, 500_000).map(lambda hour: np.datetime64(hour * 3600, "s"))


@given(st.lists(HOURS, min_size=1, max_size=30))
def test_ends_and_utc_come_back_as_the_hours_they_are_of(hours: list[np.datetime64]) -> None:
    """Whatever labels an hour, its start is found; the clock of Brasília may say an end twice."""
    starts = np.array(hours, "datetime64[s]")
    ends = (starts.astype(np.int64) + 3600).astype("datetime64[s]")
    assert (timeline(UTC_ENDS, ends, NOW).utc == starts).all()
    placed = timeline(ENDS, to_local(ends), NOW)
    assert not placed.never.any()
    once = ~placed.ambiguous
    assert (placed.utc[once] == starts[once]).all()
    assert ((placed.utc == starts) | (placed.later == starts)).all()


def test_the_end_of_the_hour_before_daylight_saving_time_is_not_lost() -> None:
    midnight = np.array(["2018-11-04T00:00:00"], "datetime64[s]")
    placed = timeline(ENDS, midnight, NOW)
    assert placed.usable.all()
    assert placed.utc[0] == np.datetime64("2018-11-04T02:00:00")
    assert placed.months.tolist() == [201811]
    assert to_utc(midnight)[1][0] == 2
