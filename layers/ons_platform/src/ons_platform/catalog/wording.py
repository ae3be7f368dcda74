"""What the catalogue says of a dataset, in words of both languages (`wording.yaml`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from ons_platform.catalog.model import Dataset, Measure

Language = Literal["pt", "en"]


def grain(dataset: Dataset, language: Language) -> str:
    """What one row stands for: `hour`, or `reference table`."""
    return _say(language, "grains", dataset.grain or "none")


def subject(dataset_type: str, language: Language) -> str:
    """The heading datasets of a type are listed under."""
    return _say(language, "subjects", dataset_type)


def kind(dataset: Dataset, language: Language) -> str:
    """Series or reference table."""
    return _say(language, "kinds", dataset.kind)


def time_rule(dataset: Dataset, language: Language) -> str | None:
    """Which column says when and what it means; None for a reference table."""
    if dataset.time is None:
        return None
    parts = "".join(
        _say(
            language,
            "part",
            column=part.column,
            unit=_say(language, "grains", part.unit),
            first=part.first,
        )
        for part in dataset.time.parts
    )
    return _say(
        language,
        "time",
        column=dataset.time.column,
        kind=_say(language, "times", dataset.time.kind),
        label=_say(language, "labels", dataset.time.label),
        parts=parts,
    )


def attribution(dataset: Dataset, language: Language) -> str:
    """The line that must accompany the data."""
    return _say(language, "attribution", licence=dataset.licence)


def rules(dataset: Dataset, language: Language) -> Iterator[str]:
    """Every quality rule of a dataset as a sentence, ranges of the measures apart."""
    found = dataset.rules
    if found.identity:
        minus = "".join(f" − {term}" for term in found.identity.minus)
        yield _rule(
            language,
            "identity",
            plus=" + ".join(found.identity.plus),
            minus=minus,
            total=found.identity.total,
            tolerance=f"{found.identity.tolerance:g}",
        )
    if found.complete:
        yield _rule(language, "complete", grain=grain(dataset, language))
    yield from _doubts(dataset, language)
    if found.forecast:
        values = ", ".join(found.forecast.values)
        yield _rule(language, "forecast", column=found.forecast.column, values=values)
    for item in found.breaks:
        text = item.text.model_dump()[language]
        yield _rule(language, "break", starts=item.starts.isoformat(), text=text)
    yield from _variants(dataset, language)
    yield from _computed(dataset, language)


def ranges(measure: Measure, language: Language) -> Iterator[str]:
    """What becomes of values of a measure that are out of their range."""
    for name, bounds in (("range", measure.valid), ("refuse", measure.refuse)):
        if bounds:
            low, high = (f"{bound:.10g}" for bound in bounds)
            yield _rule(
                language, name, column=measure.column, low=low, high=high, unit=measure.unit
            )


def _doubts(dataset: Dataset, language: Language) -> Iterator[str]:
    for doubled in dataset.rules.doubled:
        low, high = (f"{factor:g}" for factor in doubled.between)
        yield _rule(language, "doubled", kind=doubled.measurement_type, low=low, high=high)
    for jump in dataset.rules.jumps:
        factor, least = f"{jump.factor:g}", f"{jump.at_least:g}"
        yield _rule(language, "jump", kind=jump.measurement_type, factor=factor, least=least)
    for quiet in dataset.rules.quiet:
        source = quiet.energy_source
        yield _rule(
            language,
            "quiet",
            kind=quiet.measurement_type,
            start=quiet.hours[0],
            end=quiet.hours[1],
            source=_rule(language, "of_source", source=source) if source else "",
        )


def _variants(dataset: Dataset, language: Language) -> Iterator[str]:
    either, both = _rule(language, "any_of"), _rule(language, "all_of")
    for measure in dataset.measures:
        for item in measure.variants:
            when = both.join(
                _rule(language, "when", column=column, values=either.join(values))
                for column, values in item.when.items()
            )
            kind = item.measurement_type
            yield _rule(language, "variant", column=measure.column, when=when, kind=kind)


def _computed(dataset: Dataset, language: Language) -> Iterator[str]:
    for item in dataset.derived:
        floor = "" if item.floor is None else _rule(language, "floor", floor=f"{item.floor:g}")
        yield _rule(
            language,
            "derived",
            kind=item.measurement_type,
            minuend=item.minuend,
            subtrahend=item.subtrahend,
            floor=floor,
            where=_rule(language, "where", where=item.where) if item.where else "",
        )


def _rule(language: Language, name: str, **details: Any) -> str:
    return _say(language, "rules", name, **details)


def _say(language: Language, *path: str, **details: Any) -> str:
    entry: Any = _texts()
    for name in path:
        entry = entry[name]
    return str(entry[language]).format(**details)


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    text = files("ons_platform.catalog").joinpath("wording.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe ones
    return loaded
