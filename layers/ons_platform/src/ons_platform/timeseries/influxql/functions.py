"""Which functions a query may call, and with how large numbers (`allow.yaml`)."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import yaml

from ons_platform.timeseries.influxql.tree import Call, Name, Number, Text
from ons_platform.timeseries.refusals import refuse


def check_call(query: str, call: Call) -> None:
    """Refuse a function that is not listed, or a number that would cost the server too much."""
    plain, counted = _allowed()
    if call.name in plain:
        return
    if call.name not in counted:
        message = f"The function {call.name[:40]} is not in the list of allowed functions."
        if call.name == "now":
            message = "now() stands in comparisons with time only."
        refuse(query, call.offset, message)
    for argument in call.arguments[1:]:
        if isinstance(argument, Name | Text):
            continue
        whole = argument.whole if isinstance(argument, Number) else None
        if whole is None or whole > counted[call.name]:
            most = counted[call.name]
            refuse(query, argument.offset, f"{call.name} takes whole numbers up to {most} here.")


@lru_cache(maxsize=1)
def _allowed() -> tuple[frozenset[str], dict[str, int]]:
    """Functions without counts, and those with the largest number each takes."""
    package = files("ons_platform.timeseries.influxql")
    listed = yaml.safe_load(package.joinpath("allow.yaml").read_text(encoding="utf-8"))
    counted = {name: int(item["most"]) for name, item in listed["counted"].items()}
    return frozenset(listed["plain"].split()), counted
