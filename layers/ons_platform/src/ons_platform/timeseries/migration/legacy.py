"""What a row of the old store becomes: one point of the model of `timeseries.points`.

    <bucket>: <bucket>,dataset=legacy,measurement_type=…,region=…,… <field>=<value> <microseconds>

The old store does not say which ONS dataset a row came from. Its points have the dataset `legacy`,
which no ONS dataset is called: they neither overwrite nor double points loaded from the lake, whose
questions name their dataset; and one predicate finds them all. They keep the old measurement type
as a tag, since several of them share a field. Field, regions and sources are those of the model, so
every name a query may use for them finds both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import field as declared
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict

from ons_platform.catalog.folding import fold
from ons_platform.catalog.measurements import units_by_type
from ons_platform.catalog.registry import catalog
from ons_platform.catalog.units import canonical_unit
from ons_platform.catalog.vocabulary import codes, vocabulary
from ons_platform.timeseries.migration.oldstore import OldRow
from ons_platform.timeseries.points import DATASET_TAG, MISSING_SUFFIX, point_model

DATASET = "legacy"
"""The `dataset` tag of every migrated point."""
_FLAG = re.compile(r"[a-z0-9_]{1,32}")


@dataclass(frozen=True)
class Series:
    """Where a point stands: `table` is bucket and measurement, the rest are tags and the field.

    `limits` are the lowest and highest value that can be true.
    """

    table: str
    measurement_type: str
    region: str | None
    energy_source: str | None
    quality_flag: str | None
    field: str
    limits: tuple[float, float] | None = declared(default=None, compare=False)

    @property
    def thing(self) -> tuple[str | None, ...]:
        """What has one value at an instant, whatever is thought of the value."""
        return (self.measurement_type, self.region, self.energy_source)

    @property
    def tags(self) -> dict[str, str]:
        """Tags by name; what is not known is not there."""
        named = ("energy_source", "measurement_type", "quality_flag", "region")
        values = {name: getattr(self, name) for name in named}
        return {DATASET_TAG: DATASET, **{k: v for k, v in values.items() if v is not None}}

    @cached_property
    def line(self) -> str:
        """Line protocol before the field; values are of closed sets, nothing is to be escaped."""
        return ",".join((self.table, *(f"{name}={value}" for name, value in self.tags.items())))

    @property
    def name(self) -> str:
        """One text for it, as checkpoints and reports write it."""
        return f"{self.line} {self.field}"

    @property
    def missing(self) -> Series:
        """Where its rows without a value stand."""
        return replace(self, field=self.field + MISSING_SUFFIX)


class Refusal(NamedTuple):
    """Why a row cannot become a point: a short `reason` and what would be right."""

    reason: str
    detail: str


class Meaning:
    """Looks up what the old names of one table mean; each combination is worked out once."""

    def __init__(self, table: str) -> None:
        self.table = table
        self._known: dict[tuple[str | None, ...], Series | Refusal] = {}

    def of(self, row: OldRow) -> Series | Refusal:
        """The series of a row, by its names alone."""
        return self.of_names(*row[1:6])

    def of_names(self, *names: str | None) -> Series | Refusal:
        """The series of these names, in the order of `oldsql.NAMES`."""
        if names not in self._known:
            self._known[names] = self._work_out(*names)
        return self._known[names]

    def _work_out(
        self,
        measurement_type: str | None,
        region: str | None,
        energy_source: str | None,
        unit: str | None,
        quality_flag: str | None,
    ) -> Series | Refusal:
        try:
            kind, place = _measured(self.table, measurement_type, unit)
            return Series(
                self.table,
                kind,
                _code("region", region),
                _code("energy_source", energy_source),
                _flag(quality_flag),
                place.field,
                _words().limits.get(place.units[0]),
            )
        except _Refused as refused:
            return refused.why


class _Refused(Exception):
    """Carries a refusal out of the work on one name."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.why = Refusal(reason, detail)


