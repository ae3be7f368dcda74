"""How an answer is laid out: one number, the label of the largest, a ranking, a series."""

from __future__ import annotations

import re
from dataclasses import replace

from ons_platform.questions.facts import Facts
from ons_platform.questions.hourly import FEW_DAYS, few_days, hourly, many_days
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Intent, Note, Shape, Unclear
from ons_platform.questions.roles import Noun

_STEPWISE = re.compile(
    r"\b(?:maxim[ao]s?|minim[ao]s?|picos?|recordes?) (?:diari|mensa|anua|semana)"
    r"|\b(?:daily|monthly|yearly|annual|weekly) (?:max|min|peak|record)"
)
TOP = 10
"""How many plants "as maiores usinas" means."""
_EVENT = re.compile(
    r"\b(?:ocorreu|aconteceu|registrad[ao]|registrou|se deu"
    r"|occur(?:red)?|happen(?:ed)?|recorded|registered|reached)\b"
)
_OF_EACH = re.compile(
    r" (?:por|by) (?:usina|reservatorio|bacia|ree|posto|area|plant|reservoir"
    r"|equivalent reservoir|basin|river basin|area)$"
)
"""How a quantity's own name says that each thing has one: "energia armazenada por bacia"."""
_EXTREMES = {"desc": Aggregate.MAX, "asc": Aggregate.MIN}


def extreme_order(facts: Facts) -> str | None:
    """`desc` for the largest, `asc` for the smallest, None when neither was said."""
    high, low = facts.has("most"), facts.has("least")
    top, bottom = facts.has("maximum"), facts.has("minimum")
    if (high or top) and (low or bottom):
        raise Unclear("two_extremes")
    return "desc" if high or top else "asc" if low or bottom else None


def shape(facts: Facts, intent: Intent, *, open_inner: bool) -> Intent:
    """Buckets, dimensions, order and shape from nouns, adjectives and superlatives."""
    order = extreme_order(facts)
    intent = _grouped(facts, intent)
    target = _one_target(facts)
    if target is None and order is not None:
        target = next((noun for noun in facts.nouns if noun.role == "bare"), None)
    moment = facts.reading.sentence.all("when")
    if target is not None and not _is_extra(facts, target.mention.span[0]):
        facts.use("role:target", "role:bare", "when")
        if len([noun for noun in facts.nouns if noun.role == "target"]) > 1:
            return _moment(facts, intent, order)
        return _target(facts, intent, target, order, open_inner)
    if facts.has("hour_of_day") and target is None:
        return _hour_of_day(facts, intent, order)
    if facts.has("ranking", "ascending", "descending") or facts.top:
        return _ranking(facts, intent, target, order)
    if moment and not _is_extra(facts, moment[0].span[0]):
        facts.use("when", "role:extra")
        return _moment(facts, intent, order)
    return _number(facts, intent, order, open_inner)


def _one_target(facts: Facts) -> Noun | None:
    """What is asked for; "em que dia e hora" asks for the instant, other pairs for two things."""
    targets = [noun for noun in facts.nouns if noun.role == "target"]
    asked = {noun.mention.value for noun in targets}
    if asked == {"day", "hour"}:
        return next(noun for noun in targets if noun.bucket is Bucket.HOUR)
    if len(asked) > 1:
        raise Unclear("two_groupings")
    return targets[0] if targets else None


def _is_extra(facts: Facts, position: int) -> bool:
    """True for a second question tacked on: "qual foi o maximo ... e em que dia"."""
    sentence = facts.reading.sentence
    asked = min(facts.position("metric"), facts.position("dataset"))
    if asked > position:
        return False
    joined = re.search(r"(?:^| )(?:e|and)(?: em| a| on| at)? ?$", sentence.folded[:position])
    return joined is not None or any(
        word in {"qual", "quais", "what", "which"} and span[0] < asked
        for word, span in sentence.words()
    )


