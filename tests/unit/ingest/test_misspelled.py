"""A file with one misspelled column is in the lake whole, and its report says what was assumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ons_platform.errors import MalformedFile

ROWS = [
    "id_subsistema;nom_subsistema;{time};{value}",
    "S;SUL;2023-01-05 00:00:00;7000.5",
    "S;SUL;2023-01-05 01:00:00;7001.5",
]


def text(time: str = "din_instante", value: str = "val_cargaenergiahomwmed") -> str:
    return "\n".join(ROWS).format(time=time, value=value) + "\n"


@pytest.mark.parametrize(
    ("names", "found", "column"),
    [
        ({"time": "DIN_INSTATE"}, "DIN_INSTATE", "din_instante"),
        ({"value": "val_cargaenergihomwmed"}, "val_cargaenergihomwmed", "val_cargaenergiahomwmed"),
    ],
)
def test_one_slip_is_read_and_told(
    make_room: Callable[[], Any], names: dict[str, str], found: str, column: str
) -> None:
    room = make_room()
    outcome = room.ingest("CURVA_CARGA_2023.csv", text(**names))
    assert sorted(room.rows(outcome)["value"]) == [7000.5, 7001.5]
    (told,) = [w for w in room.report(outcome)["warnings"] if w["code"] == "misspelled_column"]
    assert (told["found"], told["column"]) == (found, column)
    assert found in told["pt"]
    assert column in told["en"]


def test_a_slip_in_the_unit_is_refused_and_asked_about(make_room: Callable[[], Any]) -> None:
    with pytest.raises(MalformedFile, match="val_cargaenergiahomwme → val_cargaenergiahomwmed"):
        make_room().ingest("CURVA_CARGA_2023.csv", text(value="val_cargaenergiahomwme"))
