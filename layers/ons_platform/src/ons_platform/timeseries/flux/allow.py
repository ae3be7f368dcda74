"""The allow-list of `allow.yaml`: the packages and names a raw Flux query may use (DESIGN 8)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import yaml

UNIVERSE = "universe"
"""The package whose names need no import."""
MOVED = {"date/boundaries": "experimental/date/boundaries"}
"""Paths of newer Flux by their name on InfluxDB 2.7."""


@lru_cache(maxsize=1)
def allow_list() -> Mapping[str, Mapping[str, str]]:
    """Package path -> name -> group (`constants`, `numbers`, `texts`, `keep`, `rules`, ...)."""
    text = files(__package__).joinpath("allow.yaml").read_text(encoding="utf-8")
    return {
        path: {name: group for group, names in groups.items() for name in names.split()}
        for path, groups in yaml.safe_load(text).items()
    }
