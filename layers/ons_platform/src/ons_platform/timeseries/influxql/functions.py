"""Which functions a query may call, and with how large numbers (`allow.yaml`)."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from ons_platform.timeseries.influxql.tree import Call, Expression, Name, Number, Text
from ons_platform.timeseries.refusals import refusal, refuse


class Counted(BaseModel):
    """What a function's whole numbers may be: each, times windows, and over how many windows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most: int
    product: int | None = None
    windows: int | None = None


def check_call(query: str, call: Call, windows: int) -> None:
    """Refuse a function that is not listed, or a number that would cost the server too much.

    `windows` is how many windows of time the SELECT has, 0 without GROUP BY time.
    """
    plain, counted = _allowed()
    if call.name in plain:
        return
    if call.name not in counted:
        message = f"The function {call.name[:40]} is not in the list of allowed functions."
        if call.name == "now":
            message = "now() stands in comparisons with time only."
        refuse(query, call.offset, message)
    bounds = counted[call.name]
    if bounds.windows is not None and windows > bounds.windows:
        message = f"{call.name} takes {bounds.windows:,} windows of time; these are {windows:,}."
        refuse(query, call.offset, message)
    most = bounds.most
    if bounds.product is not None:
        most = min(most, bounds.product // max(windows, 1))
    for argument in call.arguments[1:]:
        _check_number(query, call.name, argument, most)


def _check_number(query: str, name: str, argument: Expression, most: int) -> None:
    if isinstance(argument, Name | Text):
        return
    whole = argument.whole if isinstance(argument, Number) else None
    if whole is None or whole > most:
        raise refusal(query, argument.offset, f"{name} takes whole numbers up to {most} here.")


@lru_cache(maxsize=1)
def _allowed() -> tuple[frozenset[str], dict[str, Counted]]:
    """Functions without counts, and those with the bounds of theirs."""
    package = files("ons_platform.timeseries.influxql")
    listed = yaml.safe_load(package.joinpath("allow.yaml").read_text(encoding="utf-8"))
    counted = {name: Counted.model_validate(item) for name, item in listed["counted"].items()}
    return frozenset(listed["plain"].split()), counted
