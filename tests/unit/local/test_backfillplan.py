from __future__ import annotations

from pathlib import Path

import pytest

from ons_local.backfillplan import Plan, plan
from ons_platform.errors import InvalidRequest


def named(folder: Path, wanted: Plan) -> list[list[str]]:
    return [[str(path.relative_to(folder)) for path in group] for group in wanted.groups]


def test_revisions_of_a_file_follow_one_another_oldest_first(made, tmp_path):
    made(
        tmp_path,
        "CURVA_CARGA_2023.csv",
        "SNAP2023-10__CURVA_CARGA_2023.csv",
        "20220105_CURVA_CARGA_2023.csv",
        "B_2001.xlsx",
        "old/B_2001.xlsx",
        "a_2000.parquet",
    )
    assert named(tmp_path, plan(tmp_path)) == [
        ["a_2000.parquet"],
        ["B_2001.xlsx", "old/B_2001.xlsx"],
        [
            "20220105_CURVA_CARGA_2023.csv",
            "SNAP2023-10__CURVA_CARGA_2023.csv",
            "CURVA_CARGA_2023.csv",
        ],
    ]


@pytest.mark.parametrize("name", ["CARGA_2023_10.csv", "GERACAO_USINA-2_2022_01.csv", "2023.csv"])
def test_a_date_that_is_part_of_a_name_makes_no_snapshot(made, tmp_path, name):
    made(tmp_path, name, "Z.csv")
    assert len(plan(tmp_path).groups) == 2


def test_what_is_left_out_is_told(made, tmp_path):
    made(tmp_path, "a.csv", "relatorio.PDF", "LEIAME.md", ".hidden.csv", "b.csv")
    wanted = plan(tmp_path, "[!b]*")
    assert named(tmp_path, wanted) == [["a.csv"]]
    why = {path.name: text for path, text in wanted.skipped}
    assert "documents" in why["relatorio.PDF"]
    assert ".csv" in why["LEIAME.md"]
    assert len(why) == 2


def test_a_folder_without_tables_is_told(made, tmp_path):
    with pytest.raises(InvalidRequest, match="not a folder"):
        plan(tmp_path / "nope")
    with pytest.raises(InvalidRequest, match="no table"):
        plan(made(tmp_path, "a.pdf"))
