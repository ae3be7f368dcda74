"""Which file-name extensions are read, and as what."""

from __future__ import annotations

TABLES = {
    "csv": "csv",
    "tsv": "csv",
    "txt": "csv",
    "xlsx": "xlsx",
    "xls": "xls",
    "json": "json",
    "jsonl": "json",
    "parquet": "parquet",
}
"""Extension -> format of tables."""

ARCHIVES = {"zip": "zip", "gz": "gz"}
"""Extension -> format of what holds one table, compressed."""

STRUCTURED = TABLES | ARCHIVES
"""Extension -> format of everything that comes to a table."""

_MAGIC = (
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "xlsx"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"[", "json"),
    (b"{", "json"),
)
_BLANK = b"\xef\xbb\xbf \t\r\n"


def by_content(head: bytes) -> str:
    """The format a file's first bytes speak of; a text table where nothing else does."""
    head = head.lstrip(_BLANK)
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "csv")
