"""Numbers with their units, thresholds ("acima de 50.000 MW"), top-n and the unit asked for."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ons_platform.catalog.folding import fold
from ons_platform.catalog.units import units
from ons_platform.questions.lexicon import Language, lexicon, phrase
from ons_platform.questions.tokens import Sentence

UNITS: dict[str, tuple[str, float]] = {
    # what is said -> (unit of the data it compares with, factor)
    "mwmed": ("MW", 1.0),
    "mw": ("MW", 1.0),
    "megawatts": ("MW", 1.0),
    "megawatt": ("MW", 1.0),
    "mw medios": ("MW", 1.0),
    "mw medio": ("MW", 1.0),
    "average mw": ("MW", 1.0),
    "gwmed": ("MW", 1e3),
    "gw": ("MW", 1e3),
    "gigawatts": ("MW", 1e3),
    "gigawatt": ("MW", 1e3),
    "kw": ("MW", 1e-3),
    "kilowatts": ("MW", 1e-3),
    "tw": ("MW", 1e6),
    "mwh": ("MWh", 1.0),
    "megawatts-hora": ("MWh", 1.0),
    "megawatt-hora": ("MWh", 1.0),
    "megawatt-hours": ("MWh", 1.0),
    "megawatt hours": ("MWh", 1.0),
    "gwh": ("MWh", 1e3),
    "gigawatts-hora": ("MWh", 1e3),
    "gigawatt-hora": ("MWh", 1e3),
    "gigawatt-hours": ("MWh", 1e3),
    "gigawatt hours": ("MWh", 1e3),
    "twh": ("MWh", 1e6),
    "terawatts-hora": ("MWh", 1e6),
    "terawatt-hora": ("MWh", 1e6),
    "terawatt-hours": ("MWh", 1e6),
    "terawatt hours": ("MWh", 1e6),
    "kwh": ("MWh", 1e-3),
    "r$/mwh": ("R$/MWh", 1.0),
    "r$ /mwh": ("R$/MWh", 1.0),
    "r$ por mwh": ("R$/MWh", 1.0),
    "reais por mwh": ("R$/MWh", 1.0),
    "reais/mwh": ("R$/MWh", 1.0),
    "brl/mwh": ("R$/MWh", 1.0),
    "reais por megawatt-hora": ("R$/MWh", 1.0),
    "r$ per mwh": ("R$/MWh", 1.0),
    "reais per mwh": ("R$/MWh", 1.0),
    "brl per mwh": ("R$/MWh", 1.0),
    "reais": ("R$/MWh", 1.0),
    "r$": ("R$/MWh", 1.0),
    "%": ("%", 1.0),
    "por cento": ("%", 1.0),
    "percentual": ("%", 1.0),
    "porcentagem": ("%", 1.0),
    "percentagem": ("%", 1.0),
    "percentage": ("%", 1.0),
    "percent": ("%", 1.0),
    "per cent": ("%", 1.0),
    "pontos percentuais": ("%", 1.0),
    "m3/s": ("m³/s", 1.0),
    "metros cubicos por segundo": ("m³/s", 1.0),
    "cubic meters per second": ("m³/s", 1.0),
    "cubic metres per second": ("m³/s", 1.0),
    "metros": ("m", 1.0),
    "meters": ("m", 1.0),
    "metres": ("m", 1.0),
    "m": ("m", 1.0),
}
DISPLAY = {
    "mwmed": "MWmed", "mw": "MW", "gw": "GW", "gwmed": "GWmed", "mwh": "MWh", "gwh": "GWh",
    "twh": "TWh", "kwh": "kWh", "kw": "kW", "tw": "TW",
}  # fmt: skip
_NUMBER = r"\d+(?:[.,]\d+)*"
_ELSEWHERE = frozenset(
    {"MWmed", "MW", "kW", "GW", "MWh", "kWh", "GWh", "MWmes", "R$", "%", "1"}
    | {"h", "s", "d", "yr", "1/h", "1/yr"}
)
"""Units of the catalogue that are above with their factors, or that are everyday words."""


@lru_cache(maxsize=1)
def known_units() -> dict[str, tuple[str, float]]:
    """What is said -> (unit of the data it compares with, factor), for the catalogue's units."""
    spelt = {
        fold(name): (symbol, 1.0)
        for symbol, unit in units().items()
        if symbol not in _ELSEWHERE
        for name in (symbol, *unit.names, unit.pt, unit.en)
        if len(name) > 1
    }
    return spelt | UNITS


@lru_cache(maxsize=1)
def _unit() -> str:
    return "|".join(re.escape(unit) for unit in sorted(known_units(), key=len, reverse=True))


_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}


@dataclass(frozen=True)
class Threshold:
    """`value` is in the unit of the data (`unit` None: said without a unit)."""

    comparison: str
    value: float
    unit: str | None

    def passes(self, value: float) -> bool:
        """Whether a value is on the asked side."""
        return _COMPARED[self.comparison](value, self.value)


@dataclass(frozen=True)
class UnitAsked:
    """The unit the answer shall have: its name, the unit of the data it converts from, factor."""

    name: str
    base: str
    factor: float


