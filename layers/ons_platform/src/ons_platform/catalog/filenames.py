"""File-name patterns: what a name must look like, and whether two patterns fit the same name."""

from __future__ import annotations

import calendar
import re
from datetime import date
from functools import lru_cache

from ons_platform.catalog.folding import fold

_PLACES = {
    "{YYYY}": r"(?:19|20)\d{2}",
    "{MM}": r"(?:0[1-9]|1[0-2])",
    "{DD}": r"(?:0[1-9]|[12]\d|3[01])",
}
_SPLIT = re.compile(r"(\{YYYY\}|\{MM\}|\{DD\})")
_EXTENSIONS = re.compile(r"(?:\.[A-Za-z][A-Za-z0-9]{1,7})+$")
_COPY = re.compile(r"(?:\s*\(\d+\)|\s*-\s*cop(?:ia|y))+$", re.IGNORECASE)


def stems(filename: str) -> tuple[str, ...]:
    """What may be the name proper, in capitals: without folders, extensions and marks of a copy.

    `a/CURVA_CARGA_2023 (1).csv.gz` is `CURVA_CARGA_2023`. A name with stray dots is also tried up
    to its first one, and one with `__`, which ONS never writes, between them: a remark may stand
    before or behind (`SNAP2023-10__CURVA_CARGA_2010`, `CURVA_CARGA_2026__tail`).
    """
    name = fold(filename.rsplit("/", 1)[-1].rsplit("\\", 1)[-1])
    whole = [_COPY.sub("", stem) for stem in (_EXTENSIONS.sub("", name), name.split(".", 1)[0])]
    parts = [part for stem in whole for part in stem.split("__")]
    return tuple(dict.fromkeys(stem.upper() for stem in (*whole, *parts)))


def matched(pattern: str, stem: str) -> int:
    """How many characters of a stem's end the pattern fits; 0 if it does not.

    A prefix before the pattern (`SNAP2023-10__CURVA_CARGA_2010`) does not hide the name.
    """
    literal, regex = _compiled(pattern)
    if literal not in stem:  # almost every pattern ends here, and its regex is never compiled
        return 0
    match = re.search(regex, stem)
    return len(match.group(1)) if match else 0


def named_period(pattern: str, filename: str) -> tuple[date, date] | None:
    """The first and last day of the year, month or day in a name the pattern fits.

    None where the pattern names no period, or two (`VAZOES_MENSAIS_{YYYY}_{YYYY}`).
    """
    parts = _SPLIT.split(pattern.upper())
    places = [part for part in parts if part in _PLACES]
    if not places or len(places) != len(set(places)):
        return None
    groups = (f"({_PLACES[part]})" if part in _PLACES else re.escape(part) for part in parts)
    regex = re.compile("".join(groups) + "$")
    found = next(filter(None, map(regex.search, stems(filename))), None)
    if found is None:
        return None
    year, month, day = (*map(int, found.groups()), 0, 0)[:3]
    length = calendar.monthrange(year, month or 12)[1]
    if day > length:
        return None
    return date(year, month or 1, day or 1), date(year, month or 12, day or length)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[str, str]:
    parts = _SPLIT.split(pattern.upper())
    body = "".join(_PLACES.get(part, re.escape(part)) for part in parts)
    return parts[0], rf"(?:^|[^A-Z0-9])({body})$"


def example(pattern: str, year: int = 2023) -> str:
    """A name the pattern fits, for tests and pages: January the 31st of a year."""
    return pattern.replace("{YYYY}", str(year)).replace("{MM}", "01").replace("{DD}", "31")


def clash(one: str, other: str) -> bool:
    """Whether some name fits both patterns whole, so that neither could decide."""
    return _meet(_slots(one), _slots(other))


def _slots(pattern: str) -> str:
    """One character per character of a name; `#` is any digit."""
    plain = pattern.upper().replace("{YYYY}", "####")
    return plain.replace("{MM}", "##").replace("{DD}", "##")


def _meet(one: str, other: str) -> bool:
    def fits(a: str, b: str) -> bool:
        return a == b or (a == "#" and b.isdigit()) or (b == "#" and a.isdigit())

    return len(one) == len(other) and all(map(fits, one, other))
