"""ZIP and GZ: one table unpacked into a scratch folder, within limits, whatever the archive says.

Names inside an archive only tell which member is the table and what it is called; nothing is ever
written under them.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ons_platform.ingest.keys import extension
from ons_platform.ingest.reading.formats import ARCHIVES, TABLES, by_content
from ons_platform.ingest.reasons import reject

MAX_RATIO = 250
"""Tables shrink ten to thirty times; two hundred and fifty times is no table."""
_RATIO_FROM_BYTES = 16 * 1024**2
_BLOCK = 1024**2
_MAX_MEMBERS = 1000
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PACKED = (*ARCHIVES, "7z", "rar", "tar", "tgz", "bz2", "xz", "zst")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Unpacked:
    """The table of an archive: where it is now, its own name and its format."""

    path: Path
    name: str
    kind: str


def unpack(path: Path, name: str, kind: str, folder: Path, limit: int) -> Unpacked:
    """Unpack the one table of an archive into `folder`, in blocks of a mebibyte.

    Raises `FileLimitExceeded` where it expands beyond `limit` bytes or beyond belief, and
    `MalformedFile` for a broken or encrypted archive, one in another, or several tables.
    """
    try:
        return _UNPACKERS[kind](path, name, folder, limit)
    except _BROKEN as wrong:
        problem = (str(wrong) or type(wrong).__name__).splitlines()[0]
        raise reject("broken_file", file=name, format=kind.upper(), problem=problem) from wrong


def _from_gz(path: Path, name: str, folder: Path, limit: int) -> Unpacked:
    inner = name[: -len(".gz")] if name.lower().endswith(".gz") else name
    if extension(inner) in _PACKED:
        raise reject("nested_archive", file=name, member=inner)
    target = folder / "table"
    with gzip.open(path) as stream:
        _copy(stream, target, name, path.stat().st_size, limit)
    return Unpacked(target, inner, TABLES.get(extension(inner)) or _guess(target))


def _from_zip(path: Path, name: str, folder: Path, limit: int) -> Unpacked:
    with zipfile.ZipFile(path) as archive:
        member = _the_table(archive.infolist(), name)
        own = _own_name(member)
        if member.flag_bits & _ENCRYPTED:
            raise reject("encrypted", file=name, member=own)
        if member.compress_type not in _METHODS:
            problem = f"compression method {member.compress_type} of {own!r}"
            raise reject("broken_file", file=name, format="ZIP", problem=problem)
        target = folder / "table"
        with archive.open(member) as stream:
            _copy(stream, target, name, member.compress_size, limit)
    return Unpacked(target, own, TABLES[extension(own)])


_UNPACKERS: dict[str, Callable[[Path, str, Path, int], Unpacked]] = {
    "gz": _from_gz,
    "zip": _from_zip,
}


def _the_table(members: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    """The only table; text files are read-me files where there is any other table."""
    if len(members) > _MAX_MEMBERS:
        raise reject("many_tables", file=name, count=len(members), members=[])
    files = [item for item in members if not item.is_dir() and not _is_hidden(item)]
    packed = [_own_name(item) for item in files if extension(_own_name(item)) in _PACKED]
    if packed:
        raise reject("nested_archive", file=name, member=packed[0])
    tables = [item for item in files if extension(_own_name(item)) in TABLES]
    tables = [item for item in tables if extension(_own_name(item)) != "txt"] or tables
    if not tables:
        names = [_own_name(item) for item in files]
        raise reject("no_table", file=name, members=names[:10], supported=list(TABLES))
    if len(tables) > 1:
        names = [_own_name(item) for item in tables]
        raise reject("many_tables", file=name, count=len(names), members=names[:10])
    return tables[0]


def _own_name(member: zipfile.ZipInfo) -> str:
    """The last part of the path, printable."""
    last = member.filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char if char.isprintable() else "_" for char in last)


def _is_hidden(member: zipfile.ZipInfo) -> bool:
    return _own_name(member).startswith(".") or member.filename.startswith("__MACOSX/")


def _copy(stream: _Readable, target: Path, name: str, packed: int, limit: int) -> None:
    """What comes out is counted, not what the archive promises."""
    size = 0
    believable = max(_RATIO_FROM_BYTES, MAX_RATIO * packed)
    with target.open("wb") as out:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > min(limit, believable):
                raise reject("expands_too_much", file=name, size=size, limit=min(limit, believable))
            out.write(block)
    if not size:
        raise reject("empty_file", file=name)


def _guess(path: Path) -> str:
    with path.open("rb") as stream:
        return by_content(stream.read(64))
