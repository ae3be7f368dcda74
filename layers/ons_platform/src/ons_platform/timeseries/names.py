"""The names of the time-series store, and what people call them: buckets, fields, tags, values.

Raw queries in Flux and InfluxQL may use names of an earlier design (`source`, `southeast`, a
measurement named `power_mw`), of the old Timestream store, and Portuguese ones (C5). The table is
`names.yaml`; regions, sources and states are the catalogue's vocabulary. Comparison is folded, and
a name that is not known is given back as it is: the store then finds nothing under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from ons_platform.catalog.folding import fold
from ons_platform.catalog.registry import catalog
from ons_platform.catalog.vocabulary import codes, vocabulary
from ons_platform.timeseries.points import ALIAS, BUCKETS, MISSING_SUFFIX, point_model


@dataclass(frozen=True)
class Measured:
    """What a measurement's name in a query means.

    `measurement` is the one meant, None for all of them; `field` is set where the name is that of
    a field, as in 004's templates (`_measurement == "power_mw"`).
    """

    measurement: str | None
    field: str | None = None


def bucket(name: str) -> str:
    """The bucket meant, `energy_data` for all of them; an unknown name as it is."""
    return _tables().buckets.get(_key(name), name)


def buckets_of(name: str) -> tuple[str, ...]:
    """The buckets a name stands for: one, all of them for the alias, none for an unknown name."""
    meant = bucket(name)
    if meant == ALIAS:
        return BUCKETS
    return (meant,) if meant in BUCKETS else ()


def measurement(name: str) -> Measured:
    """The measurement, or the field, that a query names where it names a measurement."""
    meant = bucket(name)
    if meant == ALIAS:
        return Measured(None)
    if meant in BUCKETS:
        return Measured(meant)
    asked = field(name)
    return Measured(None, asked) if asked in fields() else Measured(name)


def field(name: str) -> str:
    """The field meant; an unknown name as it is."""
    if name in fields():
        return name
    key = _key(name)
    missing = key.endswith(MISSING_SUFFIX)
    stem = _tables().fields.get(key.removesuffix(MISSING_SUFFIX))
    return name if stem is None else stem + MISSING_SUFFIX * missing


def fields() -> Mapping[str, tuple[str, ...]]:
    """Every known field, with the buckets it stands in."""
    return _tables().homes


def tag(name: str, buckets: Iterable[str] = ()) -> str:
    """The tag meant; an unknown name as it is.

    A plant is `plant_name` in generation_data and `entity_name` in the others: `buckets` are those
    the query reads; of several kinds, the name is kept where it is one of the two.
    """
    found = _tables().tags.get(_key(name), name)
    spellings = _tables().entities.get(found)
    if spellings is None:
        return found
    used = {spellings.get(item, spellings["others"]) for item in buckets}
    if len(used) == 1:
        return used.pop()
    return name if name in spellings.values() else spellings[BUCKETS[0]]


def tags() -> frozenset[str]:
    """Every known tag by the store's own name."""
    return _tables().own_tags


def tag_value(tag: str, value: str) -> str:
    """What the store writes for a value of that tag (its own name): `southeast` is `SE`.

    Regions, sources and states only; a value that is not known as it is.
    """
    return _tables().values.get(tag, {}).get(fold(value), value)


class _File(BaseModel):
    """The shape of `names.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    everything: tuple[str, ...]
    buckets: dict[str, tuple[str, ...]]
    tags: dict[str, tuple[str, ...]]
    entity_tags: dict[str, dict[str, str]]
    entity_names: dict[str, tuple[str, ...]]
    fields: dict[str, dict[str, tuple[str, ...]]]
    former_fields: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Tables:
    """Names as they are looked up, by their folded form."""

    buckets: dict[str, str]
    tags: dict[str, str]
    entities: dict[str, dict[str, str]]
    own_tags: frozenset[str]
    fields: dict[str, str]
    homes: dict[str, tuple[str, ...]]
    values: dict[str, dict[str, str]]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    file = _read()
    models = [model for item in catalog() if (model := point_model(item))]
    homes = _homes(
        file, [(name, model.bucket) for model in models for name in model.fields.values()]
    )
    own_tags = {name for model in models for name in model.tags.values()} | set(file.tags)
    entities = {names[BUCKETS[0]]: names for names in file.entity_tags.values()}
    spoken = _turned(file.tags) | {
        _key(name): file.entity_tags[kind][BUCKETS[0]]
        for kind, names in file.entity_names.items()
        for name in names
    }
    return _Tables(
        buckets=_turned({**file.buckets, ALIAS: file.everything}),
        tags={_key(name): name for name in own_tags} | spoken,
        entities=entities,
        own_tags=frozenset(own_tags),
        fields=_turned({k: v for part in file.fields.values() for k, v in part.items()})
        | {_key(name): name for name in homes},
        homes=homes,
        values=_values(),
    )


def _read() -> _File:
    text = files("ons_platform.timeseries").joinpath("names.yaml").read_text(encoding="utf-8")
    return _File.model_validate(yaml.safe_load(text))


def _homes(file: _File, written: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Each field with its buckets, the one that 004 gives it first; `<field>_missing` too."""
    pairs = [(name, home) for home, part in file.fields.items() for name in part]
    pairs += [(name, home) for home, names in file.former_fields.items() for name in names]
    pairs += sorted(written, key=lambda pair: BUCKETS.index(pair[1]))
    found: dict[str, dict[str, None]] = {}
    for name, home in pairs:
        found.setdefault(name, {})[home] = None
        found.setdefault(name + MISSING_SUFFIX, {})[home] = None
    return {name: tuple(places) for name, places in found.items()}


def _values() -> dict[str, dict[str, str]]:
    words = vocabulary()
    regions = codes(words.regions)
    return {
        "region": regions,
        "region_to": regions,
        "energy_source": codes(words.sources),
        "state": codes(words.states),
    }


def _turned(names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Every spelling, folded, to the name it stands for; each name stands for itself too."""
    return {_key(word): name for name, words in names.items() for word in (name, *words)}


def _key(name: str) -> str:
    return re.sub(r"[\s.\-]+", "_", fold(name))
