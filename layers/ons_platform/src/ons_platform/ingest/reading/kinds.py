"""A file that is another kind than its name says: told by its first bytes, refused by name."""

from __future__ import annotations

import codecs
from pathlib import Path

from ons_platform.ingest.reasons import Phrase, reject

_HEAD = 1024
_SIGNS = (
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gz"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"%PDF-", "pdf"),
)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body")
_ANSWERS = (b"<?xml", b"<error>")
_BLANK = codecs.BOM_UTF8 + b" \t\r\n"
_FITS = {
    "xlsx": {"zip"},
    "xls": {"xls", "zip"},
    "parquet": {"parquet"},
    "zip": {"zip"},
    "gz": {"gz"},
}
"""Kinds of content by format of the name; a text table has no signs of its own."""


def check_kind(path: Path, name: str, kind: str) -> None:
    """Raise `MalformedFile` where the content is recognisably of another kind than `kind`.

    What is of no known kind passes: its reader says what is wrong with it.
    """
    with path.open("rb") as stream:
        found = _kind_of(stream.read(_HEAD))
    if found is not None and found not in _FITS.get(kind, ()):
        advice = Phrase(f"advice_{found}")
        raise reject(
            "wrong_kind", file=name, format=kind.upper(), found=Phrase(found), advice=advice
        )


def _kind_of(head: bytes) -> str | None:
    for sign, kind in _SIGNS:
        if head.startswith(sign):
            return kind
    text = head.lstrip(_BLANK).lower()
    if text.startswith(_PAGES):
        return "html"
    if text.startswith(_ANSWERS):
        return "html" if any(page in text for page in _PAGES) else "xml"
    return None
