"""The catalogue as loaded: datasets by slug, and which dataset a file name belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml

from ons_platform.catalog.model import Dataset

_PLACES = {"{YYYY}": r"(?:19|20)\d{2}", "{MM}": r"(?:0[1-9]|1[0-2])", "{DD}": r"(?:0[1-9]|[12]\d|3[01])"}


class Catalog:
    """Datasets by slug, in alphabetical order."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self._datasets = {item.dataset: item for item in sorted(datasets, key=lambda d: d.dataset)}

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self._datasets.values())

    def __len__(self) -> int:
        return len(self._datasets)

    def __contains__(self, slug: object) -> bool:
        return slug in self._datasets

    def __getitem__(self, slug: str) -> Dataset:
        return self._datasets[slug]

    def by_name(self, filename: str) -> Dataset | None:
        """The dataset whose pattern fits the file's stem: whole first, then as its longest ending.

        A prefix before the pattern (`SNAP2023-10__CURVA_CARGA_2010.csv`) or a browser's ` (1)`
        behind it does not hide the name.
        """
        stem = re.sub(r"\s*\(\d+\)$", "", filename.rsplit("/", 1)[-1].split(".", 1)[0]).upper()
        found: list[tuple[int, Dataset]] = []
        for dataset in self:
            for pattern in dataset.files.patterns:
                match = re.search(rf"(?:^|[^A-Z0-9])({_regex(pattern)})$", stem)
                if match:
                    found.append((len(match.group(1)), dataset))
        return max(found, key=lambda item: item[0])[1] if found else None


def _regex(pattern: str) -> str:
    parts = re.split(r"(\{YYYY\}|\{MM\}|\{DD\})", pattern.upper())
    return "".join(_PLACES.get(part, re.escape(part)) for part in parts)


def load(folder: Path | Traversable) -> Catalog:
    """Read every `*.yaml` of a folder; an invalid one is an error naming the file and the field."""
    entries = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".yaml")),
        key=lambda entry: entry.name,
    )
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Catalog(
        Dataset.model_validate(yaml.load(entry.read_text(encoding="utf-8"), Loader=loader))  # noqa: S506
        for entry in entries
    )


@lru_cache(maxsize=1)
def catalog() -> Catalog:
    """The catalogue shipped with the package."""
    return load(files("ons_platform.catalog") / "datasets")
