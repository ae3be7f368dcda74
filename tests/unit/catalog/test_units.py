"""Units are a closed list with one meaning per spelling."""

from __future__ import annotations

import pytest

from ons_platform.catalog.folding import fold
from ons_platform.catalog.units import canonical_unit, units


def test_a_spelling_means_one_unit() -> None:
    seen: dict[str, str] = {}
    for symbol, unit in units().items():
        for name in {fold(symbol), *map(fold, unit.names)}:
            assert seen.setdefault(name, symbol) == symbol


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("MW médio", "MWmed"), ("m3/s", "m³/s"), ("m³/s", "m³/s"), ("%MLT", "%"), ("pu", "p.u."),
        ("graus", "°"), (" r$ / mwh ", "R$/MWh"), ("horas", "h"), ("parsec", None),
    ],
)  # fmt: skip
def test_spellings(text: str, symbol: str | None) -> None:
    assert canonical_unit(text) == symbol


def test_megawatts_and_mean_megawatts_stay_apart() -> None:
    assert canonical_unit("MW") != canonical_unit("MWmed")
