"""The catalogue as loaded: datasets by slug, and which dataset a file name belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import combinations
from pathlib import Path

from ons_platform.catalog.compiled import read_compiled
from ons_platform.catalog.filenames import clash, matched, stems
from ons_platform.catalog.model import Dataset
from ons_platform.catalog.reading import read_dataset, yaml_files
from ons_platform.config import settings


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
        for stem in stems(filename):
            fits = [
                (length, dataset)
                for dataset in self
                for pattern in dataset.files.patterns
                if (length := matched(pattern, stem))
            ]
            if fits:
                return max(fits, key=lambda item: item[0])[1]
        return None

    def clashes(self) -> list[str]:
        """Pairs of file-name patterns of different datasets that the same name would fit."""
        patterns = [(item.dataset, pattern) for item in self for pattern in item.files.patterns]
        return [
            f"{one} and {other} both claim files named {first} ({second})"
            for (one, first), (other, second) in combinations(patterns, 2)
            if one != other and clash(first, second)
        ]


def load(*folders: Path | Traversable) -> Catalog:
    """Read every `*.yaml` of the folders; of two with the same slug the later folder's counts.

    A file that does not fit the model raises `ValueError` naming the file, the dataset and each
    field.
    """
    return Catalog(read_dataset(entry) for folder in folders for entry in yaml_files(folder))


@lru_cache(maxsize=1)
def catalog() -> Catalog:
    """The catalogue of this process: the shipped datasets and those of `ONS_CATALOG_DIR`.

    Shipped datasets come from their compiled form where it is up to date. A folder's are always
    validated in full, and may not claim the file names of another dataset (`ValueError`).
    """
    shipped = shipped_catalog()
    extra = settings().catalog_dir
    if not extra:
        return shipped
    both = Catalog([*shipped, *load(Path(extra))])
    if found := both.clashes():
        raise ValueError(f"{extra}: {'; '.join(found)}")
    return both


def shipped_catalog() -> Catalog:
    """The datasets that come with the package."""
    package = files("ons_platform.catalog")
    compiled = read_compiled(package)
    return load(package / "datasets") if compiled is None else Catalog(compiled)
