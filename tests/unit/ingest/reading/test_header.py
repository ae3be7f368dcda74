"""Which dataset a header is, and what differs when it is none."""

from __future__ import annotations

import pytest

from ons_platform.catalog.filenames import example
from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import Catalog, catalog
from ons_platform.errors import MalformedFile, UnknownDataset
from ons_platform.ingest.reading.header import match_header, recognise

LOAD = ["id_subsistema", "nom_subsistema", "din_instante", "val_cargaenergiahomwmed"]


def test_names_are_folded_and_trimmed_and_aliases_count() -> None:
    balance = catalog()["balanco-energia-subsistema"]
    header = [f" {column.name.upper()} " for column in balance.columns]
    header[0] = "Id_Subsistena"
    match = match_header([*header, "nova", ""], balance)
    assert match.fits
    assert match.extra == ("nova",)
    assert "nom_subsistema" not in match.names
    assert "id_subsistema" in match.names


def test_the_name_decides_and_missing_columns_are_named() -> None:
    with pytest.raises(MalformedFile) as caught:
        recognise("CURVA_CARGA_2023.csv", LOAD[:3], catalog())
    assert caught.value.where["missing"] == ["val_cargaenergiahomwmed"]
    assert caught.value.where["found"] == LOAD[:3]
    assert caught.value.where["expected"] == [LOAD[0], *LOAD[2:]]


def test_neither_name_nor_columns_gives_the_nearest_and_what_differs() -> None:
    with pytest.raises(UnknownDataset) as caught:
        recognise("x.csv", LOAD[:3], catalog())
    nearest = caught.value.where["nearest"]
    assert len(nearest) == 3
    assert "missing" in nearest[0]
    assert "faltam" in caught.value.where["message_pt"]


def test_columns_that_fit_two_datasets_equally_are_asked_about() -> None:
    load = catalog()["curva-carga"]
    twins = Catalog([load, load.model_copy(update={"dataset": "gemeo"})])
    with pytest.raises(UnknownDataset, match="curva-carga, gemeo"):
        recognise("x.csv", LOAD, twins)


def test_what_the_file_names_of_the_candidates_look_like_is_told() -> None:
    load = catalog()["curva-carga"]
    twins = Catalog([load, load.model_copy(update={"dataset": "gemeo"})])
    with pytest.raises(UnknownDataset, match=r"CURVA_CARGA_\{YYYY\}") as caught:
        recognise("x.csv", LOAD, twins)
    assert caught.value.where["candidates"] == ["curva-carga", "gemeo"]


@pytest.mark.parametrize("shift", range(4))
def test_the_order_of_columns_does_not_matter(shift: int) -> None:
    header = LOAD[shift:] + LOAD[:shift]
    match = recognise("CURVA_CARGA_2023.csv", header, catalog()).match
    assert {header[index]: column.name for index, column in match.wanted.items()} == {
        name: name for name in LOAD if name != "nom_subsistema"
    }


def test_one_slip_of_the_keyboard_is_forgiven_and_told() -> None:
    header = ["id_subsistema", "din_instnte", "val_cargaenergiahomwmed"]
    match = recognise("CURVA_CARGA_2023.csv", header, catalog()).match
    assert match.misspelled == (("din_instnte", "din_instante"),)
    assert match.fits
    assert match.extra == ()
    assert match.wanted[1].name == "din_instante"


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (["id_subsistema", "din_instnte", "val_cargaenergiahomwme"], "two columns are misspelled"),
        (["id_subsistema", "din_instnte", "din_instantes", LOAD[3]], "two may be meant"),
        (["id_subsistema", "din_instante", "val_cargaenergiamwmed"], "another dataset's column"),
        (["id_subsistema", "din_instante", "val_cargaenergiahomwmes"], "another unit"),
        (["id_subsistema", "din_instante2", LOAD[3]], "another number"),
        (["id_subsistema", "hora", LOAD[3]], "nothing like it"),
    ],
)
def test_no_other_slip_is_forgiven(header: list[str], why: str) -> None:
    with pytest.raises(MalformedFile) as caught:
        recognise("CURVA_CARGA_2023.csv", header, catalog())
    assert caught.value.where["missing"], why


def test_what_was_probably_meant_is_asked() -> None:
    with pytest.raises(MalformedFile, match=r"val_cargaenergiamwmed → val_cargaenergiahomwmed\?"):
        recognise("CURVA_CARGA_2023.csv", [*LOAD[:3], "val_cargaenergiamwmed"], catalog())


def test_a_file_with_another_datasets_columns_is_told_so() -> None:
    header = [column.name for column in catalog()["balanco-energia-subsistema"].columns]
    with pytest.raises(MalformedFile, match="are those of balanco-energia-subsistema") as caught:
        recognise("CURVA_CARGA_2023.csv", header, catalog())
    assert "são as de balanco-energia-subsistema" in caught.value.where["message_pt"]


def test_a_few_known_columns_among_many_strange_ones_are_no_dataset() -> None:
    with pytest.raises(UnknownDataset, match="extra a, b, c"):
        recognise("x.csv", [*LOAD, "a", "b", "c"], catalog())
    assert recognise("x.csv", [*LOAD, "a"], catalog()).match.extra == ("a",)


@pytest.mark.parametrize("dataset", list(catalog()), ids=lambda item: item.dataset)
def test_a_letter_lost_never_makes_another_column_of_it(dataset: Dataset) -> None:
    """Whichever column loses its third letter: read as itself with a warning, or refused."""
    name = f"{example(dataset.files.patterns[0])}.csv"
    header = [column.name for column in dataset.columns]
    for index, column in enumerate(dataset.columns):
        wrong = column.name[:2] + column.name[3:]
        written = [*header[:index], wrong, *header[index + 1 :]]
        try:
            match = recognise(name, written, catalog()).match
        except MalformedFile as refusal:
            assert column.name in refusal.where["missing"]  # noqa: PT017 - either may happen
            continue
        read = {at: item.name for at, item in match.wanted.items()}
        assert read.get(index) in (None, column.name)
        assert all(header[at] == item for at, item in read.items())
        if index in read:
            assert match.misspelled == ((wrong, column.name),)
        else:
            assert column.optional or column.role == "unused"
            assert wrong in match.extra
