"""Texts of answers (texts.yaml), and how numbers, instants and lists are written per language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from ons_platform.catalog.model import Dataset, Text
from ons_platform.catalog.vocabulary import vocabulary
from ons_platform.lake.zone import brasilia
from ons_platform.questions.intent import Bucket, Dimension, Note
from ons_platform.questions.lexicon import Language

_MONTHS = {
    "pt": (
        *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
        *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    folder = files("ons_platform.questions.wording")
    text = folder.joinpath("texts.yaml").read_text(encoding="utf-8")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506
    return loaded


def text(key: str, language: Language, **places: object) -> str:
    """The text of a key, its places written in the language."""
    template: str = _texts()[key][language]
    return template.format(**{name: written(value, language) for name, value in places.items()})


def grammar(key: str) -> Any:
    """A table of texts.yaml that is of one language: genders, articles, prepositions."""
    return _texts()[key]


def exists(key: str) -> bool:
    """True when there is a text of that key."""
    return key in _texts()


def note(item: Note, language: Language) -> str:
    """The text of a note."""
    return text(item.key, language, **dict(item.places))


def word(group: str, key: str, language: Language) -> str:
    """A word of a group of words, e.g. the name of an aggregate."""
    found: str = _texts()[group][key][language]
    return found


def written(value: object, language: Language) -> str:
    """A place's value as the language writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Text):
        return value.pt if language == "pt" else value.en
    if isinstance(value, Dataset):
        return value.dataset
    if isinstance(value, datetime):
        return instant(value, language)
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float):
        return number(value, language)
    if isinstance(value, Iterable):
        return listed([written(item, language) for item in value], language)
    return str(value)


def number(value: float, language: Language) -> str:
    """Two decimals at most, none for whole numbers; 1.234,56 in Portuguese, 1,234.56 in English."""
    digits = 2 if abs(value) >= 1 or value == 0 else 4
    plain = f"{value:,.{digits}f}"
    if float(value).is_integer():
        plain = f"{value:,.0f}"
    return plain.translate(str.maketrans(",.", ".,")) if language == "pt" else plain


def listed(items: list[str], language: Language) -> str:
    """a, b e c."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {'e' if language == 'pt' else 'and'} {items[-1]}"


def instant(moment: datetime, language: Language) -> str:
    """An instant in Brasília; midnight is written as the day alone."""
    local = moment.astimezone(brasilia()) if moment.tzinfo else moment
    day = f"{local:%d/%m/%Y}" if language == "pt" else f"{local:%Y-%m-%d}"
    if local.second:
        return f"{day} {local:%H:%M:%S}"
    return day if (local.hour, local.minute) == (0, 0) else f"{day} {clock(local, language)}"


def moment(when: datetime, language: Language) -> str:
    """An instant in Brasília with its hour, midnight too."""
    local = when.astimezone(brasilia()) if when.tzinfo else when
    day = f"{local:%d/%m/%Y}" if language == "pt" else f"{local:%Y-%m-%d}"
    return f"{day} {clock(local, language)}"


def clock(local: datetime, language: Language) -> str:
    """18h or 18h30; 18:00 in English."""
    if language == "en":
        return f"{local:%H:%M}"
    return f"{local:%Hh}" if local.minute == 0 else f"{local:%Hh%M}"


def period(start: datetime, end: datetime, language: Language) -> str:
    """A civil stretch of time in words: a year, a month, a day, hours, or from … to …."""
    start, end = start.astimezone(brasilia()), end.astimezone(brasilia())
    last = end - timedelta(minutes=1)
    kind = stretch(start, end)
    if kind == "year":
        return f"{start.year}"
    if kind == "month":
        return month(start, language)
    if kind == "day":
        return instant(start, language)
    if kind == "instant":
        return moment(start, language)
    if _whole_days(start, end):
        until = datetime(last.year, last.month, last.day, tzinfo=brasilia())
        return text("from_to", language, start=start, end=until)
    return text("from_to", language, start=moment(start, language), end=moment(end, language))


def stretch(start: datetime, end: datetime) -> str:
    """What a civil stretch of time is called by: year, month, day, instant (an hour) or range."""
    start, end = start.astimezone(brasilia()), end.astimezone(brasilia())
    last = end - timedelta(minutes=1)
    if not _whole_days(start, end):
        return "instant" if end - start <= timedelta(hours=1) else "range"
    if (start.month, start.day, last.month, last.day) == (1, 1, 12, 31) and (
        start.year == last.year
    ):
        return "year"
    if start.day == end.day == 1 and (last.year, last.month) == (start.year, start.month):
        return "month"
    return "day" if last.date() == start.date() else "range"


def _whole_days(start: datetime, end: datetime) -> bool:
    return (start.hour, start.minute) == (0, 0) == (end.hour, end.minute)


def month(when: datetime, language: Language) -> str:
    """Month and year in words."""
    name = _MONTHS[language][when.month - 1]
    return f"{name} de {when.year}" if language == "pt" else f"{name} {when.year}"


def bucket(value: datetime | int, kind: Bucket, language: Language) -> str:
    """A bucket in words."""
    if isinstance(value, int):
        return f"{value}h" if language == "pt" else f"{value:02d}:00"
    if kind is Bucket.YEAR:
        return f"{value.year}"
    if kind is Bucket.MONTH:
        return month(value, language)
    if kind in {Bucket.HOUR, Bucket.INTERVAL}:
        return instant(value, language)
    return f"{value:%d/%m/%Y}" if language == "pt" else f"{value:%Y-%m-%d}"


def bucket_label(value: datetime | int, kind: Bucket, grain: str | None) -> str | int:
    """A bucket as `value` and keys name it: hour number, 2023, 2023-07, 2023-07-15, ISO instant."""
    if isinstance(value, int):
        return value
    if kind is Bucket.YEAR:
        return f"{value:%Y}"
    if kind is Bucket.MONTH:
        return f"{value:%Y-%m}"
    if kind in {Bucket.DAY, Bucket.WEEK} or grain in {"P1D", "P1W"}:
        return f"{value:%Y-%m-%d}"
    return value.replace(tzinfo=brasilia()).isoformat()


def title(dimension: Dimension, code: str, language: Language) -> str:
    """The name of a region, source or state; a plant is its own name."""
    terms = vocabulary()
    table = {
        Dimension.REGION: terms.regions,
        Dimension.SOURCE: terms.sources,
        Dimension.STATE: terms.states,
    }
    group = table.get(dimension)
    if group is None or code not in group:
        return code
    return written(group[code].title, language)