def number(text: str, language: Language) -> float:
    """A number as the language writes it: 1.234,56 in Portuguese, 1,234.56 in English.

    NaN for what may be meant either way ("50,000" in Portuguese) or is no number.
    """
    thousands, decimal = (".", ",") if language == "pt" else (",", ".")
    groups = rf"[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}})+(?:{re.escape(decimal)}\d+)?"
    if re.fullmatch(groups, text):
        return float(text.replace(thousands, "").replace(decimal, "."))
    if re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(decimal)}\d{{3}})+", text):
        return math.nan
    if re.fullmatch(rf"\d+(?:{re.escape(decimal)}\d+)?", text):
        return float(text.replace(decimal, "."))
    other = re.fullmatch(rf"\d+{re.escape(thousands)}\d+", text)
    return float(text.replace(thousands, ".")) if other else math.nan


@lru_cache(maxsize=2)
def _threshold_pattern(language: Language) -> re.Pattern[str]:
    words = lexicon().words(language)
    above = "|".join(sorted(words.above, key=len, reverse=True))
    below = "|".join(sorted(words.below, key=len, reverse=True))
    scale = "|".join(words.scale)
    return re.compile(
        rf"(?<!\w)(?:(?P<above>{above})|(?P<below>{below})) ?(?:a |as |os |de |the )?"
        rf"(?P<money>r\$ ?)?(?P<number>{_NUMBER})(?: (?P<scale>{scale}))?"
        rf"(?: ?(?:de )?(?P<unit>{_unit()}|/mwh))?(?!\w)"
    )


def take_thresholds(sentence: Sentence, language: Language) -> None:
    """Take "acima de 50 GW", "more than R$ 1/MWh", "geração negativa" and the like."""
    words = lexicon().words(language)
    inclusive = phrase(words.inclusive)
    for match in _threshold_pattern(language).finditer(sentence.open):
        unit = match["unit"]
        if unit is None and not match["money"] and _is_a_year(match["number"]):
            continue
        if match["unit"] is None and _followed_by_time(sentence.open, match.end()):
            continue
        value = number(match["number"], language) * words.scale.get(match["scale"] or "", 1)
        base, factor = ("R$/MWh", 1.0) if match["money"] else (None, 1.0)
        if unit and unit != "/mwh":
            base, factor = known_units()[unit]
        side = ">" if match["above"] else "<"
        if inclusive.fullmatch(match["above"] or match["below"]):
            side += "="
        sentence.take("threshold", Threshold(side, value * factor, base), match.span())
    for expressions, comparison in (
        (words.negative, "<"),
        (words.positive, ">"),
        (words.zero, "="),
    ):
        sentence.take_all(phrase(expressions), "threshold", Threshold(comparison, 0.0, None))


def _is_a_year(text: str) -> bool:
    return re.fullmatch(r"(?:19|20)\d\d", text) is not None


def _followed_by_time(text: str, position: int) -> bool:
    return (
        re.match(
            r" ?(?:h\b|:\d|hora|dia|mes|ano|hour|day|month|year|o'clock|am\b|pm\b|/\d)",
            text[position:],
        )
        is not None
    )


@lru_cache(maxsize=2)
def _unit_pattern(language: Language) -> re.Pattern[str]:
    words = "|".join(lexicon().words(language).in_unit)
    return re.compile(rf"(?<!\w)(?:{words}) (?P<unit>{_unit()})(?!\w)|\((?P<bare>{_unit()})\)")


def take_units(sentence: Sentence, language: Language) -> None:
    """Take "em GWh", "how many MW": the unit the answer shall have."""
    for match in _unit_pattern(language).finditer(sentence.open):
        said = match["unit"] or match["bare"]
        base, factor = known_units()[said]
        name = DISPLAY.get(said) or _display(base, factor)
        sentence.take("unit", UnitAsked(name, base, factor), match.span())


def _display(base: str, factor: float) -> str:
    if base in {"MW", "MWh"}:
        prefix = {1e-3: "k", 1.0: "M", 1e3: "G", 1e6: "T"}[factor]
        return prefix + base[1:]
    return base


@lru_cache(maxsize=2)
def _top_pattern(language: Language) -> re.Pattern[str]:
    words = lexicon().words(language)
    count = rf"(?P<{{0}}>\d{{{{1,3}}}}|{'|'.join(words.numbers)})"
    most = "|".join([*words.markers["most"], *words.markers["least"]])
    things = "|".join(
        name for kind in ("region", "state", "source", "plant") for name in words.dimensions[kind]
    )
    times = "|".join(
        name for kind in ("day", "month", "year", "hour", "week") for name in words.dimensions[kind]
    )
    first, second, third, fourth = (count.format(name) for name in ("a", "b", "c", "d"))
    return re.compile(
        rf"(?<!\w)(?:top[- ]?{first}(?!\w)|{second}(?= (?:\w+ )?(?:{most})(?!\w))"
        rf"|{third}(?= (?:{things})(?!\w))"
        rf"|(?:(?<=quais )|(?<=os )|(?<=as )|(?<=which )|(?<=the )){fourth}"
        rf"(?= (?:{times})(?!\w)(?=.*(?<!\w)(?:{most})(?!\w))))"
    )


def take_top(sentence: Sentence, language: Language) -> None:
    """Take the n of "top 10", "as cinco maiores", "the three largest", "3 estados com mais"."""
    words = lexicon().words(language)
    for match in _top_pattern(language).finditer(sentence.open):
        said = match["a"] or match["b"] or match["c"] or match["d"]
        if said in {"um", "uma", "one"}:
            continue
        count = words.numbers[said] if said in words.numbers else int(said)
        if match["c"] and not _plural_follows(sentence.open, match.end()):
            continue
        sentence.take("top", count, match.span())


def _plural_follows(text: str, position: int) -> bool:
    following = re.match(r" (\w+)", text[position:])
    return following is not None and following.group(1).endswith("s")
