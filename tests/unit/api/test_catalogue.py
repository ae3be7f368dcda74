"""GET /catalog and GET /catalog/{dataset}."""

from __future__ import annotations

import pytest


def test_every_dataset_is_listed_with_its_coverage(loaded) -> None:
    datasets = {item["dataset"]: item for item in loaded.get("/catalog").json["datasets"]}
    assert set(datasets) == {dataset.dataset for dataset in loaded.services.catalog}
    assert datasets["curva-carga"]["coverage"] == {
        "rows": 96,
        "first": "2023-01-01T03:00:00+00:00",
        "last": "2023-01-03T03:00:00+00:00",
        "data_version": "1",
        "partitions": 1,
    }
    assert datasets["cmo-semanal"]["coverage"] is None


@pytest.mark.parametrize("name", ["curva-carga", "curva_carga", "CURVA-CARGA"])
def test_a_dataset_is_found_by_slug_or_table(loaded, name: str) -> None:
    found = loaded.get(f"/catalog/{name}").json
    assert found["dataset"] == "curva-carga"
    assert found["regions"] == ["S", "SE"]
    assert found["measures"][0]["unit"] == "MWmed"


def test_every_dataset_is_shown_whole(api) -> None:
    for dataset in api.services.catalog:
        assert api.get(f"/catalog/{dataset.dataset}").status == 200


def test_an_unknown_dataset_names_the_nearest(api) -> None:
    reply = api.get("/catalog/curva-cargas")
    assert reply.status == 404
    assert "curva-carga" in reply.json["candidates"]
