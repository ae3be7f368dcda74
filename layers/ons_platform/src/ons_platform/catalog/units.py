"""The units a catalogue entry may state, and which spellings mean the same one."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from ons_platform.catalog.folding import fold

UNITS_FILE = "catalog/units.yaml"


class Unit(BaseModel):
    """What a symbol stands for; `ucum` is its code in UCUM, where UCUM has one.

    `names` are other spellings of it, as contracts and headers write them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pt: str
    en: str
    ucum: str | None = None
    names: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def units() -> dict[str, Unit]:
    """Every unit by its symbol."""
    text = files("ons_platform.catalog").joinpath("units.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded = yaml.load(text, Loader=loader)  # noqa: S506 - both loaders are safe ones
    return {symbol: Unit.model_validate(entry) for symbol, entry in loaded.items()}


@lru_cache(maxsize=1)
def _symbols() -> dict[str, str]:
    table = {fold(name): symbol for symbol, unit in units().items() for name in unit.names}
    return table | {fold(symbol): symbol for symbol in units()}


def canonical_unit(text: str) -> str | None:
    """The symbol a spelling means (`MW médio` → `MWmed`); None for one that is not known."""
    return _symbols().get(fold(text))
