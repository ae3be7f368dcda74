"""Quantities and datasets by the names the catalogue gives them, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ons_platform.catalog.model import Dataset, Metric, Text
from ons_platform.catalog.registry import Catalog
from ons_platform.catalog.vocabulary import fold, vocabulary
from ons_platform.questions.lexicon import LANGUAGES, lexicon, names
from ons_platform.questions.tokens import Sentence, Span

_BETWEEN = (
    r"(?:medi[ao]s?|maxim[ao]s?|minim[ao]s?|diari[ao]s?|mensa(?:l|is)|anua(?:l|is)|horari[ao]s?|tota(?:l|is)"
    r"|average|mean|daily|hourly|monthly|maximum|minimum)"
)


@dataclass(frozen=True)
class MetricOf:
    """A metric of one dataset."""

    dataset: Dataset
    metric: Metric


@dataclass(frozen=True)
class FilterSaid:
    """A value of an attribute column by which a question is narrowed."""

    column: str
    value: str
    title: Text


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
        self.filters = _filters(catalog)
        self.special = _special(catalog)
        self._patterns = _longest_first(self.metrics)
        self.dataset_pattern = names(
            name for name in self.datasets if name not in self.metrics and not self._periodic(name)
        )
        self.filter_pattern = names(self.filters) if self.filters else None
        proper = _proper(catalog)
        self._placed = _longest_first(name for name in self.metrics if proper.search(name))

    def take(self, sentence: Sentence) -> None:
        """Take dataset names (that are no metric's name as well), then metrics."""
        longer = self._longer(sentence)
        for match in self.dataset_pattern.finditer(sentence.open):
            low, high = match.span()
            if not any(start <= low and high <= end for start, end in longer):
                sentence.take("dataset", tuple(self.datasets[match.group()]), match.span())
        self._take_metrics(sentence, self._patterns)

    def take_placed(self, sentence: Sentence) -> None:
        """Take metrics with a place or a plant in their name, before it is taken as such."""
        self._take_metrics(sentence, self._placed)

    def _take_metrics(self, sentence: Sentence, patterns: tuple[re.Pattern[str], ...]) -> None:
        for match in (match for pattern in patterns for match in pattern.finditer(sentence.open)):
            pieces = [match.span()] if match.group() in self.metrics else _pieces(match)
            if not all(sentence.is_free(span) for span in pieces):
                continue
            name = " ".join(sentence.folded[start:end] for start, end in pieces)
            sentence.take("metric", tuple(self.metrics[name]), *pieces)

    def _longer(self, sentence: Sentence) -> list[Span]:
        """Metrics whose whole name is there and has another word than a dataset's within it."""
        found = (match for pattern in self._patterns for match in pattern.finditer(sentence.open))
        return [match.span() for match in found if match.group() in self.metrics]

    def claimed(self, sentence: Sentence) -> list[Span]:
        """Where names of the catalogue stand, taken or not: what they say they mean."""
        text = sentence.open
        found = [match.span() for match in self.dataset_pattern.finditer(text)]
        for pattern in self._patterns:
            found += [match.span() for match in pattern.finditer(text)]
        return found

    def take_filters(self, sentence: Sentence) -> None:
        """Take values of columns that narrow a dataset of which something else was said."""
        if self.filter_pattern is None:
            return
        claims = self.claimed(sentence)
        for match in self.filter_pattern.finditer(sentence.open):
            span = match.span()
            if any(
                low <= span[0] and span[1] <= high and high - low > span[1] - span[0]
                for low, high in claims
            ):
                continue
            owners = self.filters[match.group()]
            if any(
                span != claim and owners.keys() & self._said(sentence, claim) for claim in claims
            ):
                sentence.take("filter", next(iter(owners.values())), span)

    def _said(self, sentence: Sentence, span: Span) -> set[str]:
        """Datasets that the name at the span may mean."""
        name = sentence.folded[slice(*span)]
        found = {dataset.dataset for dataset in self.datasets.get(name, ())}
        return found | {option.dataset.dataset for option in self.metrics.get(name, ())}

    def _periodic(self, name: str) -> bool:
        """ "carga mensal" is a load by month, and only by chance the slug of a dataset as well."""
        metric, _, last = name.rpartition(" ")
        slug = name.replace(" ", "-")
        own = any(item.dataset == slug for item in self.datasets[name])
        return own and metric in self.metrics and re.fullmatch(_BETWEEN, last) is not None

    def named_datasets(self, said: str) -> tuple[Dataset, ...]:
        """Datasets of which a metric's name is also the dataset's name ("carga diaria")."""
        return tuple(self.datasets.get(said, ()))


def _filters(catalog: Catalog) -> dict[str, dict[str, FilterSaid]]:
    """What each name narrows to, by dataset."""
    found: dict[str, dict[str, FilterSaid]] = {}
    for dataset in catalog:
        for item in dataset.questions.filters:
            for value in item.values:
                said = FilterSaid(item.column, value.value, value.title)
                for name in (*value.names.pt, *value.names.en):
                    found.setdefault(fold(name), {})[dataset.dataset] = said
    return found


def _special(catalog: Catalog) -> dict[str, tuple[MetricOf, ...]]:
    """Metrics that are another one where two places or one of theirs are named, by its id."""
    found: dict[str, tuple[MetricOf, ...]] = {}
    for dataset in catalog:
        for metric in dataset.questions.metrics:
            if metric.of is not None:
                found[metric.of] = (*found.get(metric.of, ()), MetricOf(dataset, metric))
    return found


def _proper(catalog: Catalog) -> re.Pattern[str]:
    """Names of places and of what whole datasets are about, as they occur within other names."""
    terms = vocabulary()
    places = [*terms.regions.values(), *terms.states.values()]
    own = [name for term in places for name in term.names if len(name) > 2]
    own += [item.constants["entity_name"] for item in catalog if "entity_name" in item.constants]
    return names(fold(name) for name in own)


def _longest_first(spoken: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """A pattern for the names of each number of words, the longest names first."""
    sizes: dict[int, list[str]] = {}
    for name in spoken:
        sizes.setdefault(len(name.split()), []).append(name)
    return tuple(
        re.compile("|".join(_spread(name) for name in sorted(sizes[size], key=len, reverse=True)))
        for size in sorted(sizes, reverse=True)
    )


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
