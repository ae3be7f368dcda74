"""The words of the period grammar, read from dates.yaml into phrase tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from ons_platform.questions.dates.tokens import Phrases

Hours = tuple[int, int]


@dataclass(frozen=True)
class Lexicon:
    """`table` by YAML key: phrase -> value; `sets`: plain sets of words; `raw`: the YAML itself."""

    numbers: Phrases[int]
    ordinals: Phrases[int]
    romans: Phrases[int]
    months: Phrases[int]
    weekdays: Phrases[int]
    units: Phrases[str]
    day_words: Phrases[int]
    deictic_before: Phrases[int]
    deictic_after: Phrases[int]
    edges: Phrases[str]
    seasons: Phrases[str]
    holidays: Phrases[str]
    dayparts: Phrases[Hours]
    said_parts: Phrases[tuple[int, int, int]]
    meridiem: Phrases[str]
    hour_sets: Phrases[frozenset[int]]
    to_date_units: Phrases[str]
    lists: dict[str, Phrases[bool]]
    season_days: dict[str, tuple[tuple[int, int], tuple[int, int]]]
    holiday_rules: dict[str, dict[str, list[int]]]

    def openers(self) -> frozenset[str]:
        """Every word an expression may start with, digits apart."""
        tables: list[Phrases[Any]] = [
            self.numbers, self.ordinals, self.romans, self.months, self.weekdays, self.units,
            self.day_words, self.deictic_before, self.edges, self.seasons, self.holidays,
            self.dayparts, self.said_parts, self.to_date_units,
            *(table for key, table in self.lists.items() if key.startswith(_OPENING)),
        ]  # fmt: skip
        return frozenset[str]().union(*(table.openers() for table in tables))


_OPENING = (
    "rolling", "ago", "to_date", "now_words", "summer_time", "clock_openers", "noon", "midnight",
    "between", "from", "letters", "same", "half_year",
)  # fmt: skip


@lru_cache(maxsize=1)
def openers() -> frozenset[str]:
    """`Lexicon.openers` of the words shipped."""
    return lexicon().openers()


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The words shipped with the package."""
    text = files("ons_platform.questions.dates").joinpath("dates.yaml").read_text(encoding="utf-8")
    raw: dict[str, Any] = yaml.safe_load(text)
    return Lexicon(
        numbers=Phrases.of(raw["numbers"]),
        ordinals=Phrases.of(raw["ordinals"]),
        romans=Phrases.of(raw["romans"]),
        months=Phrases.of(raw["months"]),
        weekdays=Phrases.of(raw["weekdays"]),
        units=Phrases.of(raw["units"]),
        day_words=Phrases.of(raw["day_words"]),
        deictic_before=Phrases.of(raw["deictic"]["before"]),
        deictic_after=Phrases.of(raw["deictic"]["after"]),
        edges=Phrases.of(raw["edges"]),
        seasons=Phrases.of(raw["seasons"]),
        holidays=Phrases.of({name: rule["names"] for name, rule in raw["holidays"].items()}),
        dayparts=Phrases.of({_hours(key): names for key, names in raw["dayparts"].items()}),
        said_parts=Phrases(
            (name, (said["shift"], *said["hours"]))
            for said in raw["day_parts_said"]
            for name in said["names"]
        ),
        meridiem=Phrases.of(raw["meridiem"]),
        hour_sets=Phrases.of({_set(rule): rule["names"] for rule in raw["hour_sets"].values()}),
        to_date_units=Phrases.of(raw["to_date_units"]),
        lists=_lists(raw),
        season_days={
            name: (tuple(raw["season_starts"][name]), tuple(raw["season_ends"][name]))
            for name in raw["seasons"]
        },
        holiday_rules=raw["holidays"],
    )


def _lists(raw: dict[str, Any]) -> dict[str, Phrases[bool]]:
    """The keys that are plain lists of phrases; nested ones as "rolling.past"."""
    flat = dict(raw)
    for group in ("rolling", "ago", "doubtful_names", "month_markers"):
        flat |= {f"{group}.{name}": names for name, names in raw[group].items()}
    return {
        key: Phrases((str(name), True) for name in names)
        for key, names in flat.items()
        if isinstance(names, list) and all(isinstance(name, str) for name in names)
    }


def _hours(key: str) -> Hours:
    first, last = key.split("-")
    return int(first), int(last)


def _set(rule: dict[str, Any]) -> frozenset[int]:
    first, last = rule.get("hours") or rule["except"]
    hours = frozenset(range(first, last + 1))
    return hours if "hours" in rule else frozenset(range(24)) - hours
