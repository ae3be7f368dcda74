"""Nouns, places and times with the articles and prepositions of the language (texts.yaml)."""

from __future__ import annotations

from datetime import datetime

from ons_platform.lake.zone import brasilia
from ons_platform.questions.intent import Dimension
from ons_platform.questions.lexicon import Language
from ons_platform.questions.wording import texts

_COUNTRIES = ("PY", "AR", "UY")
"""Regions English has no article for."""


def gender(title: str) -> str | None:
    """Gender of the noun a Portuguese title begins with: f, m, None when it is not known."""
    found: str | None = texts.grammar("genders").get(title.split()[0])
    return found


def article(of: str, form: str) -> str:
    """A word that agrees with a gender: `the`, `of`, `in`, or an aggregation's adjective."""
    found: str = texts.grammar("articles")[of][form]
    return found


def says_average(title: str) -> bool:
    """True for "CMO médio semanal", of which an average is not said twice."""
    return any(word in texts.grammar("averages") for word in title.split())


def qualified(title: str, adjective: str) -> str:
    """A Portuguese title with an adjective, before "de montante", "no patamar leve"."""
    words = title.split()
    links = texts.grammar("title_links")
    after = next((n for n, word in enumerate(words) if word in links), len(words))
    return " ".join([*words[:after], adjective, *words[after:]])


def of_place(dimension: Dimension, code: str, language: Language) -> str:
    """ "do Sul", "da Bahia", "de Minas Gerais"; "the South", "Bahia" in English."""
    name = "SIN" if code == "SIN" else texts.title(dimension, code, language)
    if language == "en":
        definite = (dimension is Dimension.REGION and code not in _COUNTRIES) or code == "DF"
        return f"the {name}" if definite else name
    if dimension is Dimension.STATE and code in texts.grammar("states_f"):
        return f"{article('f', 'of')} {name}"
    if dimension is Dimension.REGION and code in texts.grammar("places_f"):
        return f"{article('f', 'of')} {name}"
    known = "places_m" if dimension is Dimension.REGION else "states_m"
    return f"{article('m', 'of') if code in texts.grammar(known) else 'de'} {name}"


def of_places(dimension: Dimension, codes: tuple[str, ...], language: Language) -> str:
    """Places of one kind: "do Sul e do Norte", "the South and the North"."""
    return texts.listed([of_place(dimension, code, language) for code in codes], language)


def where(of: str, dimension: Dimension, language: Language) -> str:
    """What follows the quantity: " do Sul"; " in the South", " of the plant X" in English."""
    if language == "pt" or not of:
        return f" {of}" if of else ""
    return f" {'of' if dimension is Dimension.PLANT else 'in'} {of}"


def of_plants(plants: tuple[str, ...], kind: str, language: Language) -> str:
    """ "da usina X", "dos reservatórios X e Y"; `kind` is plant or reservoir."""
    key = kind if len(plants) == 1 else f"{kind}s"
    names = texts.listed(list(plants), language)
    return texts.word("named_plants", key, language).format(names=names)


def in_place(of: str) -> str:
    """The "in" form of a Portuguese "of" form: "na Bahia" of "da Bahia", "em Goiás" of "de"."""
    preposition, _, name = of.partition(" ")
    return f"{texts.grammar('in_of')[preposition]} {name}"


def during(start: datetime, end: datetime, language: Language) -> str:
    """A civil stretch of time with its preposition: " em 2023", " on 2023-07-15 at 18:00"."""
    kind = texts.stretch(start, end)
    if kind == "instant":
        return at(start, language, "instant")
    template = texts.word("sentence_times", kind, language)
    return template.format(period=texts.period(start, end, language))


def at(when: datetime, language: Language, key: str) -> str:
    """A day and hour with their prepositions: ", em 17/04/2021 às 05h"; "à" before one o'clock."""
    local = when.astimezone(brasilia()) if when.tzinfo else when
    day = texts.instant(local.replace(hour=0, minute=0, second=0), language)
    return texts.word("sentence_times", key, language).format(
        day=day, at="à" if local.hour == 1 else "às", clock=texts.clock(local, language)
    )
