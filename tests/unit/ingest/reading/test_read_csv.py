"""Large CSV files: what comes late is read as well as what comes early."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.errors import MalformedFile
from ons_platform.ingest.reading.cells import NumberReader
from ons_platform.ingest.reading.header import known_names, match_header
from ons_platform.ingest.reading.read_csv import CsvSource

DATASET = catalog()["curva-carga"]
HEADER = b"id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n"
ROW = b"SE;SUDESTE/CENTRO-OESTE        ;2023-01-01 00:00:00;12345.67800000\n"
MANY = 150_000  # more than one block


def read(path: Path, content: bytes) -> tuple[CsvSource, list[int], list[str]]:
    """Row numbers and values as text."""
    path.write_bytes(content)
    source = CsvSource(path, "file.csv", known_names(catalog()))
    rows: list[int] = []
    values: list[str] = []
    for batch in source.batches(match_header(source.header, DATASET).wanted):
        rows.extend(batch.rows.tolist())
        values.extend(batch.columns["val_cargaenergiahomwmed"].cast(pa.string()).to_pylist())
    source.close()
    return source, rows, values


def test_a_late_odd_cell_makes_the_rest_tolerant_and_loses_no_row(tmp_path: Path) -> None:
    odd = ROW.replace(b"12345.67800000", b"abc")
    source, rows, values = read(tmp_path / "f", HEADER + ROW * MANY + odd + ROW)
    assert source.tolerant
    assert rows == list(range(2, MANY + 4))
    assert values[-2:] == ["abc", "12345.67800000"]


def test_late_rows_of_another_width_are_left_out_and_numbered(tmp_path: Path) -> None:
    source, rows, _ = read(tmp_path / "f", HEADER + ROW * MANY + b"SE;1\n" + ROW + b"x\n" + ROW)
    assert source.bad_count == 2
    assert [place.row for place in source.bad_rows] == [MANY + 2, MANY + 4]
    assert rows[-2:] == [MANY + 3, MANY + 5]


def test_accents_of_windows_after_a_million_plain_bytes(tmp_path: Path) -> None:
    accents = ROW.replace(b"SE;", "Goiás;".encode("cp1252"))
    _, rows, _ = read(tmp_path / "f", HEADER + ROW * MANY + accents)
    assert len(rows) == MANY + 1


def test_bytes_of_no_encoding_after_a_million_plain_ones(tmp_path: Path) -> None:
    with pytest.raises(MalformedFile, match="CSV"):
        read(tmp_path / "f", HEADER + ROW * MANY + ROW.replace(b"SE;", b"\x81\x8d;"))


def test_clean_files_are_typed_by_arrow(tmp_path: Path) -> None:
    source, rows, values = read(tmp_path / "f", HEADER + ROW * 3)
    assert not source.tolerant
    assert (rows, values) == ([2, 3, 4], ["12345.678"] * 3)


def values_of(path: Path, content: bytes) -> list[Any]:
    source, _, _ = read(path, content)
    found: list[Any] = []
    reader = NumberReader()
    for batch in CsvSource(path, "file.csv", known_names(catalog())).batches(
        match_header(source.header, DATASET).wanted
    ):
        cells = batch.columns["val_cargaenergiahomwmed"]
        decimal = batch.decimals.get("val_cargaenergiahomwmed")
        found += reader.read(cells, decimal).values.to_pylist()
    return found


def table(*numbers: str) -> bytes:
    return HEADER + b"".join(ROW.replace(b"12345.67800000", n.encode()) for n in numbers)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_numbers_are_those_python_reads(numbers: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for write in (repr, "{:.8f}".format):
            texts = [write(number) for number in numbers]
            for odd in ([], ["x"]):  # typed by Arrow, and as text
                found = values_of(Path(folder) / "f", table(*texts, *odd))
                expected = [repr(float(text)) for text in texts]
                assert [repr(value) for value in found[: len(texts)]] == expected


@pytest.mark.parametrize("place", [3, 999, 1500])
def test_a_comma_for_a_point_in_one_cell_changes_no_other(tmp_path: Path, place: int) -> None:
    texts = ["110.234", "12.5"] * 1000
    texts[place] = "7,25"
    found = values_of(tmp_path / "f", table(*texts))
    expected = [float(text.replace(",", ".")) for text in texts]
    assert found == expected


@pytest.mark.parametrize("before", [2000, MANY])
def test_decimal_commas_at_the_end_tell_how_the_beginning_is_written(
    tmp_path: Path, before: int
) -> None:
    texts = ["1.234"] * before + ["1.234,56", "1.234"] * 2
    expected = [1234.0] * before + [1234.56, 1234.0] * 2
    assert values_of(tmp_path / "f", table(*texts)) == expected


@pytest.mark.parametrize("header_too", [True, False])
def test_empty_columns_behind_are_no_columns(tmp_path: Path, header_too: bool) -> None:
    more = b";;"
    header = HEADER.strip() + (more if header_too else b"") + b"\n"
    source, rows, _ = read(tmp_path / "f", header + (ROW.strip() + more + b"\n") * 3 + b"\n\n")
    assert rows == [2, 3, 4]
    assert not source.bad_count


def test_a_header_may_be_wider_than_its_rows(tmp_path: Path) -> None:
    _, rows, _ = read(tmp_path / "f", HEADER.strip() + b";;\n" + ROW * 3)
    assert rows == [2, 3, 4]


def test_lines_may_end_as_on_any_machine(tmp_path: Path) -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        content = (HEADER + ROW * 3).replace(b"\n", end) + end * 2
        assert read(tmp_path / "f", content)[1] == [2, 3, 4]


def test_cells_with_delimiters_and_line_breaks(tmp_path: Path) -> None:
    row = b'SE;"SUDESTE;\nCENTRO ""OESTE""";2023-01-01 00:00:00;"12345.678"\n'
    source, rows, values = read(tmp_path / "f", HEADER + row * 3)
    assert len(rows) == 3
    assert values == ["12345.678"] * 3
    assert source.tolerant


