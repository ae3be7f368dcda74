"""Questions that work on what is loaded: offered when one could not be answered."""

from __future__ import annotations

from datetime import datetime

from ons_platform.catalog.registry import Catalog
from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.zone import brasilia
from ons_platform.questions.choose import Coverage, last_year
from ons_platform.questions.lexicon import Language
from ons_platform.questions.wording import texts

_MOST = 3


def suggestions(catalog: Catalog, coverage: Coverage, language: Language) -> tuple[str, ...]:
    """Up to three questions, of different datasets, in the language."""
    found: list[str] = []
    for dataset in catalog:
        known = coverage.get(dataset.dataset)
        key = f"suggest_{dataset.dataset.replace('-', '_')}"
        if known is None or not known.rows or not texts.exists(key):
            continue
        found.append(texts.text(key, language, **_places(known)))
    return tuple(found[:_MOST])


def _places(known: Knowledge) -> dict[str, object]:
    if known.last is None:
        return {}
    last = datetime.fromisoformat(known.last).astimezone(brasilia())
    plants = [str(entity["name"]) for entity in known.entities if entity["name"]]
    return {
        "year": last_year(known) if last.month > 1 else last.year - 1,
        "plant": plants[0].title() if plants else "",
    }
