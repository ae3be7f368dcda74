"""A reading sorted into facts to decide on, and the check that all of them were used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ons_platform.catalog.model import Dataset, Text
from ons_platform.questions.intent import Bucket, Filters, Unclear
from ons_platform.questions.metrics import MetricOf, Names, is_energy_verb
from ons_platform.questions.periods import PeriodMatch
from ons_platform.questions.quantities import Threshold, UnitAsked
from ons_platform.questions.reading import Reading
from ons_platform.questions.roles import Noun, nouns
from ons_platform.questions.tokens import Mention

_HARMLESS = frozenset({"show", "generated", "energy", "hour_adjective"})


@dataclass
class Facts:
    """What was said. `used` collects what the interpretation took account of."""

    reading: Reading
    nouns: list[Noun]
    options: tuple[MetricOf, ...]
    datasets: tuple[Dataset, ...]
    preferred: tuple[str, ...]
    filters: Filters
    whole_system: bool
    periods: tuple[PeriodMatch, ...]
    thresholds: tuple[Threshold, ...]
    unit: UnitAsked | None
    top: int | None
    metric_ids: tuple[str, ...]
    energy_verb: bool
    daily_name: bool
    hour_pair: tuple[int, int] | None
    narrowed: tuple[Text, ...] = ()
    minus: str | None = None
    abroad: bool = False
    from_abroad: bool = False
    used: set[str] = field(default_factory=set)

    def has(self, *markers: str) -> bool:
        """True when one of the markers was said; counts it as used."""
        said = {m.value for m in self.reading.sentence.all("marker")} & set(markers)
        self.used |= {f"marker:{value}" for value in said}
        return bool(said)

    def said(self, *markers: str) -> bool:
        """True when one of the markers was said, without using it."""
        return any(m.value in markers for m in self.reading.sentence.all("marker"))

    def use(self, *kinds: str) -> None:
        """Take account of mentions: `marker:mean`, `role:bare`, `adjective:day`, `when`."""
        self.used |= set(kinds)

    def target(self, *roles: str) -> Noun | None:
        """The first noun of the roles."""
        return next((noun for noun in self.nouns if noun.role in (roles or ("target",))), None)

    def adjectives(self) -> list[Bucket]:
        """Time adjectives said ("diaria"), shortest grain first."""
        order = ["hour", "day", "week", "month", "year"]
        found = {m.value for m in self.reading.sentence.all("adjective")}
        if self.daily_name:
            found.add("day")
        return [Bucket(value) for value in order if value in found]

    def adjective_groups(self) -> list[Bucket]:
        """Time adjectives said as a grouping ("por mes", "per day")."""
        found = {
            m.value
            for m in self.reading.sentence.all("adjective")
            if m.text.startswith(("por ", "per "))
        }
        return [
            Bucket(value) for value in ("hour", "day", "week", "month", "year") if value in found
        ]

    def position(self, mention_kind: str) -> int:
        """Where the first mention of the kind starts; far behind everything when there is none."""
        found = self.reading.sentence.all(mention_kind)
        return found[0].span[0] if found else 1_000_000

    def unused(self) -> list[str]:
        """Texts of the mentions nobody took account of."""
        return [item.text for item in self.reading.sentence.mentions if not self._is_used(item)]

    def _is_used(self, item: Mention) -> bool:
        if item.kind == "marker":
            return item.value in _HARMLESS or f"marker:{item.value}" in self.used
        if item.kind in {"dimension", "adjective"}:
            role = next((noun.role for noun in self.nouns if noun.mention is item), "")
            names = {f"{item.kind}:{item.value}", f"role:{role}"}
            return role == "name" or bool(names & self.used)
        if item.kind == "hours" and self.hour_pair is not None:
            return "hour_pair" in self.used
        if item.kind in {
            "metric",
            "dataset",
            "region",
            "state",
            "source",
            "plant",
            "period",
            "hours",
            "unit",
            "filter",
        }:
            return True
        return item.kind in self.used


def gather(reading: Reading, names: Names) -> Facts:
    """Sort a reading's mentions; contradictions are `Unclear`."""
    sentence = reading.sentence
    metrics = sentence.all("metric")
    options = _options(metrics, names)
    regions = _unique(m.value for m in sentence.all("region"))
    named = [m.value for m in sentence.all("dataset")]
    preferred = [d.dataset for m in metrics for d in names.named_datasets(m.text)]
    hours, hour_pair = _hours(reading)
    if hours is not None or hour_pair is not None or _by_the_hour(reading):
        options += _hourly(options, names)
    return Facts(
        reading=reading,
        nouns=nouns(sentence, reading.language),
        options=options,
        datasets=_common(named),
        preferred=tuple(preferred),
        filters=Filters(
            regions=tuple(code for code in regions if code != "SIN"),
            sources=_unique(m.value for m in sentence.all("source")),
            states=_unique(m.value for m in sentence.all("state")),
            plants=tuple(m.value for m in sentence.all("plant")),
            hours=hours,
            attributes=_attributes(sentence.all("filter")),
        ),
        whole_system="SIN" in regions,
        periods=tuple(m.value for m in sentence.all("period")),
        thresholds=tuple(m.value for m in sentence.all("threshold")),
        unit=_one(sentence.all("unit")),
        top=_one(sentence.all("top")),
        metric_ids=tuple(_unique(m.value[0].metric.id for m in metrics)),
        energy_verb=any(is_energy_verb(m.text, sentence.folded) for m in metrics)
        or sentence_has(reading, "generated"),
        daily_name=any(
            {option.dataset.grain for option in m.value} == {"P1D"}
            and re.search("diari|daily", m.text)
            for m in metrics
        ),
        hour_pair=hour_pair,
        narrowed=_unique(m.value.title for m in sentence.all("filter")),
    )


