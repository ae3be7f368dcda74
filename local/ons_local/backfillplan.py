"""Which files of a folder a backfill sends, and in which order.

Files of one base name are *revisions* of each other: `2023-10/CURVA_CARGA_2010.csv` or
`SNAP2023-10__CURVA_CARGA_2010.csv` is older than a plain `CURVA_CARGA_2010.csv`. They go one after
the other in that order, because what arrives later counts as newer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ons_local.uploads import DOCUMENT_SUFFIXES, TABLE_SUFFIXES, visible_files
from ons_platform.errors import InvalidRequest

_SNAPSHOT = re.compile(r"^(?:[a-z]+[-_ ]?)?(?P<date>\d{4}(?:-?\d{2}){1,2})_+(?=[a-z])", re.I)


@dataclass(frozen=True)
class Plan:
    """What a folder holds: `groups` of revisions, oldest first, and what is left out and why."""

    groups: tuple[tuple[Path, ...], ...]
    skipped: tuple[tuple[Path, str], ...]

    @property
    def files(self) -> list[Path]:
        """Every file to send, in order."""
        return [path for group in self.groups for path in group]


def plan(folder: Path, pattern: str = "*") -> Plan:
    """Find the tables below a folder whose name matches the glob, and order them.

    Raises `InvalidRequest` when there is no folder or no table in it.
    """
    if not folder.is_dir():
        raise InvalidRequest(f"{folder} is not a folder")
    groups: dict[str, list[Path]] = {}
    skipped: list[tuple[Path, str]] = []
    for path in visible_files(folder):
        suffix = path.suffix.lower()
        if not path.match(pattern):
            continue
        if suffix in TABLE_SUFFIXES:
            groups.setdefault(_base_name(path), []).append(path)
        elif suffix in DOCUMENT_SUFFIXES:
            skipped.append((path, "documents are not read in this release"))
        else:
            skipped.append((path, f"not a data file ({' '.join(sorted(TABLE_SUFFIXES))})"))
    if not groups:
        raise InvalidRequest(f"{folder} holds no table that matches {pattern!r}")
    ordered = sorted(groups.items())
    return Plan(
        tuple(tuple(sorted(paths, key=_age)) for _, paths in ordered),
        tuple(skipped),
    )


def _base_name(path: Path) -> str:
    return _SNAPSHOT.sub("", path.name).casefold()


def _age(path: Path) -> tuple[str, str]:
    """Oldest first: by the date before the name, a plain name last, then by folder."""
    found = _SNAPSHOT.match(path.name)
    return (found["date"].replace("-", "") if found else "9", str(path))