class _Place(NamedTuple):
    """A field, and the units in which its values may come."""

    field: str
    units: tuple[str, ...]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    units: tuple[str, ...]
    names: tuple[str, ...]


class _Words(BaseModel):
    """The shape of `legacy.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tables: dict[str, dict[str, _Entry]]
    same_units: tuple[tuple[str, ...], ...]
    limits: dict[str, tuple[float, float]]
    flags: dict[str, tuple[str, ...]]
    nothing: tuple[str, ...]


@lru_cache(maxsize=1)
def _words() -> _Words:
    text = files(__package__).joinpath("legacy.yaml").read_text(encoding="utf-8")
    return _Words.model_validate(yaml.safe_load(text))


@lru_cache(maxsize=1)
def _places() -> dict[tuple[str, str], tuple[_Place, ...]]:
    """Table and folded measurement type -> the fields it can mean, by unit."""
    found: dict[tuple[str, str], dict[str, _Place]] = {}
    for table, name, place in (*_of_catalogue(), *_of_earlier_designs()):
        found.setdefault((table, _key(name)), {}).setdefault(place.field, place)
    return {key: tuple(places.values()) for key, places in found.items()}


def _of_catalogue() -> Iterator[tuple[str, str, _Place]]:
    """Each type in the bucket of its dataset, and then in the two other tables.

    What the old store held under a table need not be where the catalogue has it now.
    """
    known = [(dataset, model) for dataset in catalog() if (model := point_model(dataset))]
    given = [
        (model.bucket, kind, _Place(name, _spread(units_by_type(dataset)[kind])))
        for dataset, model in known
        for kind, name in model.fields.items()
    ]
    yield from given
    for table in _words().tables:
        yield from ((table, kind, place) for bucket, kind, place in given if bucket != table)


def _of_earlier_designs() -> Iterator[tuple[str, str, _Place]]:
    """The types of `legacy.yaml`; a field's own name is one of them."""
    for table, entries in _words().tables.items():
        for name, entry in entries.items():
            for word in (name, *entry.names):
                yield table, word, _Place(name, entry.units)


def _spread(unit: str) -> tuple[str, ...]:
    same = next((group for group in _words().same_units if unit in group), ())
    return (unit, *(other for other in same if other != unit))


def _measured(table: str, kind: str | None, unit: str | None) -> tuple[str, _Place]:
    """The folded type and its field; of several fields the one whose unit it is."""
    if not kind or not kind.strip():
        raise _Refused("no_measurement_type", "the row does not say what it measures")
    places = _places().get((table, _key(kind)))
    if places is None:
        raise _Refused("unknown_measurement_type", f"{kind!r} is not known in {table}")
    if unit is None or not unit.strip():
        return _key(kind), places[0]
    symbol = canonical_unit(unit)
    for place in places:
        if symbol in place.units:
            return _key(kind), place
    expected = ", ".join(dict.fromkeys(unit for place in places for unit in place.units))
    raise _Refused("unit_mismatch", f"{kind} in {unit!r}; it is measured in {expected}")


def _code(column: str, text: str | None) -> str | None:
    if text is None or fold(text) in _words().nothing:
        return None
    code = _codes(column).get(fold(text))
    if code is None:
        known = ", ".join(dict.fromkeys(_codes(column).values()))
        raise _Refused(f"unknown_{column}", f"{text!r} is none of {known}")
    return code


@lru_cache(maxsize=2)
def _codes(column: str) -> dict[str, str]:
    words = vocabulary()
    return codes(words.regions if column == "region" else words.sources)


def _flag(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    name = _key(text)
    meant = next((flag for flag, names in _words().flags.items() if name in names), name)
    if not _FLAG.fullmatch(meant):
        raise _Refused("unknown_quality_flag", f"{text[:40]!r} is no flag")
    return meant


def _key(name: str) -> str:
    return re.sub(r"[\s.\-]+", "_", fold(name))