def _attributes(said: list[Mention]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Columns with the values said, each once."""
    found: dict[str, tuple[str, ...]] = {}
    for mention in said:
        column, value = mention.value.column, mention.value.value
        found[column] = _unique((*found.get(column, ()), value))
    return tuple(found.items())


def _by_the_hour(reading: Reading) -> bool:
    """True when an hour, or a step of an hour, was said."""
    said = reading.sentence.all("adjective", "dimension")
    periods = (m.value for m in reading.sentence.all("period"))
    return any(m.value == "hour" for m in said) or any(
        item.unit in {"hour", "minute"} for item in periods
    )


def _hourly(options: tuple[MetricOf, ...], names: Names) -> tuple[MetricOf, ...]:
    """The same quantities where the catalogue has them by the hour under a name of their own."""
    wanted = {f"hourly_{option.metric.id}" for option in options}
    found = {
        (option.dataset.dataset, option.metric.id): option
        for listed in names.metrics.values()
        for option in listed
        if option.metric.id in wanted
    }
    return tuple(found[key] for key in sorted(found))


def sentence_has(reading: Reading, marker: str) -> bool:
    """True when the marker was said."""
    return any(m.value == marker for m in reading.sentence.all("marker"))


def _options(metrics: list[Mention], names: Names) -> tuple[MetricOf, ...]:
    """Every dataset's metric of the quantity said; several quantities must share one."""
    if not metrics:
        return ()
    families = []
    for mention in metrics:
        ids = {family(option.metric.id) for option in mention.value}
        same = [
            option
            for listed in names.metrics.values()
            for option in listed
            if family(option.metric.id) in ids
        ]
        strict = {
            (o.dataset.dataset, o.metric.id) for o in (mention.value if len(ids) > 1 else same)
        }
        families.append(strict)
    common = set.intersection(*families)
    if not common:
        raise Unclear("two_metrics", first=metrics[0].text, second=metrics[-1].text)
    table = {
        (o.dataset.dataset, o.metric.id): o for listed in names.metrics.values() for o in listed
    }
    return tuple(table[key] for key in sorted(common))


def family(metric_id: str) -> str:
    """The quantity a metric measures: generation by plant is generation."""
    return {"plant_generation": "generation"}.get(metric_id, metric_id)


def _common(named: list[tuple[Dataset, ...]]) -> tuple[Dataset, ...]:
    if not named:
        return ()
    common = [item for item in named[0] if all(item in other for other in named)]
    if not common:
        raise Unclear("two_datasets")
    return tuple(common)


def _hours(reading: Reading) -> tuple[frozenset[int] | None, tuple[int, int] | None]:
    """The hours of the day that count; or two single hours, which a change goes between."""
    matches = reading.sentence.all("hours")
    if not matches:
        return None, None
    sets = [m.value.hours for m in matches]
    explicit = [m.value.hours for m in matches if any(char.isdigit() for char in m.text)]
    if len(sets) == 1 or all(item == sets[0] for item in sets):
        return sets[0], None
    if len(explicit) == 1 and all(explicit[0] & item for item in sets):
        return explicit[0], None
    if len(sets) == 2 and all(len(item) == 1 for item in sets):
        return None, (min(sets[0]), min(sets[1]))
    raise Unclear("two_hours")


def _unique(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))


def _one(mentions: list[Mention]):  # type: ignore[no-untyped-def]
    values = {m.value for m in mentions}
    if len(values) > 1:
        raise Unclear("two_of_a_kind", first=mentions[0].text, second=mentions[-1].text)
    return mentions[0].value if mentions else None
