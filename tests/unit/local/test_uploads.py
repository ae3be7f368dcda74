from __future__ import annotations

import pytest

from ons_local.uploads import DOCUMENT_SUFFIXES, TABLE_SUFFIXES, collect
from ons_platform.errors import InvalidRequest
from ons_platform.ingest.route import DOCUMENTS


def test_folders_give_their_data_files_and_names_are_taken_as_they_are(tmp_path):
    for name in ("b.CSV", "a.xlsx", "README.md", ".hidden.csv", "deep/er/c.parquet", ".git/d.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = collect([tmp_path / "README.md", tmp_path, tmp_path / "a.xlsx"])
    assert [str(path.relative_to(tmp_path)) for path in found] == [
        "README.md",
        "a.xlsx",
        "b.CSV",
        "deep/er/c.parquet",
    ]


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(InvalidRequest, match="does not exist"):
        collect([tmp_path / "nope.csv"])
    with pytest.raises(InvalidRequest, match="no data file"):
        collect([tmp_path])


def test_folders_are_searched_for_what_the_router_takes():
    assert {f".{name}" for name in DOCUMENTS} == DOCUMENT_SUFFIXES
    assert {".csv", ".zip", ".gz", ".xls", ".xlsx", ".parquet", ".json"} <= TABLE_SUFFIXES
    assert ".txt" not in TABLE_SUFFIXES
