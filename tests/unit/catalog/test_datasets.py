"""What must hold in every dataset's YAML, whoever adds one."""

from __future__ import annotations

import pytest

from ons_platform.catalog.measurements import units_by_type
from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import catalog
from ons_platform.catalog.vocabulary import fold
from ons_platform.lake.canonical import CANONICAL_SCHEMA

every = pytest.mark.parametrize("dataset", list(catalog()), ids=lambda item: item.dataset)


@every
def test_the_key_consists_of_columns_its_rows_have(dataset: Dataset) -> None:
    columns = {column.name for column in dataset.columns if column.role != "unused"}
    stored = {*CANONICAL_SCHEMA.names, *dataset.attributes, "region_to"}
    assert set(dataset.key) <= (stored if dataset.kind == "series" else columns)
    assert dataset.kind == "reference" or "timestamp" in dataset.key


@every
def test_several_measures_of_a_row_have_different_keys(dataset: Dataset) -> None:
    if dataset.kind == "series" and len(dataset.measures) > 1:
        assert "measurement_type" in dataset.key
        keys = [(m.measurement_type, m.energy_source) for m in dataset.measures]
        assert len(keys) == len(set(keys))
        types = {m.measurement_type for m in dataset.measures}
        assert len(types) == len(keys) or "energy_source" in dataset.key


@every
def test_ranges_are_ordered_and_refusal_is_wider_than_doubt(dataset: Dataset) -> None:
    for measure in dataset.measures:
        if measure.valid and measure.refuse:
            low, high = measure.valid
            assert measure.refuse[0] <= low < high <= measure.refuse[1]


@every
def test_names_and_aliases_of_columns_differ_when_folded(dataset: Dataset) -> None:
    names = [fold(n) for column in dataset.columns for n in (column.name, *column.aliases)]
    assert len(names) == len(set(names))


@every
def test_metrics_ask_for_what_the_dataset_measures(dataset: Dataset) -> None:
    measured = set(units_by_type(dataset)) | {m.column for m in dataset.measures}
    metrics = dataset.questions.metrics
    counted = {c.name for c in dataset.columns if c.role == "entity_id"}
    for metric in metrics:
        assert metric.measurement_type in (counted if metric.aggregate == "count" else measured)
    assert len({metric.id for metric in metrics}) == len(metrics)


@every
def test_both_languages_say_something(dataset: Dataset) -> None:
    texts = [dataset.title, dataset.description, *(m.title for m in dataset.questions.metrics)]
    assert all(text.pt and text.en for text in texts)
    assert dataset.questions.names.pt
    assert dataset.questions.names.en


@every
def test_the_time_series_store_has_a_field_for_every_measure(dataset: Dataset) -> None:
    if dataset.influxdb is not None:
        assert set(dataset.influxdb.fields) == set(units_by_type(dataset))


def test_a_quantity_has_one_unit_and_one_field_wherever_it_is() -> None:
    """A measurement type is the same quantity in every dataset, so that they can be compared."""
    units: dict[str, str] = {}
    fields: dict[str, str] = {}
    for dataset in catalog():
        for kind, unit in units_by_type(dataset).items():
            assert units.setdefault(kind, unit) == unit, (dataset.dataset, kind)
        for kind, field in (dataset.influxdb.fields if dataset.influxdb else {}).items():
            assert fields.setdefault(kind, field) == field, (dataset.dataset, kind)
