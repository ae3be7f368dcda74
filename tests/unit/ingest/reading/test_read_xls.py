"""Old workbooks. `data/curva.xls` has three sheets, one of them hidden; its table begins at B4."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.errors import FileLimitExceeded, MalformedFile, RejectedFile
from ons_platform.ingest.reading import read_xls
from ons_platform.ingest.reading.header import match_header
from ons_platform.ingest.reading.readers import open_source

FILE = Path(__file__).parent / "data" / "curva.xls"
VALUE = "val_cargaenergiahomwmed"


def read(path: Path, kind: str = "xls") -> dict[str, list[Any]]:
    source = open_source(path, "CURVA_CARGA_2023.xls", kind, catalog(), path.parent, 10**9)
    found: dict[str, list[Any]] = {"rows": []}
    for batch in source.batches(match_header(source.header, catalog()["curva-carga"]).wanted):
        found["rows"] += batch.rows.tolist()
        for name, cells in batch.columns.items():
            found.setdefault(name, []).extend(cells.to_pylist())
    source.close()
    return found


def test_the_visible_sheet_with_the_table_is_read_from_wherever_it_begins() -> None:
    found = read(FILE)
    assert found["rows"] == [5, 6, 8, 9, 10, 11]
    assert found["id_subsistema"] == ["SE", "S", "NE", "N", "SE", "SE"]


def test_dates_may_be_dates_or_text_and_numbers_fractions_percents_or_text() -> None:
    found = read(FILE)
    assert found["din_instante"][:4] == [
        "2023-01-01 00:00:00", "2023-01-01 23:00:00", "31/12/2023 23:00", "2023-06-30 12:00:00",
    ]  # fmt: skip
    assert found[VALUE] == ["33245.123e0", "9876.0e0", "1.234,56", None, "0.5e0", None]


def test_the_whole_platform_reads_it(room: Any) -> None:
    outcome = room.ingest("CURVA_CARGA_2023.xls", FILE.read_bytes())
    rows = room.rows(outcome).sort_values("timestamp")
    assert rows["value"].dropna().tolist() == [33245.123, 9876.0, 0.5, 1234.56]


def test_broken_workbooks_are_refused_whatever_is_broken(tmp_path: Path) -> None:
    whole = FILE.read_bytes()
    refused = 0
    for seed in range(150):
        rng = Random(seed)
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 5, 50])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path = tmp_path / "file"
        path.write_bytes(damaged[: rng.choice([len(damaged), rng.randrange(1, len(damaged))])])
        try:
            read(path)
        except RejectedFile:
            refused += 1
    assert refused > 50


def test_what_is_no_workbook_and_what_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page").write_text("<html><table><tr><td>id_subsistema</td></tr></table></html>")
    with pytest.raises(MalformedFile, match="XLS"):
        read(tmp_path / "page")
    monkeypatch.setattr(read_xls, "MAX_BYTES", 5000)
    with pytest.raises(FileLimitExceeded, match="5000"):
        read(FILE)


def test_an_old_workbook_under_the_new_extension_is_refused() -> None:
    with pytest.raises(MalformedFile, match="XLSX"):
        read(FILE, "xlsx")
