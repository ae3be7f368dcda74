"""From facts to an intent: which operation was asked for, on what, shaped how.

Each branch says which mentions it takes account of; a mention nobody used makes the question
unclear, so that no word is answered as if it were not there.
"""

from __future__ import annotations

from dataclasses import replace

from ons_platform.questions.base import base_intent, inner
from ons_platform.questions.facts import Facts, gather
from ons_platform.questions.intent import Aggregate, Dimension, Intent, Note, Operation, Shape, Unclear
from ons_platform.questions.interpret_change import change
from ons_platform.questions.interpret_count import count
from ons_platform.questions.interpret_units import is_about_units, units
from ons_platform.questions.metrics import MetricOf, Names
from ons_platform.questions.reading import Reading
from ons_platform.questions.shapes import shape

_OUT_OF_SCOPE = {"per_person", "money", "environment", "people", "forecast"}


def interpret(reading: Reading, names: Names) -> Intent:
    """The intent of a reading; `Unclear` says what was not understood."""
    sentence = reading.sentence
    if reading.left_over and sentence.has("metric", "dataset") and reading.near:
        raise Unclear("unknown_plant", words=reading.left_over, near=reading.near)
    for mention in sentence.all("unsupported"):
        raise Unclear(f"unsupported_{mention.value}", scope=mention.value in _OUT_OF_SCOPE, word=mention.text)
    for mention in sentence.all("topic"):
        raise Unclear("topic", scope=True, word=mention.text)
    if reading.left_over:
        known = sentence.has("metric", "dataset")
        raise Unclear("unknown_words", scope=not known, words=reading.left_over)
    facts = gather(reading, names)
    _check_periods(facts)
    intent = _dispatch(facts)
    if left := facts.unused():
        raise Unclear("unused_words", words=tuple(left))
    notes = tuple(Note.of("corrected", word=word, meant=meant) for word, meant in reading.corrected)
    return replace(intent, notes=notes + intent.notes)


def _check_periods(facts: Facts) -> None:
    for period in facts.periods:
        if period.error is not None:
            raise Unclear("bad_date", text=period.text, pt=period.error.pt, en=period.error.en)
        if period.vague:
            raise Unclear("vague_period", text=period.text)


def _dispatch(facts: Facts) -> Intent:
    if facts.has("inventory"):
        return Intent(Operation.INVENTORY)
    if facts.has("coverage"):
        facts.use("role:target", "role:bare", "role:name", "marker:latest", "marker:show", "adjective:day", "adjective:hour", "adjective:week")
        return replace(base_intent(facts, Operation.COVERAGE), falling=_asks_first(facts))
    if not facts.options and not facts.datasets:
        if is_about_units(facts):
            return units(facts)
        raise Unclear("no_metric", scope=True)
    if facts.said("quality"):
        return _quality(facts)
    if is_about_units(facts):
        return units(facts)
    _imply_metric(facts)
    if facts.thresholds:
        return count(facts, base_intent(facts, Operation.COUNT))
    if facts.said("exported") and facts.said("imported") or _asks_whether_net(facts):
        return _direction(facts)
    if facts.has("ramp_down"):
        return _ramp(facts, Aggregate.RAMP_DOWN)
    if facts.has("ramp"):
        return _ramp(facts, Aggregate.RAMP_UP)
    if facts.said("share", "mix") and not facts.said("growth", "fall"):
        return _share(facts)
    if facts.said("growth", "fall", "compare", "difference", "previous_year"):
        return change(facts, base_intent(facts, Operation.CHANGE))
    return aggregate(facts)


def _asks_first(facts: Facts) -> bool:
    text = " ".join(m.text for m in facts.reading.sentence.all("marker") if m.value == "coverage")
    return any(word in text for word in ("desde", "primeir", "since", "first", "earliest", "begin", "start", "comec"))


def _imply_metric(facts: Facts) -> None:
    if facts.options:
        return
    options = [
        MetricOf(dataset, metric) for dataset in facts.datasets for metric in dataset.questions.metrics
    ]
    if len({option.metric.id for option in options}) != 1:
        raise Unclear("which_metric", dataset=facts.datasets[0])
    facts.options = tuple(options)


