"""Quantities and datasets by the names the catalogue gives them, in both languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ons_platform.catalog.model import Dataset, Metric, Text
from ons_platform.catalog.registry import Catalog
from ons_platform.catalog.vocabulary import fold, vocabulary
from ons_platform.questions.lexicon import LANGUAGES, lexicon
from ons_platform.questions.phrases import Found, Phrases
from ons_platform.questions.tokens import Sentence, Span

_BETWEEN = (
    r"(?:medi[ao]s?|maxim[ao]s?|minim[ao]s?|diari[ao]s?|mensa(?:l|is)|anua(?:l|is)|horari[ao]s?|tota(?:l|is)"
    r"|average|mean|daily|hourly|monthly|maximum|minimum)"
)


_LEVEL = r"(?<!\w)(\d+(?:[.,]\d+)?) ?{unit}(?!\w)"


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
        self.dataset_phrases = Phrases(
            name
            for name in self.datasets
            if not (name in self.metrics or self._periodic(name) or self._of_each(name))
        )
        self._phrases = Phrases(self.metrics, _BETWEEN)
        self._filter_phrases = Phrases(self.filters)
        self._levels = _levels(catalog)
        proper = _proper(catalog)
        placed = (name for name in self.metrics if proper.find(name))
        self._placed = Phrases(placed, _BETWEEN)

    def take(self, sentence: Sentence) -> None:
        """Take dataset names (that are no metric's name as well), then metrics."""
        found = self._phrases.find(sentence.open)
        whole = [item.span for item in found if len(item.spans) == 1]
        for item in self.dataset_phrases.find(sentence.open):
            if sentence.is_free(item.span) and not _within(item.span, whole):
                sentence.take("dataset", tuple(self.datasets[item.name]), item.span)
        self._take_metrics(sentence, found)

    def take_placed(self, sentence: Sentence) -> None:
        """Take metrics with a place or a plant in their name, before it is taken as such."""
        self._take_metrics(sentence, self._placed.find(sentence.open))

    def _take_metrics(self, sentence: Sentence, found: list[Found]) -> None:
        for item in found:
            if all(sentence.is_free(span) for span in item.spans):
                sentence.take("metric", tuple(self.metrics[item.name]), *item.spans)

    def _claims(self, sentence: Sentence) -> list[Found]:
        text = sentence.open
        return [*self.dataset_phrases.find(text), *self._phrases.find(text)]

    def claimed(self, sentence: Sentence) -> list[Span]:
        """Where names of the catalogue stand, taken or not: what they say they mean."""
        return [item.span for item in self._claims(sentence)]

    def take_filters(self, sentence: Sentence) -> None:
        """Take values of columns that narrow a dataset of which something else was said."""
        said = self._filter_phrases.find(sentence.open)
        claims = self._claims(sentence) if said else []
        for item in said:
            others = [claim for claim in claims if claim.span != item.span]
            if not sentence.is_free(item.span) or _within(item.span, [x.span for x in others]):
                continue
            owners = self.filters[item.name]
            meant = next((o for o in owners if any(o in self._said(x.name) for x in others)), None)
            if meant is not None:
                sentence.take("filter", owners[meant], item.span)

    def take_levels(self, sentence: Sentence) -> None:
        """Take "500 kV" where a dataset of which something was said has a column of levels."""
        for unit, columns in self._levels.items():
            for match in re.finditer(_LEVEL.format(unit=re.escape(fold(unit))), sentence.open):
                said = {name for claim in self._claims(sentence) for name in self._said(claim.name)}
                held = [column for name, column in columns.items() if name in said]
                value = match.group(1).replace(",", ".")
                if held:
                    words = Text(pt=f"de {value} {unit}", en=f"of {value} {unit}")
                    sentence.take("filter", FilterSaid(held[0], value, words), match.span())

    def _said(self, name: str) -> set[str]:
        """Datasets that a name may mean."""
        found = {dataset.dataset for dataset in self.datasets.get(name, ())}
        return found | {option.dataset.dataset for option in self.metrics.get(name, ())}

    def _periodic(self, name: str) -> bool:
        """ "carga mensal" is a load by month, and only by chance the slug of a dataset as well."""
        metric, _, last = name.rpartition(" ")
        slug = name.replace(" ", "-")
        own = any(item.dataset == slug for item in self.datasets[name])
        return own and metric in self.metrics and re.fullmatch(_BETWEEN, last) is not None

    def _of_each(self, name: str) -> bool:
        """ "ear por subsistema" is a quantity by subsystem, as any other grouping."""
        said = re.fullmatch(r"(.+) (?:por|by) [^ ]+", name)
        return said is not None and said.group(1) in self.metrics

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


def _levels(catalog: Catalog) -> dict[str, dict[str, str]]:
    """Columns of which any number with a unit narrows, by the unit and the dataset."""
    found: dict[str, dict[str, str]] = {}
    for dataset in catalog:
        for item in dataset.questions.filters:
            if item.unit is not None:
                found.setdefault(item.unit, {})[dataset.dataset] = item.column
    return found


def _special(catalog: Catalog) -> dict[str, tuple[MetricOf, ...]]:
    """Metrics that are another one where two places or one of theirs are named, by its id."""
    found: dict[str, tuple[MetricOf, ...]] = {}
    for dataset in catalog:
        for metric in dataset.questions.metrics:
            if metric.of is not None:
                found[metric.of] = (*found.get(metric.of, ()), MetricOf(dataset, metric))
    return found


def _proper(catalog: Catalog) -> Phrases:
    """Names of places and of what whole datasets are about, as they occur within other names."""
    terms = vocabulary()
    places = [*terms.regions.values(), *terms.states.values()]
    own = [name for term in places for name in term.names if len(name) > 2]
    own += [item.constants["entity_name"] for item in catalog if "entity_name" in item.constants]
    return Phrases(fold(name) for name in own)


def _within(span: Span, others: list[Span]) -> bool:
    return any(low <= span[0] and span[1] <= high for low, high in others)


def _slugs(dataset: Dataset) -> set[str]:
    """Spellings of the slug; one of a single word ("reservatorio") is an everyday word first."""
    slug = dataset.dataset
    return {slug, dataset.table, slug.replace("-", " ")} if "-" in slug else set()


def _metric_names(metric: Metric) -> set[str]:
    own = {fold(name) for language in LANGUAGES for name in getattr(metric.names, language)}
    return own | {fold(metric.title.pt), fold(metric.title.en)}


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
