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
from ons_platform.config import settings

_PLACES = {
    "{YYYY}": r"(?:19|20)\d{2}",
    "{MM}": r"(?:0[1-9]|1[0-2])",
    "{DD}": r"(?:0[1-9]|[12]\d|3[01])",
}


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


def load(*folders: Path | Traversable) -> Catalog:
    """Read every `*.yaml` of the folders; of two with the same slug the later folder's counts.

    A file that does not fit the model raises `ValueError` naming the file and each field.
    """
    return Catalog(_read(entry) for folder in folders for entry in _yaml_files(folder))


def _yaml_files(folder: Path | Traversable) -> list[Path | Traversable]:
    entries = (entry for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return sorted(entries, key=lambda entry: entry.name)


def _read(entry: Path | Traversable) -> Dataset:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return Dataset.model_validate(yaml.load(entry.read_text(encoding="utf-8"), Loader=loader))  # noqa: S506
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{entry.name}: {error}") from error


@lru_cache(maxsize=1)
def catalog() -> Catalog:
    """The catalogue of this process: the shipped datasets and those of `ONS_CATALOG_DIR`."""
    shipped = files("ons_platform.catalog") / "datasets"
    extra = settings().catalog_dir
    return load(shipped, Path(extra)) if extra else load(shipped)
