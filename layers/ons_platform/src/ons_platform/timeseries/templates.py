"""Flux with places to fill in: what people ask for most, one name each (QRY-6)."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from ons_platform.catalog.model import Text
from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.instants import rfc3339
from ons_platform.timeseries.names import tag_value

REGIONS = ("SE", "S", "NE", "N", "SIN")


class Template(BaseModel):
    """A query with the places `{start}`, `{stop}` and `{region}`; its values are in `unit`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text
    unit: str
    flux: str


@lru_cache(maxsize=1)
def templates() -> dict[str, Template]:
    """Every template by its name."""
    folder = files("ons_platform.timeseries")
    text = folder.joinpath("templates.yaml").read_text(encoding="utf-8")
    return {name: Template.model_validate(item) for name, item in yaml.safe_load(text).items()}


def filled(name: str, start: datetime, stop: datetime, region: str | None = None) -> str:
    """The Flux of a template for [start, stop) (aware), of one subsystem or of all.

    A subsystem may be named as people do (`sudeste`). Raises `InvalidRequest` that lists what
    there is.
    """
    known = templates()
    if name not in known:
        raise _invalid("template", f"there is no {name}; there is {', '.join(known)}")
    if not start < stop:
        raise _invalid("parameters.stop_time", "must lie after start_time")
    test = f' and r.region == "{_region(region)}"' if region is not None else ""
    places = {"{start}": rfc3339(start), "{stop}": rfc3339(stop), "{region}": test}
    text = known[name].flux
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def _region(said: str) -> str:
    code = tag_value("region", said)
    if code not in REGIONS:
        raise _invalid("parameters.region", f"is not a subsystem; there is {', '.join(REGIONS)}")
    return code


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {message}.", details=[{"field": field, "message": message}])
