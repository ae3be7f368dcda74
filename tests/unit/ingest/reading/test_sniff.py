"""The header and the dialect are found wherever they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.ingest.reading.header import known_names
from ons_platform.ingest.reading.sniff import header_index, sniff

HEADER = ["id_subsistema", "nom_subsistema", "din_instante", "val_cmo"]
KNOWN = known_names(catalog())


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_header_below_a_title(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "file.csv"
    title = "Custo; médio, diário\r\n\r\n"
    content = (title + delimiter.join(HEADER) + "\r\n").encode(encoding)
    path.write_bytes(content + b"rows")
    found = sniff(path, "file.csv", KNOWN)
    assert found.header == tuple(HEADER)
    assert found.delimiter == delimiter
    assert found.header_row == 3
    assert found.start == len(content)
    assert found.encoding == ("cp1252" if encoding == "cp1252" else "utf8")


def test_without_a_known_name_the_widest_row_is_the_header() -> None:
    assert header_index([["Title"], [], ["a", "b", "c"], ["1", "2", "3"]], KNOWN) == 2


def test_a_multibyte_character_cut_by_the_sample_is_still_utf8(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    row = "é" * 50 + "\n"
    path.write_bytes((";".join(HEADER) + "\n" + "x" + row * 20_000).encode())
    assert sniff(path, "file.csv", KNOWN).encoding == "utf8"
