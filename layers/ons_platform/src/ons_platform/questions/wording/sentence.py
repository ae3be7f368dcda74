"""One number as a sentence: "A carga máxima do Sul em 2023 foi de …, em … às 14h."

None wherever the grammar is in doubt (an unknown noun, places of two kinds, a series); the caller
then writes the neutral form "Carga, máxima, Sul, 2023: …".
"""

from __future__ import annotations

from ons_platform.questions.execute import Point
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.plan import SUBSYSTEMS
from ons_platform.questions.wording import grammar, texts
from ons_platform.questions.wording.writer import Writer, civil_label

_SPOKEN = {Operation.AGGREGATE, Operation.SHARE, Operation.RAMP}
_MOST_PLANTS = 4


def sentence(writer: Writer, point: Point) -> str | None:
    """The sentence of a single value, None when only the neutral form is safe."""
    if writer.plan.operation not in _SPOKEN or writer.plan.bucket or point.bucket is not None:
        return None
    if writer.plan.minus is not None:
        return None
    plain = point.n == 1 and any(note.key == "default_aggregate" for note in writer.intent.notes)
    parts = _parts(writer, "plain" if plain else writer.plan.aggregate.value)
    if parts is None:
        return None
    labels = writer.titles(point)
    return writer.text(
        "sentence",
        **parts,
        value=writer.written(point.value),
        at=_reached(writer, point),
        labels=f" ({texts.listed(labels, writer.language)})" if labels else "",
    )


def counted(writer: Writer, **places: object) -> str | None:
    """The sentence of how often a threshold was passed."""
    stepwise = writer.plan.bucket not in {None, Bucket.HOUR, Bucket.INTERVAL}
    parts = _parts(writer, writer.plan.aggregate.value if stepwise else "plain")
    if parts is None:
        return None
    key = "sentence_count_percent" if writer.intent.percent else "sentence_count"
    return writer.text(key, **parts, condition=writer.condition, **places)


def _parts(writer: Writer, kind: str) -> dict[str, str] | None:
    noun, where = _noun(writer, kind), _where(writer)
    if noun is None or where is None:
        return None
    hours = [str(hour) for hour in writer.plan.rows.hours]
    listed = texts.listed(hours, writer.language)
    key = "sentence_hour" if len(hours) == 1 else "sentence_hours"
    return {
        "noun": noun,
        "where": where,
        "period": _narrowed(writer) + _period(writer),
        "hours": writer.text(key, hours=listed) if hours else "",
    }


def _narrowed(writer: Writer) -> str:
    """Restrictions by attribute, as the catalogue words them: " por confiabilidade (CNF)"."""
    said = [texts.written(item, writer.language) for item in writer.intent.narrowed]
    return f" {texts.listed(said, writer.language)}" if said else ""


def _period(writer: Writer) -> str:
    if writer.intent.aggregate is Aggregate.LAST or len(writer.plan.windows) != 1:
        return ""
    window = writer.plan.windows[0]
    return grammar.during(window.civil_start, window.civil_end, writer.language)


def _noun(writer: Writer, kind: str) -> str | None:
    """Quantity and aggregation with article and agreement; a sum is a total, as energy is."""
    kind = {"sum": "energy"}.get(kind, kind)
    title = texts.written(writer.plan.metric.title, writer.language)
    gender = grammar.gender(writer.plan.metric.title.pt)
    if writer.plan.negate:
        title, gender = (
            writer.text("sentence_import"),
            grammar.gender(texts.text("sentence_import", "pt")),
        )
    if gender is None or (kind == "mean" and grammar.says_average(title)):
        return None
    places = {"quantity": _with_sources(writer, title), "part": _part(writer) or ""}
    if kind == "share" and not places["part"]:
        return None
    if writer.language == "pt":
        places |= {form: grammar.article(gender, form) for form in ("of", "in")}
        places["article"] = grammar.article(gender, "the")
        if kind in {"mean", "energy", "max", "min"}:
            adjective = grammar.article(gender, kind)
            places["adjective"] = grammar.qualified(places["quantity"], adjective)
    return texts.word("sentence_nouns", kind, writer.language).format(**places)


def _with_sources(writer: Writer, title: str) -> str:
    codes = writer.plan.rows.sources
    if not codes:
        return title
    names = _sources(writer, codes)
    return f"{title} {names}" if writer.language == "pt" else f"{names} {title}"


def _sources(writer: Writer, codes: tuple[str, ...]) -> str:
    return texts.listed([writer.title(Dimension.SOURCE, code) for code in codes], writer.language)


def _part(writer: Writer) -> str | None:
    """What a share is of: "eólica", "do Nordeste", "da usina X"."""
    part, language = writer.plan.numerator, writer.language
    if part is None:
        return None
    if part.sources:
        return _sources(writer, part.sources)
    if part.plants:
        return _plants(writer, part.plants)
    dimension = Dimension.STATE if part.states else Dimension.REGION
    return grammar.of_places(dimension, part.states or part.regions, language) or None


def _where(writer: Writer) -> str | None:
    """The places with their prepositions; None for places of two kinds or too many plants."""
    rows, plan, language = writer.plan.rows, writer.plan, writer.language
    regions = rows.regions
    if rows.pair is not None:
        first, second = (writer.title(Dimension.REGION, code) for code in rows.pair)
        return writer.text("sentence_flow", origin=first, destination=second)
    if Dimension.REGION in plan.by and (plan.numerator is None or not plan.numerator.regions):
        regions = writer.intent.said_regions
    elif len(regions) >= len(SUBSYSTEMS):
        regions = ("SIN",)
    if plan.spread is not None or sum(map(bool, (rows.plants, rows.states, regions))) > 1:
        return None
    if rows.plants:
        names = _plants(writer, rows.plants)
        return names and grammar.where(names, Dimension.PLANT, language)
    dimension = Dimension.STATE if rows.states else Dimension.REGION
    named = grammar.of_places(dimension, rows.states or regions, language)
    return grammar.where(named, dimension, language)


def _plants(writer: Writer, plants: tuple[str, ...]) -> str | None:
    if len(plants) > _MOST_PLANTS:
        return None
    column = writer.plan.dataset.column("entity_name")
    kind = "reservoir" if column is not None and "reservatorio" in column.name else "plant"
    return grammar.of_plants(plants, kind, writer.language)


def _reached(writer: Writer, point: Point) -> str:
    if not writer.has_instant:
        return ""
    when = civil_label(writer.plan, point.at)
    daily = writer.plan.hours >= 24
    return grammar.at(when, writer.language, "reached_day" if daily else "reached")
