"""A file's header against the catalogue: which columns are whose, and which dataset it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NoReturn

from ons_platform.catalog.folding import fold
from ons_platform.catalog.model import Column, Dataset
from ons_platform.catalog.registry import Catalog
from ons_platform.ingest.reading.spelling import hints, is_slip
from ons_platform.ingest.reasons import Phrase, reject

_NEAREST = 3
_STRANGERS = 0.5
"""By columns alone a file is a dataset only if it has at most so many strange columns per known."""


@dataclass(frozen=True)
class Match:
    """How a header fits a dataset: `wanted` is position -> column, the rest by name.

    `misspelled` are columns taken under a name that is not theirs: (as in the file, as meant).
    """

    dataset: Dataset
    wanted: dict[int, Column]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    repeated: tuple[str, ...]
    misspelled: tuple[tuple[str, str], ...] = ()

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


@lru_cache(maxsize=4)
def known_names(catalog: Catalog) -> frozenset[str]:
    """Every column name and alias of the catalogue, folded: by these a header row is found."""
    return frozenset(name for dataset in catalog for name in _by_folded_name(dataset))


def match_header(header: Sequence[str], dataset: Dataset) -> Match:
    """Match by names and aliases, folded and trimmed; columns nobody uses are not even read."""
    table = _by_folded_name(dataset)
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
    missing = tuple(column.name for column in _required(dataset) if column.name not in seen)
    repeated = tuple(dict.fromkeys(name for name in seen if seen.count(name) > 1))
    return Match(dataset, wanted, missing, tuple(extra), repeated)


def recognise(filename: str, header: Sequence[str], catalog: Catalog) -> Recognised:
    """Which dataset a file is: by its name if a pattern fits, otherwise by its columns.

    A file whose name says the dataset may have one required column misspelled, if nothing else can
    be meant. Raises `MalformedFile` when the name says a dataset and the columns do not fit it,
    and `UnknownDataset` when neither says one.
    """
    named = catalog.by_name(filename)
    if named is None:
        return Recognised(_by_columns(filename, header, catalog), by_name=False)
    match = match_header(header, named)
    if match.repeated:
        raise reject("repeated_column", file=filename, column=match.repeated[0], found=list(header))
    if match.missing:
        match = _forgiven(match, header, catalog) or _refuse(filename, header, match, catalog)
    return Recognised(match, by_name=True)


def _by_folded_name(dataset: Dataset) -> dict[str, Column]:
    return {
        _folded(name): column
        for column in dataset.columns
        for name in (*column.aliases, column.name)
    }


@lru_cache(maxsize=16384)
def _folded(name: str) -> str:
    """A name of the catalogue, folded once: there are thousands, and every header meets them."""
    return fold(name)


def _required(dataset: Dataset) -> list[Column]:
    return [c for c in dataset.columns if not c.optional and c.role != "unused"]


def _forgiven(match: Match, header: Sequence[str], catalog: Catalog) -> Match | None:
    """The match with its one missing column under a misspelled name; None if that is not sure.

    The file must have one stranger like it, which is no other column of the catalogue and like no
    other column that this file lacks.
    """
    known = known_names(catalog)
    absent = [c for c in match.dataset.columns if c.name not in match.names and c.role != "unused"]
    pairs = [
        (index, column)
        for index, cell in enumerate(header)
        if cell in match.extra and fold(cell) not in known
        for column in absent
        if is_slip(cell, column.name)
    ]
    if len(pairs) != 1 or match.missing != (pairs[0][1].name,):
        return None
    index, column = pairs[0]
    return replace(
        match,
        wanted=match.wanted | {index: column},
        missing=(),
        extra=tuple(name for name in match.extra if name != header[index]),
        misspelled=((header[index], column.name),),
    )


def _refuse(filename: str, header: Sequence[str], match: Match, catalog: Catalog) -> NoReturn:
    others = [other.dataset for other in catalog if match_header(header, other).fits]
    raise reject(
        "missing_columns",
        file=filename,
        dataset=match.dataset.dataset,
        missing=match.missing,
        found=list(header),
        expected=[column.name for column in _required(match.dataset)],
        hints=_joined(hints(match.extra, match.missing)),
        fits=Phrase("fits_others", {"others": " / ".join(others)}) if others else "",
    )


def _by_columns(filename: str, header: Sequence[str], catalog: Catalog) -> Match:
    matches = [match_header(header, dataset) for dataset in catalog]
    fitting = [m for m in matches if m.fits and len(m.extra) <= _STRANGERS * len(m.wanted)]
    if not fitting:
        raise reject(
            "unknown_dataset", file=filename, found=list(header), nearest=_nearest(matches)
        )
    best = max(len(match.wanted) for match in fitting)
    first, *others = [match for match in fitting if len(match.wanted) == best]
    if others:
        candidates = [match.dataset for match in (first, *others)]
        raise reject(
            "ambiguous_dataset",
            file=filename,
            candidates=[dataset.dataset for dataset in candidates],
            patterns=[f"{item.dataset}: {item.files.patterns[0]}" for item in candidates],
        )
    return first


def _nearest(matches: Sequence[Match]) -> list[Phrase]:
    """The datasets with the largest share of their columns found, and what differs from each."""
    ranked = sorted(
        matches, key=lambda match: (len(match.missing) - len(match.wanted), match.dataset.dataset)
    )
    return [
        Phrase(
            "near",
            {
                "dataset": match.dataset.dataset,
                "missing": ", ".join(match.missing) or "-",
                "extra": ", ".join(match.extra) or "-",
                "hints": _joined(hints(match.extra, match.missing)),
            },
        )
        for match in ranked[:_NEAREST]
        if match.wanted
    ]


def _joined(said: Sequence[str]) -> str:
    return f" {', '.join(said)}" if said else ""
