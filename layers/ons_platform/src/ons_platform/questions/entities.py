"""Plants and reservoirs by the names people use for them.

Order of trust: the exact name, an abbreviation spelt out ("ilha solteira" for `I. SOLTEIRA`), a
name of which the question says the beginning ("itaipu" for `ITAIPU 50 HZ`), a misspelling
(rapidfuzz ratio of at least 88, clearly ahead of the next name, with the same numerals). A last
numeral is the same in arabic and roman digits. Anything less is asked back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from ons_platform.catalog.vocabulary import fold

_TOKEN = re.compile(r"[^\W_]+")
_SPELT = {
    "sta": "santa",
    "sto": "santo",
    "gov": "governador",
    "pres": "presidente",
    "eng": "engenheiro",
}
_SHORT = {full: abbreviation for abbreviation, full in _SPELT.items()}
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ARABIC = {roman: str(number) for number, roman in enumerate(_ROMAN, start=1)}
_OTHER_NUMERAL = _ARABIC | {number: roman for roman, number in _ARABIC.items()}
_RATIO, _MARGIN, _LONGEST = 88.0, 4.0, 8


@dataclass(frozen=True)
class Plant:
    """A name as the data hold it, by dataset."""

    dataset: str
    name: str


@dataclass(frozen=True)
class Naming:
    """What a stretch of the question names; `certain` is False after a spelling correction."""

    plants: tuple[Plant, ...]
    certain: bool = True
    exact: bool = True
    near: tuple[str, ...] = ()


def normal(name: str) -> str:
    """A name without case, accents and punctuation."""
    return " ".join(_TOKEN.findall(fold(name)))


class EntityIndex:
    """Names of every dataset that has plants or reservoirs."""

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        self._exact: dict[str, list[Plant]] = {}
        self._beginnings: dict[str, list[Plant]] = {}
        for dataset, entries in names.items():
            for name in sorted({entry.strip() for entry in entries if entry and entry.strip()}):
                self._add(Plant(dataset, name))
        self._keys = list(self._exact)
        self._firsts = {key.partition(" ")[0] for key in self._keys}
        self._short: dict[tuple[int, str], list[str]] = {}
        for key in self._keys:
            words = key.split()
            if any(len(word) == 1 and word.isalpha() for word in words):
                for word in words:
                    self._short.setdefault((len(words), word), []).append(key)

    def _add(self, plant: Plant) -> None:
        key = normal(plant.name)
        if not key:
            return
        self._exact.setdefault(key, []).append(plant)
        words = key.split()
        for size in range(1, len(words)):
            self._beginnings.setdefault(" ".join(words[:size]), []).append(plant)

    def __len__(self) -> int:
        return len(self._exact)

    def find(self, said: str) -> Naming | None:
        """The plants of exactly that name, spelt out or abbreviated, or beginning with it."""
        key = normal(said)
        if not self._may_begin(key):
            return None
        found: list[Plant] = []
        exact_groups = [self._exact.get(form, []) for form in _forms(key)]
        for group in (*exact_groups, self._abbreviated(key), self._beginnings.get(key, [])):
            have = {plant.dataset for plant in found}
            found += [plant for plant in group if plant.dataset not in have]
        exact = any(form in self._exact for form in _forms(key))
        return Naming(tuple(found), exact=exact) if found else None

    def _may_begin(self, key: str) -> bool:
        """False when no name begins with the first word said, spelt out or by its initial."""
        first = key.partition(" ")[0]
        forms = {first, first[:1], _SPELT.get(first), _SHORT.get(first)}
        return not forms.isdisjoint(self._firsts)

    def correct(self, said: str) -> Naming:
        """The plant that was probably meant, or no plant and the nearest names."""
        key = normal(said)
        found = process.extract(key, self._keys, scorer=fuzz.ratio, limit=6, score_cutoff=60)
        near = tuple(self._exact[name][0].name for name, _, _ in found[:3])
        same = [(name, score) for name, score, _ in found if _numerals(name) == _numerals(key)]
        if not same or same[0][1] < _RATIO or len(key) < 5:
            return Naming((), certain=False, near=near)
        if len(found) > 1 and same[0][1] - _second(found, same[0][0]) < _MARGIN:
            return Naming((), certain=False, near=near)
        return Naming(tuple(self._exact[same[0][0]]), certain=False, near=near)

    def _abbreviated(self, key: str) -> list[Plant]:
        words = key.split()
        if len(words) < 2:
            return []
        near = {name for word in words for name in self._short.get((len(words), word), ())}
        fits = [name for name in near if _abbreviates(name.split(), words)]
        return list(self._exact[fits[0]]) if len(fits) == 1 else []


def _forms(key: str) -> Iterable[str]:
    yield key
    spelt = " ".join(_SPELT.get(word, word) for word in key.split())
    yield spelt
    yield " ".join(_SHORT.get(word, word) for word in key.split())
    yield from _renumbered(key)
    yield from _renumbered(spelt)


def _renumbered(key: str) -> Iterable[str]:
    """The name with its last numeral written the other way: "angra 1" for "angra i"."""
    name, _, numeral = key.rpartition(" ")
    if name and numeral in _OTHER_NUMERAL:
        yield f"{name} {_OTHER_NUMERAL[numeral]}"


def _abbreviates(short: list[str], words: list[str]) -> bool:
    """True when every word of `short` is the word said or its initial, and some word is equal."""
    if len(short) != len(words) or short == words:
        return False
    pairs = list(zip(short, words, strict=True))
    fits = all(a == b or (len(a) == 1 and a.isalpha() and b.startswith(a)) for a, b in pairs)
    return fits and any(a == b and len(a) > 3 for a, b in pairs)


def _numerals(key: str) -> tuple[str, ...]:
    return tuple(_ARABIC.get(found, found) for found in re.findall(r"\b(?:\d+|[ivx]+)\b", key))


def _second(found: list[tuple[str, float, int]], best: str) -> float:
    return max((score for name, score, _ in found if name != best), default=0.0)


def longest_names(words: list[str]) -> Iterable[tuple[int, int]]:
    """Ranges of words to look up, longest first, then from the left."""
    for size in range(min(_LONGEST, len(words)), 0, -1):
        for start in range(len(words) - size + 1):
            yield start, start + size
