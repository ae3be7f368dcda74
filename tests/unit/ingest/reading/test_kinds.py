"""Files that are not what their names say are refused by what they are, in both languages."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ons_platform.errors import MalformedFile
from ons_platform.ingest.reading.kinds import check_kind

PAGE = b"\xef\xbb\xbf\r\n<!DOCTYPE HTML>\n<html><head><title>404 Not Found</title></head></html>"
XML = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
XHTML = b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">'
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(8)


@pytest.mark.parametrize(
    ("kind", "content", "english", "portuguese"),
    [
        ("csv", PAGE, "a web page (HTML)", "uma página da web (HTML)"),
        ("xlsx", PAGE, "download it again", "baixe de novo"),
        ("parquet", XHTML, "a web page (HTML)", "uma página da web (HTML)"),
        ("csv", XML, "an XML answer", "uma resposta XML"),
        ("csv", b"PK\x03\x04rest", ".xlsx or .zip", ".xlsx ou .zip"),
        ("json", b"PAR1rest", ".parquet", ".parquet"),
        ("csv", gzip.compress(b"a;b\n", mtime=0), "a GZ archive", "um arquivo GZ"),
        ("zip", gzip.compress(b"a;b\n", mtime=0), "no ZIP file", "não é um arquivo ZIP"),
        ("gz", b"PK\x05\x06" + bytes(18), "no GZ file", "não é um arquivo GZ"),
        ("xlsx", OLD, "(XLS)", "(XLS)"),
        ("csv", b"%PDF-1.7\n", "a PDF document", "um documento PDF"),
    ],
)
def test_another_kind_is_named(
    tmp_path: Path, kind: str, content: bytes, english: str, portuguese: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(MalformedFile) as refusal:
        check_kind(path, f"CURVA_CARGA_2023.{kind}", kind)
    assert refusal.value.where["code"] == "wrong_kind"
    assert english in refusal.value.message
    assert portuguese in refusal.value.where["message_pt"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("csv", b"id_subsistema;din_instante\n"),
        ("csv", b""),
        ("csv", b"<rotulo>;val_carga\n"),
        ("xls", b"PK\x03\x04rest"),
        ("xls", OLD),
        ("xlsx", b"PK\x03\x04rest"),
        ("xlsx", b"neither this nor that"),
        ("json", b'[{"a": 1}]'),
        ("parquet", b"PAR1rest"),
    ],
)
def test_the_rest_is_for_its_reader(tmp_path: Path, kind: str, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    check_kind(path, f"CURVA_CARGA_2023.{kind}", kind)
