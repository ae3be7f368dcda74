"""The allow-list of `sqlallow.yaml`: what a raw SQL query may consist of (DESIGN 8)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml


@dataclass(frozen=True)
class AllowList:
    """Names of expression classes, of functions the parser keeps by name, and of types."""

    nodes: frozenset[str]
    named_functions: frozenset[str]
    types: frozenset[str]


@lru_cache(maxsize=1)
def allow_list() -> AllowList:
    """The list shipped with the package."""
    text = files("ons_platform.timeseries").joinpath("sqlallow.yaml").read_text(encoding="utf-8")
    names = {key: frozenset(value.split()) for key, value in yaml.safe_load(text).items()}
    return AllowList(
        nodes=names["structure"] | names["operators"] | names["functions"],
        named_functions=names["named_functions"],
        types=names["types"],
    )
