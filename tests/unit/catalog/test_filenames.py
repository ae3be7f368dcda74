"""File names over the years, as browsers, folders and archives change them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.filenames import clash, example, matched, named_period, stems
from ons_platform.catalog.registry import Catalog, catalog

NAMES = [
    (item.dataset, example(pattern, year))
    for item in catalog()
    for pattern in item.files.patterns
    for year in (2000, 2023)
]
DISGUISES = [
    "{}.csv", "{}.CSV", "{}.csv.gz", "{}.csv.zip", "{}.zip", "{}.parquet", "{} (1).csv",
    "{}(2).xlsx", "{} - Cópia.csv", "{} - Copy (3).csv", "SNAP2023-10__{}.csv",
    "{}__tail.csv", "SNAP2023-10__{}__2_rows.csv.gz",
    "year=2023/month=01/{}.csv", "C:\\dados\\{}.csv", "portal.ons.{}.csv", "{}.csv.1",
]  # fmt: skip


@pytest.mark.parametrize("disguise", DISGUISES)
def test_every_name_is_its_own_datasets_in_any_disguise(disguise: str) -> None:
    for slug, name in NAMES:
        for written in (name, name.lower()):
            found = catalog().by_name(disguise.format(written))
            assert found is not None, written
            assert found.dataset == slug, written


def test_no_name_fits_two_datasets() -> None:
    assert catalog().clashes() == []


def test_two_datasets_that_claim_a_name_are_told() -> None:
    load = catalog()["curva-carga"]
    files = load.files.model_copy(update={"patterns": ("Curva_Carga_2010",)})
    twin = load.model_copy(update={"dataset": "gemeo", "files": files})
    (told,) = Catalog([load, twin]).clashes()
    assert told.startswith("curva-carga and gemeo both claim files named CURVA_CARGA_{YYYY}")


@pytest.mark.parametrize(
    ("one", "other", "clashing"),
    [
        ("A_{YYYY}", "a_{YYYY}", True),
        ("A_{YYYY}", "A_2010", True),
        ("A_{YYYY}_{MM}", "A_{YYYY}_{DD}", True),
        ("A_{YYYY}{MM}", "A_{YYYY}_{MM}", False),
        ("A_{YYYY}", "A_{YYYY}_{MM}", False),
        ("A_{YYYY}_{YYYY}", "A_{YYYY}_2000", True),
        ("A", "B", False),
        ("A_{MM}", "A_XX", False),
    ],
)
def test_patterns_that_meet(one: str, other: str, clashing: bool) -> None:
    assert clash(one, other) is clashing
    assert clash(other, one) is clashing


@pytest.mark.parametrize(
    ("pattern", "stem", "length"),
    [
        ("VAZOES_{YYYY}_{YYYY}", "VAZOES_1931_2022", 16),
        ("VAZOES_{YYYY}_{YYYY}", "VAZOES_1931", 0),
        ("X_{YYYY}_{MM}_{DD}", "X_2024_02_31", 12),
        ("X_{YYYY}_{MM}_{DD}", "X_2024_02_32", 0),
        ("X_{YYYY}_{MM}", "X_2024_00", 0),
        ("X_{YYYY}", "X_1899", 0),
        ("X_{YYYY}", "AX_2024", 0),
        ("X_{YYYY}", "A-X_2024", 6),
        ("X.Y", "X_Y", 0),
        ("{YYYY}_X", "2024_X", 6),
    ],
)
def test_what_a_pattern_fits(pattern: str, stem: str, length: int) -> None:
    assert matched(pattern, stem) == length


def test_a_longer_ending_decides() -> None:
    load = catalog()["curva-carga"]
    files = load.files.model_copy(update={"patterns": ("NOVA_CURVA_CARGA_{YYYY}",)})
    other = load.model_copy(update={"dataset": "nova", "files": files})
    found = Catalog([load, other]).by_name("NOVA_CURVA_CARGA_2023.csv")
    assert found is not None
    assert found.dataset == "nova"


@given(st.text(max_size=40))
def test_any_text_has_a_stem_and_no_error(name: str) -> None:
    assert stems(name)
    catalog().by_name(name)


@pytest.mark.parametrize(
    ("pattern", "name", "first", "last"),
    [
        ("CURVA_CARGA_{YYYY}", "S__curva_carga_2010 (1).csv.gz", "2010-01-01", "2010-12-31"),
        (
            "FATOR_CAPACIDADE-2_{YYYY}_{MM}",
            "FATOR_CAPACIDADE-2_2024_02.csv",
            "2024-02-01",
            "2024-02-29",
        ),
        (
            "PROGRAMACAO_DIARIA_{YYYY}_{MM}_{DD}",
            "PROGRAMACAO_DIARIA_2024_10_19.csv",
            "2024-10-19",
            "2024-10-19",
        ),
    ],
)
def test_a_name_says_of_which_time_its_rows_are(
    pattern: str, name: str, first: str, last: str
) -> None:
    expected = (date.fromisoformat(first), date.fromisoformat(last))
    assert named_period(pattern, name) == expected


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("CURVA_CARGA_{YYYY}", "CARGA_ENERGIA_2010.csv"),
        ("CURVA_CARGA_{YYYY}", "CURVA_CARGA_2010_05.csv"),
        ("PROGRAMACAO_DIARIA_{YYYY}_{MM}_{DD}", "PROGRAMACAO_DIARIA_2023_02_29.csv"),
        ("VAZOES_MENSAIS_{YYYY}_{YYYY}", "VAZOES_MENSAIS_1931_2019.xlsx"),
        ("CARGA_MENSAL", "CARGA_MENSAL.csv"),
    ],
)
def test_a_name_that_says_no_one_time(pattern: str, name: str) -> None:
    assert named_period(pattern, name) is None
