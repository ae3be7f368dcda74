"""Which names are similar enough to be asked about, and which to be taken for each other."""

from __future__ import annotations

import pytest

from ons_platform.ingest.reading.spelling import hints, is_slip, likeness


@pytest.mark.parametrize(
    ("found", "name", "slip"),
    [
        ("id_subsistena", "id_subsistema", True),
        ("DIN_INSTANT", "din_instante", True),
        ("val_sm1", "val_sm2", False),
        ("val_potencia2", "val_potencia", False),
        ("ear_verif_mwmes", "ear_verif_mwmed", False),
        ("val_niveltensao_kv", "val_niveltensao_v", False),
        ("val_cargaenergiahomwmed", "val_cargaenergiamwmed", True),
        ("nom_usina", "nom_estado", False),
    ],
)
def test_slips(found: str, name: str, slip: bool) -> None:
    assert is_slip(found, name) is slip
    assert is_slip(name, found) is slip


def test_hints_name_the_most_similar_or_nothing() -> None:
    assert hints(["x", "val_carg"], ["val_carga", "din_instante"]) == ["val_carg → val_carga?"]
    assert hints([], ["val_carga"]) == []


def test_likeness_is_that_of_folded_names() -> None:
    assert likeness(" Geração ", "geracao") == 1
