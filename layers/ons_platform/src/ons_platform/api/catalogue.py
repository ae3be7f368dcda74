"""GET /catalog and GET /catalog/{dataset}: what can be asked for, and what of it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ons_platform.api.http import Request, Response
from ons_platform.api.services import Services
from ons_platform.catalog.model import Dataset
from ons_platform.errors import NotFound

if TYPE_CHECKING:
    from ons_platform.lake.knowledge import Knowledge


def list_datasets(_: Request, parts: Services, __: Mapping[str, str]) -> Response:
    """GET /catalog: every dataset in short, with the coverage loaded."""
    known = parts.knowledge.snapshot()
    listed = [summary(dataset, known.get(dataset.dataset)) for dataset in parts.catalog]
    return Response.of_json({"datasets": listed})


def show_dataset(_: Request, parts: Services, places: Mapping[str, str]) -> Response:
    """GET /catalog/{dataset}: one dataset by its slug or its table name, whole."""
    slug = places["dataset"].lower().replace("_", "-")
    if slug not in parts.catalog:
        slugs = [dataset.dataset for dataset in parts.catalog]
        near = get_close_matches(slug, slugs, n=3) or slugs
        raise NotFound(
            f"No dataset is called {places['dataset']!r}; there is {', '.join(near)}.",
            candidates=near,
        )
    dataset = parts.catalog[slug]
    known = parts.knowledge.get(slug)
    return Response.of_json(summary(dataset, known) | details(dataset, known))


def summary(dataset: Dataset, known: Knowledge | None) -> dict[str, Any]:
    """A dataset in short, with the coverage of what is loaded of it."""
    return {
        "dataset": dataset.dataset,
        "table": dataset.table,
        "title": dataset.title.model_dump(),
        "description": dataset.description.model_dump(),
        "url": dataset.url,
        "licence": dataset.licence,
        "kind": dataset.kind,
        "dataset_type": dataset.dataset_type,
        "grain": dataset.grain,
        "coverage": _coverage(known),
    }


def _coverage(known: Knowledge | None) -> dict[str, Any] | None:
    if known is None:
        return None
    return {
        "rows": known.rows,
        "first": known.first,
        "last": known.last,
        "data_version": known.data_version,
        "partitions": len(known.partitions),
    }


def details(dataset: Dataset, known: Knowledge | None) -> dict[str, Any]:
    """What more there is to say of one dataset: columns, measures, what can be asked."""
    return {
        "file_patterns": list(dataset.files.patterns),
        "columns": [
            column.model_dump(include={"name", "type", "role", "optional", "description"})
            for column in dataset.columns
        ],
        "measures": [
            measure.model_dump(include={"measurement_type", "energy_source", "unit"})
            for measure in dataset.measures
        ],
        "metrics": [
            {
                "id": metric.id,
                "title": metric.title.model_dump(),
                "unit": metric.unit,
                "names": metric.names.model_dump(mode="json"),
            }
            for metric in dataset.questions.metrics
        ],
        "regions": list(known.regions) if known else [],
        "energy_sources": list(known.energy_sources) if known else [],
        "entities": len(known.entities) if known else 0,
        "flagged": dict(known.flagged) if known else {},
    }