def _grouped(facts: Facts, intent: Intent) -> Intent:
    """ "por subsistema", "em cada mês", "mês a mês"."""
    groups = [noun for noun in facts.nouns if noun.role == "group"]
    facts.use("role:group")
    if not groups and any(
        word in {"cada", "each", "every"} for word, _ in facts.reading.sentence.words()
    ):
        raise Unclear("unused_words", words=("cada" if facts.reading.language == "pt" else "each",))
    by = tuple(dict.fromkeys(noun.dimension for noun in groups if noun.dimension))
    if any(_OF_EACH.search(m.text) for m in facts.reading.sentence.all("metric")):
        by = tuple(dict.fromkeys((*by, Dimension.PLANT)))
    if facts.has("between_regions"):
        by = tuple(dict.fromkeys((*by, Dimension.REGION)))
    buckets = [noun.bucket for noun in groups if noun.bucket] + facts.adjective_groups()
    if facts.has("interval_each"):
        text = next(
            m.text for m in facts.reading.sentence.all("marker") if m.value == "interval_each"
        )
        buckets.append(_interval_named(text))
    if len(set(buckets)) > 1:
        raise Unclear("two_groupings")
    if buckets:
        facts.use(*(f"adjective:{bucket.value}" for bucket in buckets))
    return replace(
        intent,
        by=by,
        bucket=buckets[0] if buckets else None,
        shape=Shape.TABLE if by or buckets else intent.shape,
    )


def _interval_named(text: str) -> Bucket:
    table = {
        "hora": Bucket.HOUR,
        "hour": Bucket.HOUR,
        "dia": Bucket.DAY,
        "day": Bucket.DAY,
        "mes": Bucket.MONTH,
        "month": Bucket.MONTH,
        "ano": Bucket.YEAR,
        "year": Bucket.YEAR,
        "seman": Bucket.WEEK,
        "week": Bucket.WEEK,
    }
    return next(bucket for start, bucket in table.items() if text.startswith(start))


def _inner_for(facts: Facts, intent: Intent, order: str | None, open_inner: bool) -> Intent:
    """When no mean or energy was said, "carga maxima" inside a group is the group's maximum."""
    if not open_inner:
        return intent
    strong = facts.said("maximum", "minimum")
    if strong and order is not None:
        return replace(intent, aggregate=_EXTREMES[order], notes=())
    return intent


def _target(
    facts: Facts, intent: Intent, target: Noun, order: str | None, open_inner: bool
) -> Intent:
    facts.has("ranking", "descending")
    if facts.has("ascending"):
        order = "asc"
    if order is None:
        if target.dimension and (target.plural or facts.top):
            order = "desc"
        else:
            raise Unclear("which_extreme", word=target.mention.text)
    several = facts.top is not None or target.plural
    facts.use("top")
    limit = facts.top or (None if several else 1)
    if limit is None and target.dimension is Dimension.PLANT:
        limit, intent = TOP, replace(intent, notes=(*intent.notes, Note.of("top_only", n=TOP)))
    outcome = Shape.TABLE if several else Shape.LABEL
    intent = _inner_for(facts, intent, order, open_inner)
    if target.dimension is not None:
        by = tuple(dict.fromkeys((target.dimension, *intent.by)))
        if len(by) > 1:
            raise Unclear("two_groupings")
        intent = _use_adjectives(facts, intent)
        if open_inner and intent.aggregate is Aggregate.MEAN and outcome is Shape.LABEL:
            intent = _mean_or_extreme(facts, intent, target.dimension, order)
        return replace(intent, by=by, order=order, limit=limit, shape=outcome)
    return _time_target(facts, intent, target, order, limit, outcome, open_inner)


def _mean_or_extreme(facts: Facts, intent: Intent, dimension: Dimension, order: str) -> Intent:
    """Which subsystem had the highest CMO: on average, or at some instant ("... and when")?"""
    if facts.reading.sentence.has("when"):
        return replace(intent, aggregate=_EXTREMES[order], notes=())
    energy = all(option.metric.energy for option in intent.options)
    state = all(option.metric.unit in {"m", "%"} for option in intent.options) and not facts.periods
    if state or (energy and dimension is not Dimension.REGION):
        return intent
    return replace(intent, alternative=_EXTREMES[order])


