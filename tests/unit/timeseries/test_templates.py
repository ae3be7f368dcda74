"""Templates as Flux that the guard lets pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.flux.guard import guard_flux
from ons_platform.timeseries.flux.limits import FluxLimits
from ons_platform.timeseries.templates import filled, templates

START = datetime(2023, 1, 1, tzinfo=timezone(timedelta(hours=-3)))
STOP = datetime(2023, 2, 1, tzinfo=timezone(timedelta(hours=-3)))
NOW = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("region", [None, "SE", "sudeste", "Northeast"])
@pytest.mark.parametrize("name", ["generation_trend", "consumption_peak", "transmission_losses"])
def test_every_template_is_a_query_the_guard_takes(name: str, region: str | None) -> None:
    text = filled(name, START, STOP, region)
    assert "range(start: 2023-01-01T03:00:00Z, stop: 2023-02-01T03:00:00Z)" in text
    assert ("r.region ==" in text) == (region is not None)
    assert guard_flux(text, now=NOW, limits=FluxLimits(max_rows=1000)).buckets


def test_there_are_the_three_of_the_design_and_each_has_a_unit() -> None:
    units = {name: item.unit for name, item in templates().items()}
    assert units == {
        "generation_trend": "MWmed", "consumption_peak": "MWmed", "transmission_losses": "MWh",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "stop", "region", "field"),
    [
        ("generation", STOP, None, "template"),
        ("generation_trend", START, None, "parameters.stop_time"),
        ("generation_trend", STOP, 'SE" or r.region != "', "parameters.region"),
        ("generation_trend", STOP, "atlantis", "parameters.region"),
    ],
)
def test_what_cannot_be_filled_in_is_told(
    name: str, stop: datetime, region: str | None, field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        filled(name, START, stop, region)
    assert [item["field"] for item in refused.value.where["details"]] == [field]
