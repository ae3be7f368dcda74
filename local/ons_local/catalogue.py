"""What the catalogue says, for `ons catalog`; a running platform adds what is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from ons_local.client import Client, NotRunning, find_target
from ons_platform.api.catalogue import details, summary
from ons_platform.catalog import wording
from ons_platform.catalog.model import Dataset
from ons_platform.catalog.odcs import contract
from ons_platform.catalog.odcscheck import Difference, differences
from ons_platform.catalog.registry import catalog
from ons_platform.catalog.rowschema import canonical_schema, row_schema, unit_of
from ons_platform.errors import InvalidRequest, NotFound
from ons_platform.lake.quality import QualityFlag


def ask_platform(data_dir: Path | None, path: str) -> Any:
    """What a platform answers; None where none runs and none is named by its URL."""
    try:
        target = find_target(data_dir)
    except NotRunning:
        return None
    return Client(target).get(path)


def listing(loaded: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every dataset in short, among them those only the platform knows.

    `loaded` is what the platform lists, if one runs: it says how much of each is loaded.
    """
    ours = {
        item.dataset: summary(item, None) | {"first_year": item.files.first_year}
        for item in catalog()
    }
    for item in loaded:
        slug = item["dataset"]
        ours[slug] = {**item, **ours.get(slug, {}), "coverage": item["coverage"]}
    return [ours[slug] for slug in sorted(ours)]


def described(
    slug: str, loaded: Mapping[str, Any] | None, language: wording.Language
) -> dict[str, Any]:
    """One dataset whole: columns with units and other names, time, key, rules, what is loaded.

    `loaded` is what the platform says of it, if one runs; it may have datasets of its own. Raises
    `NotFound` naming similar ones.
    """
    if loaded and loaded["dataset"] not in catalog():
        return dict(loaded)
    dataset = find(slug)
    base = {**summary(dataset, None), **details(dataset, None)}
    return {**base, **(loaded or {}), **_own(dataset, language)}


def find(slug: str) -> Dataset:
    """A dataset by its slug or table name; raises `NotFound` naming similar ones."""
    name = slug.lower().replace("_", "-")
    if name in catalog():
        return catalog()[name]
    slugs = [dataset.dataset for dataset in catalog()]
    near = get_close_matches(name, slugs, n=3) or slugs[:3]
    raise NotFound(f"No dataset is called {slug!r}; there is {', '.join(near)}.", candidates=near)


def schema(slug: str | None) -> dict[str, Any]:
    """JSON Schema of a dataset's rows, or of the canonical record."""
    return canonical_schema(tuple(QualityFlag)) if slug is None else row_schema(find(slug))


def contracts(slug: str | None) -> str:
    """ODCS contracts as YAML documents: of one dataset, or of all."""
    chosen = list(catalog()) if slug is None else [find(slug)]
    written = [contract(dataset) for dataset in chosen]
    return yaml.safe_dump_all(written, sort_keys=False, allow_unicode=True, width=100)


def check_contracts(path: Path, slug: str | None) -> tuple[int, list[Difference]]:
    """How many contracts a file or folder holds, and what they say otherwise than the catalogue.

    `slug` leaves out contracts of other datasets. Raises `InvalidRequest` for what is no contract.
    """
    wanted = find(slug).dataset if slug else None
    found: list[Difference] = []
    count = 0
    for name, document in _documents(path):
        try:
            told = list(differences(document, catalog()))
        except ValueError as error:
            raise InvalidRequest(f"{name}: {error}") from error
        about = str(document.get("name", "")).replace("_", "-").lower()
        if wanted in (None, about):
            count += 1
            found += told
    if not count:
        raise InvalidRequest(f"{path} holds no contract{f' of {wanted}' if wanted else ''}")
    return count, found


def _documents(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not path.exists():
        raise InvalidRequest(f"{path} does not exist")
    folder = sorted(item for item in path.rglob("*") if item.suffix in {".yaml", ".yml"})
    for file in folder if path.is_dir() else [path]:
        try:
            yield from ((file.name, item) for item in yaml.safe_load_all(file.read_text("utf-8")))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"{file.name} is not YAML: {error}") from error


def _own(dataset: Dataset, language: wording.Language) -> dict[str, Any]:
    """What the platform's API does not say of a dataset."""
    ranges = [text for m in dataset.measures for text in wording.ranges(m, language)]
    kinds = {measure.column: measure.measurement_type for measure in dataset.measures}
    columns = [
        column.model_dump() | {"unit": unit_of(column, dataset), "measure": kinds.get(column.name)}
        for column in dataset.columns
    ]
    return {
        "first_year": dataset.files.first_year,
        "time": wording.time_rule(dataset, language),
        "key": list(dataset.key),
        "columns": columns,
        "rules": [*wording.rules(dataset, language), *ranges],
        "attribution": wording.attribution(dataset, language),
    }