def _quality(facts: Facts) -> Intent:
    facts.has("quality", "count", "show", "or")
    facts.use("role:target", "role:bare", "role:count", "adjective:day", "adjective:hour", "adjective:week", "adjective:month", "adjective:year")
    return base_intent(facts, Operation.QUALITY)


def _asks_whether_net(facts: Facts) -> bool:
    text = facts.reading.sentence.folded
    return any(word in text for word in ("exportador", "importador", "net exporter", "net importer"))


def _direction(facts: Facts) -> Intent:
    facts.has("exported", "imported", "or", "compare")
    facts.use("marker:most", "marker:total", "role:name", "marker:energy", "marker:generated")
    base = base_intent(facts, Operation.DIRECTION)
    return replace(base, aggregate=Aggregate.ENERGY, shape=Shape.LABEL, negate=False)


def _ramp(facts: Facts, kind: Aggregate) -> Intent:
    facts.has("most", "maximum", "mean")
    if facts.said("mean", "least", "minimum"):
        raise Unclear("ramp_mean")
    facts.use("when", "adjective:hour", "role:extra", "role:name", "marker:growth")
    base = base_intent(facts, Operation.RAMP)
    by = _group_dimensions(facts)
    return replace(base, aggregate=kind, by=by, shape=Shape.TABLE if by else Shape.NUMBER)


def _group_dimensions(facts: Facts) -> tuple[Dimension, ...]:
    facts.use("role:group")
    found = [noun.dimension for noun in facts.nouns if noun.role == "group" and noun.dimension]
    return tuple(dict.fromkeys(found))


def _share(facts: Facts) -> Intent:
    facts.has("share", "mix", "compare")
    base = base_intent(facts, Operation.SHARE)
    if not facts.options or not all(option.metric.energy or option.metric.unit == "MW" for option in facts.options):
        raise Unclear("share_of_what")
    numerator = _numerator(facts)
    shaped = shape(facts, replace(base, aggregate=Aggregate.SHARE, numerator=numerator), open_inner=False)
    if numerator is None and not shaped.by:
        facts.use("role:target", "role:bare")
        shaped = replace(shaped, by=(Dimension.SOURCE,), shape=Shape.TABLE, order="desc")
    return shaped


def _numerator(facts: Facts) -> Dimension | None:
    """What the share is of: the source or region said next to the word "share"."""
    sentence = facts.reading.sentence
    sources, regions = sentence.all("source"), [m for m in sentence.all("region") if m.value != "SIN"]
    plants = sentence.all("plant")
    if plants:
        return Dimension.PLANT
    if sources and not regions:
        return Dimension.SOURCE
    if regions and not sources:
        generation = any(option.metric.by_source for option in facts.options)
        return None if generation and facts.said("mix") else Dimension.REGION
    if not sources:
        return None
    at = next(m.span for m in sentence.all("marker") if m.value in {"share", "mix"})
    after = [m for m in sorted([*sources, *regions], key=lambda m: m.span) if m.span[0] >= at[1]]
    before = [m for m in [*sources, *regions] if m.span[1] <= at[0] and at[0] - m.span[1] <= 4]
    if before:
        return _as_dimension(before[-1].kind)
    if after and after[0].kind == "region":
        gap = sentence.folded[at[1] : after[0].span[0]]
        if gap.strip() in {"do", "da", "de", "of", "of the"}:
            return Dimension.REGION
    return Dimension.SOURCE


def _as_dimension(kind: str) -> Dimension:
    return Dimension.REGION if kind == "region" else Dimension.SOURCE


def aggregate(facts: Facts) -> Intent:
    """Latest, mean, energy, extremes, rankings and series."""
    base = base_intent(facts, Operation.AGGREGATE)
    how = inner(facts)
    intent = replace(base, aggregate=how or Aggregate.MEAN)
    if how is None:
        intent = replace(intent, notes=(Note.of("default_aggregate"),))
    shaped = shape(facts, intent, open_inner=how is None)
    if facts.said("latest"):
        return _latest(facts, shaped)
    return shaped


def _latest(facts: Facts, intent: Intent) -> Intent:
    facts.has("latest")
    if intent.bucket or intent.limit or facts.periods or intent.aggregate in {Aggregate.MAX, Aggregate.MIN}:
        if not facts.periods:
            raise Unclear("latest_of_group")
        return intent
    return replace(intent, aggregate=Aggregate.LAST, notes=())
