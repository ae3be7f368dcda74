from __future__ import annotations

import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.timeseries import names
from ons_platform.timeseries.migration.legacy import DATASET, Meaning, Refusal, Series
from ons_platform.timeseries.migration.oldsql import TABLES
from ons_platform.timeseries.points import point_model


def series(table: str, *said: str | None) -> Series:
    found = Meaning(table).of_names(*said)
    assert isinstance(found, Series), found
    return found


@pytest.mark.parametrize(
    ("table", "kind", "unit", "field"),
    [
        ("generation_data", "generation", "MWmed", "power_mw"),
        ("generation_data", "Power MW", "MW", "power_mw"),
        ("generation_data", "geração", "MWh", "energy_mwh"),
        ("generation_data", "generation", None, "power_mw"),
        ("generation_data", "capacity_factor", "p.u.", "capacity_factor"),
        ("generation_data", "availability", "MW", "availability_mw"),
        ("generation_data", "efficiency", "pu", "efficiency"),
        ("consumption_data", "load", "MW", "demand_mw"),
        ("consumption_data", "load", "MWh", "consumption_mwh"),
        ("consumption_data", "load_factor", None, "load_factor"),
        ("transmission_data", "exchange_flow", "MWmed", "flow_mw"),
        ("transmission_data", "losses", "MWh", "losses_mwh"),
        ("transmission_data", "voltage_kv", "kV", "voltage_kv"),
        ("consumption_data", "generation", "MWmed", "power_mw"),
    ],
)
def test_types_and_units_say_the_field(table: str, kind: str, unit: str | None, field: str) -> None:
    assert series(table, kind, None, None, unit, None).field == field


def test_every_type_of_the_catalogue_has_its_field() -> None:
    """The old loader wrote the catalogue's types, so a row of any of them has a place."""
    for dataset in catalog():
        model = point_model(dataset)
        if model is None or model.bucket not in TABLES:
            continue
        for kind in model.fields:
            found = series(model.bucket, kind, "S", None, None, "ok")
            assert found.measurement_type == kind


@pytest.mark.parametrize(
    ("region", "source", "flag", "expected"),
    [
        ("southeast", "Hydro", "GOOD", ("SE", "hydro", "ok")),
        ("Sudeste/Centro-Oeste", "EÓLICA", "suspect", ("SE", "wind", "suspect")),
        ("S ", "all", "Out of range", ("S", None, "out_of_range")),
        (None, None, "", (None, None, None)),
    ],
)
def test_places_sources_and_flags_are_the_vocabularys(
    region: str | None, source: str | None, flag: str, expected: tuple[str | None, ...]
) -> None:
    found = series("generation_data", "generation", region, source, "MW", flag)
    assert (found.region, found.energy_source, found.quality_flag) == expected


def test_migrated_points_are_nobody_elses() -> None:
    assert DATASET not in catalog()
    found = series("generation_data", "generation", "SE", "hydro", None, "ok")
    assert found.tags["dataset"] == DATASET


def test_the_names_of_raw_queries_find_migrated_points() -> None:
    """Bucket, field, tags and values are those the aliases lead to (TSD-29)."""
    found = series("generation_data", "generation", "southeast", "hidro", None, "ok")
    assert names.bucket("ons_energy_data") == "energy_data"
    assert names.field("potencia") == found.field
    assert names.tag_value("region", "southeast") == found.region
    assert {names.tag(tag) for tag in ("fonte", "regiao", "quality")} <= set(found.tags)


def test_a_missing_value_has_a_field_of_its_own() -> None:
    found = series("generation_data", "generation", "SE", None, None, None).missing
    assert found.field == "power_mw_missing"
    assert found.name.endswith("region=SE power_mw_missing")


def test_a_combination_is_worked_out_once() -> None:
    meaning = Meaning("generation_data")
    said = ("generation", "SE", None, None, None)
    assert meaning.of_names(*said) is meaning.of_names(*said)
    assert isinstance(meaning.of_names("?", None, None, None, None), Refusal)
