"""What people call buckets, fields, tags and values, and what the store calls them (C5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.catalog.vocabulary import vocabulary
from ons_platform.timeseries import names
from ons_platform.timeseries.names import Measured
from ons_platform.timeseries.points import BUCKETS, point_model

MODELS = [model for dataset in catalog() if (model := point_model(dataset))]


@pytest.mark.parametrize(
    ("name", "bucket"),
    [
        ("generation_data", "generation_data"),
        ("Geração", "generation_data"),
        ("dados de carga", "consumption_data"),
        ("transmission", "transmission_data"),
        ("operação", "operation_data"),
        ("energy_data", "energy_data"),
        ("ons_energy_data", "energy_data"),
        ("_monitoring", "_monitoring"),
        ("qualquer", "qualquer"),
    ],
)
def test_buckets_have_other_names(name: str, bucket: str) -> None:
    assert names.bucket(name) == bucket


def test_the_alias_reads_all_buckets_and_an_unknown_name_none() -> None:
    assert names.buckets_of("energy_data") == BUCKETS
    assert names.buckets_of("geracao") == ("generation_data",)
    assert names.buckets_of("_monitoring") == ()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("generation_data", Measured("generation_data")),
        ("geracao", Measured("generation_data")),
        ("energy_data", Measured(None)),
        ("power_mw", Measured(None, "power_mw")),
        ("potência", Measured(None, "power_mw")),
        ("losses_mwh", Measured(None, "losses_mwh")),
        ("demand_mw_missing", Measured(None, "demand_mw_missing")),
        ("cpu", Measured("cpu")),
    ],
)
def test_a_measurement_may_be_named_by_its_field(name: str, meant: Measured) -> None:
    assert names.measurement(name) == meant


def test_a_field_knows_its_buckets_the_one_of_the_design_first() -> None:
    assert names.fields()["power_mw"][0] == "generation_data"
    assert names.fields()["demand_mw"][0] == "consumption_data"
    assert set(names.fields()["demand_mw"]) > {"consumption_data", "generation_data"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.dataset)
def test_every_name_of_the_store_stands_for_itself(model) -> None:
    for field in model.fields.values():
        assert names.field(field) == field
        assert model.bucket in names.fields()[field]
    for tag in model.tags.values():
        assert names.tag(tag, [model.bucket]) == tag
        assert tag in names.tags()


@pytest.mark.parametrize(
    ("name", "buckets", "tag"),
    [
        ("source", (), "energy_source"),
        ("Região", (), "region"),
        ("subsistema", ("consumption_data",), "region"),
        ("UF", (), "state"),
        ("usina", ("generation_data",), "plant_name"),
        ("plant", (), "plant_name"),
        ("plant_name", ("operation_data",), "entity_name"),
        ("entity_name", ("generation_data",), "plant_name"),
        ("entity_name", BUCKETS, "entity_name"),
        ("usina", BUCKETS, "plant_name"),
        ("reservatório", ("operation_data",), "entity_name"),
        ("operator", (), "operator"),
    ],
)
def test_tags_have_other_names(name: str, buckets: tuple[str, ...], tag: str) -> None:
    assert names.tag(name, buckets) == tag


@pytest.mark.parametrize(
    ("tag", "value", "written"),
    [
        ("region", "southeast", "SE"),
        ("region", "Sudeste/Centro-Oeste", "SE"),
        ("region_to", "norte", "N"),
        ("energy_source", "Hidráulica", "hydro"),
        ("energy_source", "UTE", "thermal"),
        ("state", "São Paulo", "SP"),
        ("state", "se", "SE"),
        ("region", "Atlântida", "Atlântida"),
        ("plant_name", "southeast", "southeast"),
    ],
)
def test_values_have_other_names(tag: str, value: str, written: str) -> None:
    assert names.tag_value(tag, value) == written


def test_every_name_of_the_vocabulary_is_understood() -> None:
    for tag, terms in (("region", vocabulary().regions), ("energy_source", vocabulary().sources)):
        for code, term in terms.items():
            assert {names.tag_value(tag, name) for name in (code, *term.names)} == {code}


@given(st.text())
def test_names_are_understood_once_and_for_all(text: str) -> None:
    for meaning in (names.bucket, names.field, names.tag):
        assert meaning(meaning(text)) == meaning(text)
    assert names.tag_value("region", names.tag_value("region", text)) == names.tag_value(
        "region", text
    )