def test_rows_beside_a_broken_one_are_doubtful(tmp_path: Path) -> None:
    broken = ROW.replace(b"12345.678", b"12\n345.678")
    path = tmp_path / "f"
    path.write_bytes(HEADER + ROW * 3 + broken + ROW * 3)
    source = CsvSource(path, "file.csv", known_names(catalog()))
    (batch,) = source.batches(match_header(source.header, DATASET).wanted)
    assert batch.doubtful is not None
    assert batch.rows[batch.doubtful].tolist() == [5, 7]
    assert [remark.code for remark in source.remarks] == ["beside_damage"]


def test_the_last_row_without_its_end_is_doubtful(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes((HEADER + ROW * 30)[:-4])
    source = CsvSource(path, "file.csv", known_names(catalog()))
    (batch,) = source.batches(match_header(source.header, DATASET).wanted)
    assert batch.doubtful is not None
    assert batch.rows[batch.doubtful].tolist() == [31]
    assert source.remarks[0].details == {"row": 31}


@pytest.mark.parametrize("rows", [3, MANY])
def test_one_bad_byte_among_accents_of_utf8_is_refused(tmp_path: Path, rows: int) -> None:
    accents = ROW.replace(b"SE;", "Goiás;".encode())
    with pytest.raises(MalformedFile, match="damaged"):
        read(tmp_path / "f", HEADER + accents * rows + ROW.replace(b"SE", b"\xe1E"))


@pytest.mark.parametrize("kind", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_read_where_it_says_so(room: Any, kind: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(kind, b"")
    content = mark + (HEADER + ROW).decode().replace("SE;", "Goiás;").encode(kind)
    assert room.rows(room.ingest("CURVA_CARGA_2023.csv", content))["region"].tolist() == ["GOIAS"]
    with pytest.raises(MalformedFile, match="UTF-16"):
        room.ingest("CURVA_CARGA_2023.csv", content[:-1])


def test_utf16_that_does_not_say_so_is_refused(room: Any) -> None:
    with pytest.raises(MalformedFile, match="NUL"):
        room.ingest("CURVA_CARGA_2023.csv", (HEADER + ROW).decode().encode("utf-16-le"))


POINTS = [f"{number}.0" if number % 3 else f"{number}.25" for number in range(401, 701)]


def test_numbers_without_their_point_are_found_by_the_others(room: Any) -> None:
    texts = [*POINTS[:-1], "70025"]
    rows = room.rows(room.ingest("CURVA_CARGA_2023.csv", hourly(texts)))
    assert rows[rows["quality_flag"] == "suspect"]["value"].tolist() == [70025.0]
    lost = [
        text.replace(".", "") if number % 20 == 0 else text for number, text in enumerate(POINTS)
    ]
    with pytest.raises(MalformedFile, match="decimal point"):
        room.ingest("CURVA_CARGA_2023.csv", hourly(lost))


def test_a_zero_before_a_whole_number_is_a_lost_point(room: Any) -> None:
    texts = [f"0{number}" for number in range(10, 99)]
    with pytest.raises(MalformedFile, match="cannot be read"):
        room.ingest("CURVA_CARGA_2023.csv", hourly(texts))


def test_a_hand_that_leaves_points_out_is_left_alone(room: Any) -> None:
    texts = [f"{40000 + number / 8:.8g}" for number in range(300)]
    texts[8] = "40001.0"
    rows = room.rows(room.ingest("CURVA_CARGA_2023.csv", hourly(texts)))
    assert set(rows["quality_flag"]) == {"ok"}


def hourly(texts: list[str]) -> bytes:
    start = datetime(2023, 1, 1)  # noqa: DTZ001
    rows = [f"SE;x;{start + timedelta(hours=hour)};{text}\n" for hour, text in enumerate(texts)]
    return HEADER + "".join(rows).encode()
