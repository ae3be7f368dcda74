"""The zone of Brasília as the `tzdata` package ships it, whatever the machine's own says."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo


@lru_cache(maxsize=1)
def brasilia() -> ZoneInfo:
    """`America/Sao_Paulo`; needs no numpy, so that small functions can afford it."""
    with files("tzdata.zoneinfo.America").joinpath("Sao_Paulo").open("rb") as stream:
        return ZoneInfo.from_file(stream, key="America/Sao_Paulo")
