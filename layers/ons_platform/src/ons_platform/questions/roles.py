"""What the nouns of a question are there for: asked for, grouped by, counted, or naming."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ons_platform.questions.intent import Bucket, Dimension
from ons_platform.questions.lexicon import Language, lexicon
from ons_platform.questions.tokens import Mention, Sentence

_SKIPPED = frozenset(
    {"o", "a", "os", "as", "foi", "foram", "e", "sao", "era", "eram", "do", "dos", "da", "das"}
    | {"de", "em", "na", "no", "nas", "nos", "tipo", "respectivo", "respectiva", "esta", "estao"}
    | {"the", "is", "are", "was", "were", "of", "and", "had", "has", "have", "in", "on", "at", "me"}
)
_SKIPPED_MENTIONS = {"top", "source", "unit"}
_SKIPPED_MARKERS = {
    "most",
    "least",
    "maximum",
    "minimum",
    "ranking",
    "installed",
    "generated",
    "descending",
    "ascending",
}
_FAMILY = {
    "region": {"region"}, "state": {"state"}, "plant": {"plant"}, "source": {"source"},
    "hour": {"period", "hours"}, "half_hour": {"period"}, "day": {"period"}, "week": {"period"},
    "month": {"period"}, "year": {"period"},
}  # fmt: skip
TIME_NOUNS = {
    "hour": Bucket.HOUR, "half_hour": Bucket.INTERVAL, "day": Bucket.DAY, "week": Bucket.WEEK,
    "month": Bucket.MONTH, "year": Bucket.YEAR,
}  # fmt: skip
THING_NOUNS = {
    "region": Dimension.REGION, "state": Dimension.STATE, "source": Dimension.SOURCE,
    "plant": Dimension.PLANT,
}  # fmt: skip


@dataclass(frozen=True)
class Noun:
    """A dimension noun with its role: target, extra, group, count, name or bare."""

    mention: Mention
    role: str
    plural: bool

    @property
    def dimension(self) -> Dimension | None:
        """The thing it stands for, unless it is a stretch of time."""
        return THING_NOUNS.get(self.mention.value)

    @property
    def bucket(self) -> Bucket | None:
        """The stretch of time it stands for."""
        return TIME_NOUNS.get(self.mention.value)


def nouns(sentence: Sentence, language: Language) -> list[Noun]:
    """Every dimension noun with its role."""
    items = _items(sentence)
    return [
        Noun(mention, _role(items, position, mention, language), _plural(mention))
        for position, (_, mention) in enumerate(items)
        if isinstance(mention, Mention) and mention.kind == "dimension"
    ]


def _items(sentence: Sentence) -> list[tuple[int, Mention | str]]:
    items: list[tuple[int, Mention | str]] = [(item.span[0], item) for item in sentence.mentions]
    items += [(span[0], word) for word, span in sentence.words()]
    return sorted(items, key=lambda item: item[0])


def _role(
    items: list[tuple[int, Mention | str]], position: int, noun: Mention, language: Language
) -> str:
    words = lexicon().words(language)
    first = True
    for _, item in reversed(items[:position]):
        if isinstance(item, str):
            if item in words.interrogatives:
                return "target"
            if item in words.group_words or _ends_group(item, words.group_words):
                return "group" if first or item not in {"all"} else "bare"
            if item not in _SKIPPED:
                break
            continue
        if item.kind == "when":
            return "extra"
        if item.kind == "marker" and item.value == "count":
            return "count"
        if item.kind == "dimension" and _linked(items, item, noun):
            return _role(items, _index(items, item), item, language)
        if item.kind in _SKIPPED_MENTIONS or (
            item.kind == "marker" and item.value in _SKIPPED_MARKERS
        ):
            first = False
            continue
        break
    return "name" if _names_something(items, position, noun) else "bare"


def _linked(items: list[tuple[int, Mention | str]], left: Mention, right: Mention) -> bool:
    """True for "dia e hora", "day and region": the second noun shares the first one's role."""
    between = [item for at, item in items if left.span[1] <= at < right.span[0]]
    return bool(between) and all(
        isinstance(item, str) and item in {"e", "and", "ou", "or"} for item in between
    )


def _index(items: list[tuple[int, Mention | str]], wanted: Mention) -> int:
    return next(index for index, (_, item) in enumerate(items) if item is wanted)


def _ends_group(word: str, groups: tuple[str, ...]) -> bool:
    return word in {
        "cada",
        "each",
        "every",
        "por",
        "by",
        "per",
        "across",
        "todos",
        "todas",
        "quatro",
    } and bool(groups)


def _names_something(items: list[tuple[int, Mention | str]], position: int, noun: Mention) -> bool:
    family = _FAMILY[noun.value]
    for _, item in items[position + 1 :]:
        if isinstance(item, Mention):
            if item.kind in family:
                return not _is_part_of(noun, item)
            break
        if item not in {"de", "da", "do", "das", "dos", "of", "the", "in", "em", "a"}:
            break
    if position and isinstance(items[position - 1][1], Mention):
        previous = items[position - 1][1]
        return previous.kind in family and noun.value != "source"  # type: ignore[union-attr]
    return False


def _is_part_of(noun: Mention, said: Mention) -> bool:
    """ "Um dia de 2023" names no day: the noun is a part of the period."""
    unit = getattr(said.value, "unit", None)
    coarser = {
        "hour": {"day", "week", "month", "year"},
        "day": {"week", "month", "year"},
        "week": {"month", "year"},
        "month": {"year"},
    }
    return unit in coarser.get(noun.value, set())


def _plural(mention: Mention) -> bool:
    return re.search(r"(?:s|oes)$", mention.text.split()[0]) is not None and mention.text != "mes"
