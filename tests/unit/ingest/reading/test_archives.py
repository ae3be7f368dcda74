"""Archives of one table, and everything else an archive may be."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ons_platform.errors import EmptyFile, FileLimitExceeded, MalformedFile, UnsupportedFile
from ons_platform.ingest.reading import archives
from ons_platform.ingest.reading.archives import Unpacked, unpack

TABLE = b"id_subsistema;din_instante;val_cargaenergiahomwmed\nSE;2023-01-01 00:00:00;1.5\n"
NAME = "CURVA_CARGA_2023.csv"


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def unpacked(folder: Path, content: bytes, name: str = "a.zip", limit: int = 10**9) -> Unpacked:
    path = folder / "packed"
    path.write_bytes(content)
    return unpack(path, name, name.rsplit(".", 1)[-1], folder, limit)


@pytest.mark.parametrize(
    "members",
    [
        {NAME: TABLE},
        {f"../../../etc/{NAME}": TABLE},
        {f"C:\\dados\\{NAME}": TABLE, "leia-me.txt": b"x", "doc.pdf": b"x", "pasta/": b""},
        {f"dados/{NAME}": TABLE, f"__MACOSX/._{NAME}": b"x", ".DS_Store": b"x"},
    ],
)
def test_the_table_is_found_and_paths_mean_nothing(
    tmp_path: Path, members: dict[str, bytes]
) -> None:
    found = unpacked(tmp_path, zipped(members))
    assert (found.name, found.kind, found.path.parent) == (NAME, "csv", tmp_path)
    assert found.path.read_bytes() == TABLE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["packed", "table"]


def test_a_lone_text_file_is_a_table(tmp_path: Path) -> None:
    assert unpacked(tmp_path, zipped({"dados.txt": TABLE})).kind == "csv"


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        (f"{NAME}.gz", "csv", TABLE),
        ("CURVA_CARGA_2023.gz", "csv", TABLE),
        ("x.gz", "json", b'  [{"a": 1}]'),
        ("x.parquet.gz", "parquet", b"PAR1"),
        ("x.gz", "xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ],
)
def test_what_is_in_a_gz_by_name_or_by_its_first_bytes(
    tmp_path: Path, name: str, kind: str, content: bytes
) -> None:
    found = unpacked(tmp_path, gzip.compress(content), name)
    assert (found.name, found.kind) == (name.removesuffix(".gz"), kind)
    assert found.path.read_bytes() == content


MANY = {str(number): b"" for number in range(1001)}
REFUSED: dict[str, tuple[bytes, str, type[Exception], str]] = {
    "several tables": (zipped({"a.csv": b"x", "b.xlsx": b""}), "a.zip", MalformedFile, "a.csv, b"),
    "no table": (zipped({"a.exe": b"x"}), "a.zip", UnsupportedFile, "a.exe"),
    "nothing": (zipped({}), "a.zip", UnsupportedFile, "no table"),
    "an empty table": (zipped({"a.csv": b""}), "a.zip", EmptyFile, "0 bytes"),
    "zip in zip": (zipped({"a.zip": zipped({NAME: TABLE})}), "a.zip", MalformedFile, "another"),
    "gz in zip": (zipped({NAME: TABLE, "b.gz": b"x"}), "a.zip", MalformedFile, "another"),
    "tar in gz": (gzip.compress(b"x"), "a.tar.gz", MalformedFile, "another"),
    "no zip": (b"PK\x03\x04" + b"x" * 100, "a.zip", MalformedFile, "ZIP"),
    "no gz": (TABLE, "a.csv.gz", MalformedFile, "GZ"),
    "cut gz": (gzip.compress(TABLE * 100)[:-12], "a.csv.gz", MalformedFile, "GZ"),
    "cut zip": (zipped({NAME: TABLE * 100})[:-30], "a.zip", MalformedFile, "ZIP"),
    "unusual method": (zipped({NAME: TABLE}, zipfile.ZIP_LZMA), "a.zip", MalformedFile, "method"),
    "many members": (zipped(MANY), "a.zip", MalformedFile, "1001"),
    "bomb": (gzip.compress(b"0" * 50_000_000), "a.csv.gz", FileLimitExceeded, "limit"),
    "zip bomb": (zipped({NAME: b"0" * 50_000_000}), "a.zip", FileLimitExceeded, "limit"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_archive_of_one_table_says_why(tmp_path: Path, case: str) -> None:
    content, name, error, part = REFUSED[case]
    with pytest.raises(error, match=part):
        unpacked(tmp_path, content, name)


def test_an_encrypted_member_and_one_with_a_wrong_checksum(tmp_path: Path) -> None:
    content = bytearray(zipped({NAME: TABLE}, zipfile.ZIP_STORED))
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    with pytest.raises(MalformedFile, match="encrypted"):
        unpacked(tmp_path, bytes(content))
    content[central + 8] &= ~1
    content[content.index(TABLE)] ^= 1
    with pytest.raises(MalformedFile, match="CRC"):
        unpacked(tmp_path, bytes(content))


def test_what_comes_out_is_counted_not_what_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_BLOCK", 100)
    with pytest.raises(FileLimitExceeded, match="the limit is 1000"):
        unpacked(tmp_path, zipped({NAME: TABLE * 100}), limit=1000)
    assert (tmp_path / "table").stat().st_size <= 1000


@pytest.mark.parametrize("name", ["pacote.zip", "CURVA_CARGA_2023.zip", "CURVA_CARGA_2023.csv.gz"])
def test_the_platform_reads_the_table_under_the_name_that_says_more(room: Any, name: str) -> None:
    member = NAME if name == "pacote.zip" else "dados.csv"
    packed = gzip.compress(TABLE) if name.endswith("gz") else zipped({member: TABLE})
    outcome = room.ingest(name, packed)
    assert outcome.dataset == "curva-carga"
    assert room.rows(outcome)["value"].tolist() == [1.5]
    assert "recognised_by_columns" not in {w["code"] for w in room.report(outcome)["warnings"]}
