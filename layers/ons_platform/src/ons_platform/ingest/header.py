"""A file's header against the catalogue: which columns are whose, and which dataset it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ons_platform.catalog.model import Column, Dataset
from ons_platform.catalog.registry import Catalog
from ons_platform.catalog.vocabulary import fold
from ons_platform.ingest.reasons import reject

_NEAREST = 3


@dataclass(frozen=True)
class Match:
    """How a header fits a dataset: `wanted` is position -> column, the rest by name."""

    dataset: Dataset
    wanted: dict[int, Column]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    repeated: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """All required columns are there, each once."""
        return not self.missing and not self.repeated

    @property
    def names(self) -> frozenset[str]:
        """The catalogue columns the file has."""
        return frozenset(column.name for column in self.wanted.values())


@dataclass(frozen=True)
class Recognised:
    """The dataset of a file and whether its name said so (otherwise its columns did)."""

    match: Match
    by_name: bool


def known_names(catalog: Catalog) -> frozenset[str]:
    """Every column name and alias of the catalogue, folded: by these a header row is found."""
    return frozenset(
        fold(name)
        for dataset in catalog
        for column in dataset.columns
        for name in (column.name, *column.aliases)
    )


def match_header(header: Sequence[str], dataset: Dataset) -> Match:
    """Match by names and aliases, folded and trimmed; columns nobody uses are not even read."""
    table = {
        fold(name): column for column in dataset.columns for name in (*column.aliases, column.name)
    }
    wanted: dict[int, Column] = {}
    seen: list[str] = []
    extra: list[str] = []
    for index, cell in enumerate(header):
        column = table.get(fold(cell))
        if column is None:
            extra += [cell] if cell else []
            continue
        seen.append(column.name)
        if column.role != "unused":
            wanted[index] = column
    missing = tuple(
        column.name
        for column in dataset.columns
        if column.name not in seen and not column.optional and column.role != "unused"
    )
    repeated = tuple(dict.fromkeys(name for name in seen if seen.count(name) > 1))
    return Match(dataset, wanted, missing, tuple(extra), repeated)


def recognise(filename: str, header: Sequence[str], catalog: Catalog) -> Recognised:
    """Which dataset a file is: by its name if a pattern fits, otherwise by its columns.

    Raises `MalformedFile` when the name says a dataset and the columns do not fit it, and
    `UnknownDataset` when neither says one.
    """
    named = catalog.by_name(filename)
    if named is None:
        return Recognised(_by_columns(filename, header, catalog), by_name=False)
    match = match_header(header, named)
    if match.repeated:
        raise reject("repeated_column", file=filename, column=match.repeated[0], found=list(header))
    if match.missing:
        others = [other.dataset for other in catalog if match_header(header, other).fits]
        raise reject(
            "missing_columns",
            file=filename,
            dataset=named.dataset,
            missing=match.missing,
            found=list(header),
            expected=[c.name for c in named.columns if not c.optional and c.role != "unused"],
            fits=f" ({' / '.join(others)}?)" if others else "",
        )
    return Recognised(match, by_name=True)


def _by_columns(filename: str, header: Sequence[str], catalog: Catalog) -> Match:
    matches = [match_header(header, dataset) for dataset in catalog]
    fitting = [match for match in matches if match.fits]
    if not fitting:
        raise reject(
            "unknown_dataset", file=filename, found=list(header), nearest=_nearest(matches)
        )
    best = max(len(match.wanted) for match in fitting)
    first, *others = [match for match in fitting if len(match.wanted) == best]
    if others:
        candidates = [match.dataset.dataset for match in (first, *others)]
        raise reject("ambiguous_dataset", file=filename, candidates=candidates)
    return first


def _nearest(matches: Sequence[Match]) -> list[str]:
    """The datasets with the largest share of their columns found, and what each misses."""
    ranked = sorted(
        matches, key=lambda match: (len(match.missing) - len(match.wanted), match.dataset.dataset)
    )
    return [
        f"{match.dataset.dataset} (missing {', '.join(match.missing) or '-'})"
        for match in ranked[:_NEAREST]
        if match.wanted
    ]
