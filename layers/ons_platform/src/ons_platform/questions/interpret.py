"""From facts to an intent: which operation was asked for, on what, shaped how.

Each branch says which mentions it takes account of; a mention nobody used makes the question
unclear, so that no word is answered as if it were not there.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ons_platform.questions.aggregations import check_aggregations
from ons_platform.questions.base import asks_energy, base_intent, exports, imports, inner
from ons_platform.questions.facts import Facts, family, gather
from ons_platform.questions.flows import settle_places, settle_schedule
from ons_platform.questions.intent import (
    Aggregate,
    Dimension,
    Intent,
    Note,
    Operation,
    Shape,
    Unclear,
)
from ons_platform.questions.interpret_change import change
from ons_platform.questions.interpret_count import count
from ons_platform.questions.interpret_units import is_about_units, units
from ons_platform.questions.metrics import MetricOf, Names
from ons_platform.questions.quantities import Threshold
from ons_platform.questions.reading import Reading
from ons_platform.questions.shapes import shape
from ons_platform.questions.tokens import Mention

_OF_THE_DATA = {Operation.COVERAGE, Operation.INVENTORY, Operation.QUALITY}
_OUT_OF_SCOPE = {"per_person", "money", "environment", "people", "forecast"}


def interpret(reading: Reading, names: Names) -> Intent:
    """The intent of a reading; `Unclear` says what was not understood."""
    sentence = reading.sentence
    if reading.left_over and sentence.has("metric", "dataset") and reading.near:
        raise Unclear("unknown_plant", words=reading.left_over, near=reading.near)
    for mention in sentence.all("unsupported"):
        raise Unclear(
            f"unsupported_{mention.value}", scope=mention.value in _OUT_OF_SCOPE, word=mention.text
        )
    for mention in sentence.all("topic"):
        raise Unclear("topic", scope=True, word=mention.text)
    if reading.left_over:
        known = sentence.has("metric", "dataset")
        raise Unclear("unknown_words", scope=not known, words=reading.left_over)
    facts = gather(reading, names)
    _check_periods(facts)
    intent = _dispatch(facts, names)
    if intent.operation in _OF_THE_DATA and (narrowed := facts.reading.sentence.all("filter")):
        raise Unclear("unused_words", words=tuple(mention.text for mention in narrowed))
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


def _dispatch(facts: Facts, names: Names) -> Intent:
    if facts.has("inventory"):
        return Intent(Operation.INVENTORY)
    if facts.said("coverage") or (facts.said("ends") and facts.reading.sentence.has("when")):
        return _coverage(facts)
    if not facts.options and not facts.datasets and not is_about_units(facts):
        facts.options = _implied(facts, names)
    if not facts.options and not facts.datasets and not is_about_units(facts):
        raise Unclear("no_metric", scope=True)
    settle_places(facts, names)
    settle_schedule(facts)
    if facts.said("quality") and (facts.options or facts.datasets):
        return _quality(facts)
    if is_about_units(facts):
        return units(facts)
    return _measured(facts)


def _measured(facts: Facts) -> Intent:
    """A question about values over time."""
    _imply_metric(facts)
    check_aggregations(facts)
    if not facts.thresholds and facts.said("count") and exports(facts) != imports(facts):
        facts.thresholds = (Threshold(">", 0.0, None),)
    if facts.thresholds:
        return count(facts, base_intent(facts, Operation.COUNT))
    if (exports(facts) and imports(facts)) or _asks_whether(facts):
        return _direction(facts)
    if facts.said("ramp", "ramp_down"):
        return _ramp(facts)
    moves = facts.said("growth", "fall")
    if facts.said("share", "mix") and not moves:
        return _share(facts)
    if facts.minus is None and (moves or facts.said("compare", "difference", "previous_year")):
        return change(facts, base_intent(facts, Operation.CHANGE))
    return aggregate(facts)


def _coverage(facts: Facts) -> Intent:
    facts.has("coverage", "ends", "latest")
    facts.use("when", "role:target", "role:bare", "role:name")
    facts.use("adjective:day", "adjective:hour", "adjective:week")
    return replace(base_intent(facts, Operation.COVERAGE), falling=_asks_first(facts))


def _asks_first(facts: Facts) -> bool:
    text = " ".join(
        m.text for m in facts.reading.sentence.all("marker") if m.value in {"coverage", "ends"}
    )
    return any(
        word in text
        for word in ("desde", "primeir", "since", "first", "earliest", "begin", "start", "comec")
    )


def _implied(facts: Facts, names: Names) -> tuple[MetricOf, ...]:
    """The quantity meant without its name: "energia eólica", "matriz", "foi exportador"."""
    wanted = ""
    if facts.said("exported", "imported"):
        wanted = "exchange"
    elif facts.said("mix") or (
        facts.filters.sources and (facts.said("generated", "share") or asks_energy(facts))
    ):
        wanted = "generation"
    elif any(noun.dimension is Dimension.PLANT for noun in facts.nouns):
        extremes = {
            m.text for m in facts.reading.sentence.all("marker") if m.value in {"most", "least"}
        }
        if extremes & {"pior", "piores", "melhor", "melhores", "worst", "best"}:
            wanted = "generation"
        elif extremes & {"maior", "maiores", "menor", "menores", "largest", "biggest", "smallest"}:
            wanted = "capacity"
    found = {
        (option.dataset.dataset, option.metric.id): option
        for listed in names.metrics.values()
        for option in listed
        if family(option.metric.id) == wanted
    }
    return tuple(found[key] for key in sorted(found))


def _imply_metric(facts: Facts) -> None:
    if facts.options:
        return
    options = [
        MetricOf(dataset, metric)
        for dataset in facts.datasets
        for metric in dataset.questions.metrics
    ]
    if len({option.metric.id for option in options}) != 1:
        raise Unclear("which_metric", dataset=facts.datasets[0])
    facts.options = tuple(options)


_FLAGS = {
    "inconsistent": "inconsisten",
    "missing": "vazi|branco|nul|falt|ausen|sem valor|empty|blank|missing|without",
    "duplicate": "duplica",
    "suspect": "suspeit|suspicious",
    "invalid": "invalid",
}
"""Flags by the roots of the words (folded) that ask for records of that kind."""


def _quality(facts: Facts) -> Intent:
    facts.has("quality", "count", "show", "or")
    facts.use(
        "role:target",
        "role:bare",
        "role:count",
        "adjective:day",
        "adjective:hour",
        "adjective:week",
        "adjective:month",
        "adjective:year",
    )
    said = [m.text for m in facts.reading.sentence.all("marker") if m.value == "quality"]
    flags = [flag for flag, root in _FLAGS.items() if any(re.search(root, word) for word in said)]
    return replace(base_intent(facts, Operation.QUALITY), flags=tuple(flags))


def _asks_whether(facts: Facts) -> bool:
    """Answered by yes or no: "O Sul importou energia?", "Was the South a net exporter?"."""
    if exports(facts) == imports(facts):
        return False
    text = facts.reading.sentence.folded
    if any(word in text for word in ("exportador", "importador", "net exporter", "net importer")):
        return facts.target() is None
    verb = any(
        re.fullmatch("(ex|im)port(ou|aram|ed)?", m.text)
        for m in facts.reading.sentence.all("metric")
    )
    asks = re.match(r"(did|has|was|were|is|o|a|os|as|houve|sera que)\b", text) is not None
    open_question = re.search(
        r"\b(quanto|quanta|qual|quais|quando|how|what|when|which|medi[ao]|average|mean)\b", text
    )
    return (
        verb
        and asks
        and open_question is None
        and not facts.said("most", "least", "maximum", "minimum", "mean")
    )


def _direction(facts: Facts) -> Intent:
    facts.has("exported", "imported", "or", "compare")
    facts.use("marker:most", "marker:total", "role:name", "marker:energy", "marker:generated")
    base = base_intent(facts, Operation.DIRECTION)
    sides = ("import", "export") if facts.from_abroad else ("export", "import")
    asked = None if exports(facts) == imports(facts) else sides[not exports(facts)]
    return replace(base, aggregate=Aggregate.ENERGY, shape=Shape.LABEL, negate=False, asked=asked)


def _ramp(facts: Facts) -> Intent:
    kind = Aggregate.RAMP_DOWN if facts.has("ramp_down") else Aggregate.RAMP_UP
    facts.has("ramp", "most", "maximum", "mean")
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
    if not facts.options or not all(_adds_up(option) for option in facts.options):
        raise Unclear("share_of_what")
    numerator = None if _over(facts, Dimension.SOURCE) else _numerator(facts)
    intent = replace(base, aggregate=Aggregate.SHARE, numerator=numerator)
    shaped = shape(facts, intent, open_inner=False)
    if numerator is None and not shaped.by:
        facts.use("role:target", "role:bare")
        return replace(shaped, by=(Dimension.SOURCE,), shape=Shape.TABLE, order="desc")
    return shaped


def _adds_up(option: MetricOf) -> bool:
    """Parts of a net exchange, a level or a price make no whole."""
    return option.metric.energy and option.metric.measurement_type != "exchange"


def _over(facts: Facts, dimension: Dimension) -> bool:
    """True when the shares of all members of the dimension were asked for."""
    return any(
        noun.dimension is dimension and noun.role in {"group", "target"} for noun in facts.nouns
    )


def _numerator(facts: Facts) -> Dimension | None:
    """What the share is of: the source or place said next to the word "share"."""
    sentence = facts.reading.sentence
    if sentence.has("plant"):
        return Dimension.PLANT
    sources = sentence.all("source")
    places = [m for m in sentence.all("region", "state") if m.value != "SIN"]
    if not sources:
        mix_of_place = facts.said("mix") and any(o.metric.by_source for o in facts.options)
        return Dimension(places[0].kind) if places and not mix_of_place else None
    at = next(m.span for m in sentence.all("marker") if m.value in {"share", "mix"})
    before = [m for m in (*sources, *places) if m.span[1] <= at[0] <= m.span[1] + 4]
    if before:
        return Dimension(before[-1].kind)
    after = sorted((m for m in (*sources, *places) if m.span[0] >= at[1]), key=lambda m: m.span)
    if after and after[0] in places and not _owns_the_metric(facts, after[0]):
        gap = sentence.folded[at[1] : after[0].span[0]].strip()
        if gap in {"do", "da", "de", "of", "of the", "do estado do", "do estado da"}:
            return Dimension(after[0].kind)
    return Dimension.SOURCE


def _owns_the_metric(facts: Facts, place: Mention) -> bool:
    """True for "the Northeast's generation": the place is the whole, not the part."""
    sentence = facts.reading.sentence
    behind = [m.span[0] for m in sentence.all("metric") if m.span[0] >= place.span[1]]
    if not behind:
        return False
    return sentence.folded[place.span[1] : behind[0]].strip() in {"", "'s", "s", "’s"}


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
    if how is None and _asks_now(facts, shaped):
        return replace(shaped, aggregate=Aggregate.LAST, notes=())
    return shaped


def _asks_now(facts: Facts, intent: Intent) -> bool:
    """ "Qual é a carga do Sul?" without a period asks for the present value."""
    open_shape = (
        intent.shape is Shape.NUMBER
        and intent.bucket is None
        and not intent.by
        and intent.order is None
    )
    present = re.match(
        r"(qual e|quanto e|what is|what's|how much is|how high is)\b", facts.reading.sentence.folded
    )
    plain = (
        intent.aggregate is Aggregate.MEAN and not facts.periods and intent.filters.hours is None
    )
    return present is not None and open_shape and plain


def _latest(facts: Facts, intent: Intent) -> Intent:
    facts.has("latest")
    if (
        intent.bucket
        or intent.limit
        or facts.periods
        or intent.aggregate in {Aggregate.MAX, Aggregate.MIN}
    ):
        if not facts.periods:
            raise Unclear("latest_of_group")
        return intent
    return replace(intent, aggregate=Aggregate.LAST, notes=())
