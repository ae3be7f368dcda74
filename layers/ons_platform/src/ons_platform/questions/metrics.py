"""Quantities and datasets by the names the catalogue gives them, in both languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ons_platform.catalog.model import Dataset, Metric
from ons_platform.catalog.registry import Catalog
from ons_platform.catalog.vocabulary import fold
from ons_platform.questions.lexicon import LANGUAGES, lexicon, names
from ons_platform.questions.tokens import Sentence

_BETWEEN = (
    r"(?:medi[ao]s?|maxim[ao]s?|minim[ao]s?|diari[ao]s?|mensa(?:l|is)|anua(?:l|is)|horari[ao]s?|tota(?:l|is)"
    r"|average|mean|daily|hourly|monthly|maximum|minimum)"
)


@dataclass(frozen=True)
class MetricOf:
    """A metric of one dataset."""

    dataset: Dataset
    metric: Metric


class Names:
    """The names of one catalogue, compiled once."""

    def __init__(self, catalog: Catalog) -> None:
        self.metrics: dict[str, list[MetricOf]] = {}
        self.datasets: dict[str, list[Dataset]] = {}
        for dataset in catalog:
            own = _slugs(dataset)
            titles = {fold(dataset.title.pt), fold(dataset.title.en)}
            known = {
                fold(name)
                for language in LANGUAGES
                for name in getattr(dataset.questions.names, language)
            }
            for name in {fold(item) for item in own} | titles | known:
                self.datasets.setdefault(name, []).append(dataset)
            for metric in dataset.questions.metrics:
                for name in _metric_names(metric):
                    self.metrics.setdefault(name, []).append(MetricOf(dataset, metric))
        self.metric_pattern = re.compile(
            "|".join(_spread(name) for name in sorted(self.metrics, key=len, reverse=True))
        )
        self.dataset_pattern = names(
            name for name in self.datasets if name not in self.metrics and not self._periodic(name)
        )

    def take(self, sentence: Sentence) -> None:
        """Take dataset names (that are no metric's name as well), then metrics."""
        for match in self.dataset_pattern.finditer(sentence.open):
            sentence.take("dataset", tuple(self.datasets[match.group()]), match.span())
        for match in self.metric_pattern.finditer(sentence.open):
            pieces = _pieces(match)
            if not all(sentence.is_free(span) for span in pieces):
                continue
            name = " ".join(sentence.folded[start:end] for start, end in pieces)
            sentence.take("metric", tuple(self.metrics[name]), *pieces)

    def _periodic(self, name: str) -> bool:
        """ "carga mensal" is a load by month, and only by chance the slug of a dataset as well."""
        metric, _, last = name.rpartition(" ")
        slug = name.replace(" ", "-")
        own = any(item.dataset == slug for item in self.datasets[name])
        return own and metric in self.metrics and re.fullmatch(_BETWEEN, last) is not None

    def named_datasets(self, said: str) -> tuple[Dataset, ...]:
        """Datasets of which a metric's name is also the dataset's name ("carga diaria")."""
        return tuple(self.datasets.get(said, ()))


def _slugs(dataset: Dataset) -> set[str]:
    """Spellings of the slug; one of a single word ("reservatorio") is an everyday word first."""
    slug = dataset.dataset
    return {slug, dataset.table, slug.replace("-", " ")} if "-" in slug else set()


def _metric_names(metric: Metric) -> set[str]:
    own = {fold(name) for language in LANGUAGES for name in getattr(metric.names, language)}
    return own | {fold(metric.title.pt), fold(metric.title.en)}


def _spread(name: str) -> str:
    """The name's words, each pair perhaps with words like "media" in between."""
    words = [rf"(?:{re.escape(word)})" for word in name.split()]
    return rf"(?<!\w){rf' (?:{_BETWEEN} )*'.join(words)}(?!\w)"


def _pieces(match: re.Match[str]) -> list[tuple[int, int]]:
    between = re.compile(_BETWEEN)
    start, text = match.start(), match.group()
    spans: list[tuple[int, int]] = []
    words = list(re.finditer(r"\S+", text))
    for index, word in enumerate(words):
        inner = 0 < index < len(words) - 1
        if inner and between.fullmatch(word.group()):
            continue
        span = (start + word.start(), start + word.end())
        if spans and span[0] == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], span[1])
        else:
            spans.append(span)
    return spans


@lru_cache(maxsize=4)
def names_of(catalog: Catalog) -> Names:
    """The compiled names of a catalogue (one per process)."""
    return Names(catalog)


def is_energy_verb(said: str, question: str) -> bool:
    """True for "gerou", "produced", "did ... export", "consumo de energia": they ask for energy."""
    if said in {"consumo de energia", "energy consumption", "electricity consumption"}:
        return True
    if re.fullmatch("(ex|im)port(ou|aram|ad[ao]s?|ed)", said):
        return True
    if said in {"export", "import"} and re.search(r"\bdid\b", question):
        return True
    return any(
        re.fullmatch("|".join(lexicon().words(language).markers["generated"]), said)
        for language in LANGUAGES
    )
