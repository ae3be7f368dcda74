"""What an answer is about, in words: quantity, source, aggregation, place, hours and period."""

from __future__ import annotations

from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Intent, Operation
from ons_platform.questions.lexicon import Language
from ons_platform.questions.plan import QueryPlan
from ons_platform.questions.wording import texts


def subject(plan: QueryPlan, intent: Intent, language: Language) -> str:
    """E.g. "Geração eólica, média, Nordeste, janeiro de 2023"."""
    parts = [
        _quantity(plan, language),
        _aggregation(plan, language),
        *_places(plan, intent, language),
    ]
    if plan.rows.hours:
        hours = texts.listed([str(hour) for hour in plan.rows.hours], language)
        parts.append(texts.text("at_hours", language, hours=hours))
    parts += _period(plan, intent, language)
    parts += [texts.written(item, language) for item in intent.narrowed]
    line = ", ".join(part for part in parts if part)
    if plan.minus is not None:
        line = texts.text("deviation", language, subject=line)
    return line[0].upper() + line[1:]


def _quantity(plan: QueryPlan, language: Language) -> str:
    title = texts.written(plan.metric.title, language)
    rows = plan.numerator if plan.numerator and plan.numerator.sources else plan.rows
    sources = [texts.title(Dimension.SOURCE, code, language) for code in rows.sources]
    if not sources:
        return title
    names = texts.listed(sources, language)
    return f"{title} {names}" if language == "pt" else f"{names} {title}"


def _aggregation(plan: QueryPlan, language: Language) -> str:
    if plan.operation in {Operation.COUNT, Operation.MATCHING} and plan.bucket is None:
        return ""
    name = texts.word("aggregates", plan.aggregate.value, language)
    if plan.bucket is Bucket.INTERVAL and plan.aggregate is Aggregate.MEAN:
        return ""
    if plan.bucket is not None and plan.aggregate is Aggregate.MEAN:
        return texts.text(
            "bucket_means", language, bucket=texts.word("buckets", plan.bucket.value, language)
        )
    return name


def _places(plan: QueryPlan, intent: Intent, language: Language) -> list[str]:
    rows = plan.rows
    if plan.numerator and plan.numerator.regions:
        return [
            texts.listed(
                [texts.title(Dimension.REGION, code, language) for code in plan.numerator.regions],
                language,
            )
        ]
    names = (
        [*rows.plants] if len(rows.plants) <= 4 else [f"{rows.plants[0]} … ({len(rows.plants)})"]
    )
    if plan.numerator and plan.numerator.plants:
        names = list(plan.numerator.plants)
    if rows.pair is not None:
        first, second = (texts.title(Dimension.REGION, code, language) for code in rows.pair)
        return [f"{first} → {second}"]
    if plan.spread is not None:
        first, second = (texts.title(Dimension.REGION, code, language) for code in plan.spread)
        return [f"|{first} − {second}|"]
    states = plan.numerator.states if plan.numerator and plan.numerator.states else rows.states
    names += [texts.title(Dimension.STATE, code, language) for code in states]
    whole = len(rows.regions) >= 4 and Dimension.REGION not in plan.by
    if whole:
        names.append("SIN")
    elif Dimension.REGION not in plan.by:
        names += [texts.title(Dimension.REGION, code, language) for code in rows.regions]
    elif intent.said_regions:
        names += [texts.title(Dimension.REGION, code, language) for code in intent.said_regions]
    return [texts.listed(names, language)] if names else []


def _period(plan: QueryPlan, intent: Intent, language: Language) -> list[str]:
    if intent.aggregate is Aggregate.LAST or len(plan.windows) != 1:
        return []
    window = plan.windows[0]
    return [texts.period(window.civil_start, window.civil_end, language)]