def _time_target(
    facts: Facts,
    intent: Intent,
    target: Noun,
    order: str,
    limit: int | None,
    outcome: Shape,
    open_inner: bool,
) -> Intent:
    if intent.by or intent.bucket:
        raise Unclear("two_groupings")
    bucket = target.bucket or Bucket.DAY
    if facts.has("hour_of_day") or (
        bucket is Bucket.HOUR and (facts.said("mean") or not _one_day(facts))
    ):
        bucket = Bucket.HOUR_OF_DAY
    facts.use(f"adjective:{bucket.value}", "adjective:hour", "adjective:day")
    alternative = None
    undecided = open_inner and intent.aggregate is Aggregate.MEAN
    if (
        undecided
        and bucket is Bucket.DAY
        and _is_event(facts)
        and Bucket.DAY not in facts.adjectives()
    ):
        return replace(
            intent,
            aggregate=_EXTREMES[order],
            bucket=bucket,
            order=order,
            limit=limit,
            shape=outcome,
            notes=(),
        )
    if undecided and bucket is Bucket.DAY and Bucket.DAY not in facts.adjectives():
        alternative = _EXTREMES[order]
    return replace(
        intent, bucket=bucket, order=order, limit=limit, shape=outcome, alternative=alternative
    )


def _is_event(facts: Facts) -> bool:
    """An hourly value occurs or is recorded ("em que dia ocorreu a maior carga"), a mean is not."""
    return _EVENT.search(facts.reading.sentence.folded) is not None


def _one_day(facts: Facts) -> bool:
    periods = facts.periods
    return bool(periods) and all(
        item.start is not None
        and item.end is not None
        and (item.end - item.start).total_seconds() <= 90_000
        for item in periods
    )


def _hour_of_day(facts: Facts, intent: Intent, order: str | None) -> Intent:
    facts.use("role:bare", "adjective:hour", "adjective:day", "when")
    if intent.bucket is not None:
        raise Unclear("two_groupings")
    outcome, limit = (Shape.LABEL, 1) if order else (Shape.TABLE, None)
    return replace(
        intent,
        aggregate=Aggregate.MEAN if intent.aggregate is not Aggregate.SHARE else intent.aggregate,
        bucket=Bucket.HOUR_OF_DAY,
        order=order,
        limit=limit,
        shape=outcome,
        notes=(),
    )


def _ranking(facts: Facts, intent: Intent, target: Noun | None, order: str | None) -> Intent:
    facts.use("top", "role:bare", "role:target")
    noun = target or next((item for item in facts.nouns if item.role == "bare"), None)
    things = intent.by or ((noun.dimension,) if noun is not None and noun.dimension else ())
    bucket = intent.bucket or (noun.bucket if noun is not None and not things else None)
    if bool(things) == (bucket is not None):
        raise Unclear("rank_of_what")
    ascending = facts.has("ascending") or order == "asc"
    facts.has("descending")
    intent = _use_adjectives(facts, intent)
    return replace(
        intent,
        by=things,
        bucket=bucket,
        order="asc" if ascending else "desc",
        limit=facts.top,
        shape=Shape.TABLE,
    )


def _moment(facts: Facts, intent: Intent, order: str | None) -> Intent:
    asked = next((m.text for m in facts.reading.sentence.all("when")), "")
    if order is None:
        raise Unclear("which_extreme", word=asked)
    if ("hora" in asked or "time" in asked) and facts.said("mean"):
        return replace(intent, bucket=Bucket.HOUR_OF_DAY, order=order, limit=1, shape=Shape.LABEL)
    outer = _outer_bucket(facts)
    if outer is not None:
        return replace(intent, bucket=outer, order=order, limit=1, shape=Shape.LABEL)
    if intent.aggregate is Aggregate.ENERGY or facts.said("mean"):
        raise Unclear("moment_of_mean")
    return replace(intent, aggregate=_EXTREMES[order], shape=Shape.LABEL, notes=())


def _outer_bucket(facts: Facts) -> Bucket | None:
    """The stretch of time of "maior carga média diária": groups first, then the extreme."""
    grouped = {Bucket.HOUR, *facts.adjective_groups()}
    found = [bucket for bucket in facts.adjectives() if bucket not in grouped]
    if len(found) > 1:
        raise Unclear("two_groupings")
    facts.use(*(f"adjective:{bucket.value}" for bucket in found), "adjective:hour")
    return found[0] if found else None


def _check_extremes_of_steps(facts: Facts) -> None:
    """A daily maximum is one value a day, not the largest daily mean: which of them is wanted?"""
    if facts.said("maximum", "minimum") and _STEPWISE.search(facts.reading.sentence.folded):
        raise Unclear("extreme_of_steps")


def _number(facts: Facts, intent: Intent, order: str | None, open_inner: bool) -> Intent:
    facts.use("when", "role:extra", "role:target")
    if order is None:
        return _series_or_mean(facts, intent, open_inner)
    _check_extremes_of_steps(facts)
    asked = [noun for noun in facts.nouns if noun.role in {"extra", "target"}]
    where = (Dimension.REGION,) if facts.has("where") else ()
    by = tuple(
        dict.fromkeys((*intent.by, *where, *(noun.dimension for noun in asked if noun.dimension)))
    )
    outer = _outer_bucket(facts)
    if outer is None:
        outer = next(
            (
                noun.bucket
                for noun in asked
                if noun.bucket not in {None, Bucket.HOUR, Bucket.INTERVAL} and not open_inner
            ),
            None,
        )
    if outer is not None:
        if intent.bucket is not None:
            raise Unclear("two_groupings")
        notes = intent.notes if not open_inner else (Note.of("mean_of_bucket"),)
        return replace(intent, bucket=outer, by=intent.by, order=order, limit=1, notes=notes)
    if intent.aggregate is Aggregate.SHARE or not open_inner:
        if by and not intent.bucket:
            return replace(intent, by=by, order=order, limit=1, shape=Shape.NUMBER)
        raise Unclear("extreme_of_mean")
    picked = by if by and not intent.by else ()
    intent = replace(intent, aggregate=_EXTREMES[order], notes=())
    if picked:
        return replace(intent, by=picked, order=order, limit=1, shape=Shape.NUMBER)
    return intent


def _series_or_mean(facts: Facts, intent: Intent, open_inner: bool) -> Intent:
    """No superlative: a plain aggregate, or a series when one was asked for."""
    bare = [noun for noun in facts.nouns if noun.role == "bare"]
    if facts.filters.sources and all(noun.dimension is Dimension.PLANT for noun in bare):
        facts.use("role:bare")  # "solar plants" says the source
    found = facts.adjectives()
    facts.use(*(f"adjective:{bucket.value}" for bucket in found))
    if open_inner and intent.bucket is None and (step := hourly(facts)) is not None:
        return _hourly(facts, intent, step)
    if intent.bucket is None and (facts.has("show") or (open_inner and _names_a_curve(facts))):
        if found:
            return replace(
                intent, bucket=found[-1] if len(found) == 1 else found[0], shape=Shape.TABLE
            )
        if not intent.by and _wants_series(facts):
            return replace(intent, bucket=Bucket.INTERVAL, shape=Shape.TABLE, if_several=True)
    if (
        intent.bucket is None
        and found
        and found[-1] in {Bucket.MONTH, Bucket.YEAR, Bucket.WEEK}
        and not intent.by
    ):
        return replace(intent, bucket=found[-1], shape=Shape.TABLE, if_several=True)
    return intent


def _hourly(facts: Facts, intent: Intent, step: Bucket) -> Intent:
    """Each value of "carga horária" when they are few enough to read, else their mean."""
    if facts.filters.hours is not None and len(facts.filters.hours) == 1:
        return intent
    if facts.has("show") or few_days(facts.periods):
        return replace(intent, bucket=step, shape=Shape.TABLE, notes=())
    if many_days(facts.periods):
        return replace(intent, notes=(*intent.notes, Note.of("hourly_mean", days=FEW_DAYS)))
    return intent


def _wants_series(facts: Facts) -> bool:
    words = (
        "curva",
        "grafico",
        "serie",
        "evolu",
        "perfil",
        "plot",
        "chart",
        "graph",
        "series",
        "trend",
        "profile",
        "curve",
        "variou",
        "variaram",
        "vary",
        "change",
        "comport",
        "evolve",
        "desenhe",
        "draw",
        "plote",
    )
    said = " ".join(m.text for m in facts.reading.sentence.all("marker") if m.value == "show")
    return any(word in said for word in words) or _names_a_curve(facts)


def _names_a_curve(facts: Facts) -> bool:
    return any(
        "curva" in m.text or "curve" in m.text for m in facts.reading.sentence.all("dataset")
    )


def _use_adjectives(facts: Facts, intent: Intent) -> Intent:
    """In a ranking "carga média anual" only says what is averaged; "máxima diária" would not."""
    if facts.said("mean") or intent.aggregate in {Aggregate.ENERGY, Aggregate.SHARE}:
        facts.use(*(f"adjective:{bucket.value}" for bucket in facts.adjectives()))
    facts.use("adjective:hour")
    return intent
