"""One question, one answer: read, interpret, resolve, run, write (QRY-1, QRY-2, QRY-8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import Catalog
from ons_platform.errors import InvalidRequest
from ons_platform.lake.knowledge import Knowledge, stretches
from ons_platform.lake.zone import brasilia
from ons_platform.questions.answer import Answer, Source
from ons_platform.questions.capacity import answer_units
from ons_platform.questions.chart import chart_of
from ons_platform.questions.choose import Coverage
from ons_platform.questions.chosen import NoData
from ons_platform.questions.engines.choice import Engine, PlanStore
from ons_platform.questions.entities import EntityIndex
from ons_platform.questions.execute import Result, execute, expected
from ons_platform.questions.holdings import (
    Holding,
    answer_coverage,
    answer_inventory,
    answer_quality,
)
from ons_platform.questions.intent import Aggregate, Intent, Note, Operation, Unclear
from ons_platform.questions.interpret import interpret
from ons_platform.questions.lexicon import Language
from ons_platform.questions.metrics import names_of
from ons_platform.questions.reading import Reader
from ons_platform.questions.resolve import Resolved, resolve
from ons_platform.questions.series import series_rows
from ons_platform.questions.suggest import suggestions
from ons_platform.questions.wording import texts
from ons_platform.questions.wording.compose import compose
from ons_platform.questions.wording.writer import civil_label

_TOLD = 4
"""How many stretches of a dataset are named, the last ones."""
_YEARS = range(1900, 2201)
_DECLINED, _CERTAIN, _PER_GUESS, _LEAST = 0.2, 0.97, 0.06, 0.5
_GUESSES = frozenset(
    {
        "corrected",
        "plant_corrected",
        "default_aggregate",
        "latest_full_year",
        "latest_year",
        "all_data",
        "whole_system",
        "each_region",
    }
)
_HALF_GUESSES = frozenset(
    {"partial", "chose_dataset", "chose_dataset_of_many", "incomplete_kept", "hourly_mean"}
)


@dataclass(frozen=True)
class QuestionRequest:
    """A question (3 to 1000 characters); `language` None means: find out.

    `as_of` (aware) is the "now" of "yesterday"; None means the moment of asking.
    """

    question: str
    language: Language | None = None
    as_of: datetime | None = None
    max_points: int = 1000
    include_chart: bool = False


def ask(
    request: QuestionRequest,
    *,
    catalog: Catalog,
    knowledge: Coverage,
    engine: Engine,
    now: datetime,
    store: PlanStore | None = None,
) -> Answer:
    """Answer the question as of `now` (aware), from the store where it holds what is asked for.

    Never guesses: what is not understood comes back as `needs_clarification` or `out_of_scope`
    with suggestions. The engine's `ServiceUnavailable` and `StorageUnavailable` pass through; an
    `as_of` far from any data is an `InvalidRequest`.
    """
    moment = request.as_of or now
    if moment.year not in _YEARS:
        raise InvalidRequest(
            f"as_of must lie in the years {_YEARS.start} to {_YEARS.stop - 1}", field="as_of"
        )
    asked = _Asked(request, catalog, knowledge, engine, store, moment)
    return asked.answer()


class _Asked:
    def __init__(
        self,
        request: QuestionRequest,
        catalog: Catalog,
        coverage: Coverage,
        engine: Engine,
        store: PlanStore | None,
        now: datetime,
    ) -> None:
        self._request = request
        self._catalog = catalog
        self._coverage = coverage
        self._engine = engine
        self._store = store
        self._now = now
        self._language: Language = request.language or "pt"

    def answer(self) -> Answer:
        """The answer, whatever its status."""
        try:
            return self._answered()
        except Unclear as why:
            return self._declined(
                "out_of_scope" if why.out_of_scope else "needs_clarification", why.note
            )
        except NoData as why:
            return self._no_data(why)

    def _answered(self) -> Answer:
        reader = Reader(self._catalog, entity_index(self._catalog, self._coverage))
        reading = reader.read(
            self._request.question, language=self._request.language, now=self._now
        )
        self._language = reading.language
        intent = interpret(reading, names_of(self._catalog))
        if intent.operation is Operation.INVENTORY:
            return self._held(answer_inventory(self._catalog, self._coverage, self._language))
        if intent.operation is Operation.COVERAGE:
            return self._held(answer_coverage(intent, self._coverage, self._language))
        if intent.operation is Operation.QUALITY:
            limit = self._request.max_points
            return self._held(
                answer_quality(intent, self._coverage, self._engine, self._language, limit)
            )
        if intent.operation is Operation.UNITS:
            return self._units(intent)
        return self._series(intent)

    def _series(self, intent: Intent) -> Answer:
        resolved = resolve(intent, self._coverage)
        known = (resolved.knowledge, *resolved.partners)
        result = execute(resolved.plan, known, self._engine, self._store)
        if not result.points:
            raise NoData("no_rows", (resolved.plan.dataset,), (resolved.knowledge,))
        composed = compose(resolved, result, self._language)
        notes = _distinct([*_needed(resolved, result), *_result_notes(result), *composed.notes])
        rows, truncated = series_rows(result.plan, composed, self._request.max_points)
        window = _period(resolved, result)
        dataset = resolved.plan.dataset
        chart = self._request.include_chart
        return Answer(
            "answered",
            self._language,
            composed.text,
            composed.value,
            composed.unit,
            window,
            _confidence(notes),
            time_series_data=rows,
            sources=tuple(
                self._source(self._catalog[item.dataset], item, window) for item in known
            ),
            assumptions=self._written(notes),
            notices=self._written(result.ran.notices),
            query_language=result.ran.language,
            query_used=result.ran.query,
            engine=result.ran.engine,
            dataset=dataset.dataset,
            truncated=truncated,
            chart=chart_of(resolved, composed, self._language) if chart else None,
        )

    def _units(self, intent: Intent) -> Answer:
        found = answer_units(intent, self._catalog, self._coverage, self._engine, self._language)
        written, most = found.written, self._request.max_points
        notes = [*intent.notes, *found.notes, *written.notes]
        return Answer(
            "answered",
            self._language,
            written.text,
            written.value,
            written.unit,
            confidence_score=_confidence(notes),
            time_series_data=written.rows[:most],
            sources=(self._source(found.dataset, found.knowledge, None),),
            assumptions=self._written(notes),
            query_used=found.statement.readable,
            dataset=found.dataset.dataset,
            truncated=len(written.rows) > most,
        )

    def _written(self, notes: Iterable[Note]) -> tuple[str, ...]:
        return tuple(texts.note(item, self._language) for item in notes)

    def _held(self, found: Holding) -> Answer:
        sources: tuple[Source, ...] = ()
        window = None
        if found.dataset is not None and found.knowledge is not None:
            sources = (self._source(found.dataset, found.knowledge, None),)
        if found.window is not None:
            window = _iso(found.window.civil_start, found.window.civil_end)
        return Answer(
            "answered",
            self._language,
            found.text,
            found.value,
            period=window,
            confidence_score=_CERTAIN,
            time_series_data=found.rows,
            sources=sources,
            query_used=found.statement.readable if found.statement else None,
            dataset=found.dataset.dataset if found.dataset else None,
            truncated=found.truncated,
        )

    def _declined(self, status: Any, why: Note) -> Answer:
        return Answer(
            status, self._language, texts.note(why, self._language), confidence_score=_DECLINED,
            suggestions=self._suggestions(),
        )  # fmt: skip

    def _no_data(self, why: NoData) -> Answer:
        places = dict(why.note.places)
        held = why.held or tuple(
            known for item in why.datasets if (known := self._coverage.get(item.dataset))
        )
        places |= {"datasets": why.datasets, "held": [self._held_item(known) for known in held]}
        text = texts.text(why.note.key, self._language, **places)
        sources = tuple(self._source(self._catalog[known.dataset], known, None) for known in held)
        return Answer(
            "no_data",
            self._language,
            text,
            confidence_score=_DECLINED,
            sources=sources,
            suggestions=self._suggestions(),
        )

    def _held_item(self, known: Knowledge) -> str:
        held = stretches(known, self._catalog[known.dataset].grain)
        if not held:
            return known.dataset
        parts = [
            texts.text("held_stretch", self._language, **_ends(*item)) for item in held[-_TOLD:]
        ]
        if len(held) > _TOLD:
            parts.insert(0, "…")
        return f"{known.dataset} {texts.listed(parts, self._language)}"

    def _suggestions(self) -> tuple[str, ...]:
        return suggestions(self._catalog, self._coverage, self._language)

    def _source(self, dataset: Dataset, known: Knowledge, window: dict[str, str] | None) -> Source:
        held = {"start": known.first, "end": known.last} if known.first and known.last else None
        excerpt = known.description[self._language]
        return Source(dataset.url, 1.0, excerpt, window or held)


def _ends(first: datetime, last: datetime) -> dict[str, datetime]:
    """The first and the last day of a stretch whose end is exclusive."""
    days = (first.astimezone(brasilia()), (last - timedelta(seconds=1)).astimezone(brasilia()))
    start, end = (day.replace(hour=0, minute=0, second=0, microsecond=0) for day in days)
    return {"first": start, "last": end}


def _distinct(notes: Iterable[Note]) -> list[Note]:
    return list(dict.fromkeys(notes))


def _needed(resolved: Resolved, result: Result) -> list[Note]:
    """Assumptions that made a difference: a mean of one value is the value."""
    single = all(point.n == 1 for point in result.points)
    return [item for item in resolved.notes if not (single and item.key == "default_aggregate")]


def _confidence(notes: Iterable[Note]) -> float:
    """Lower by every choice that the words did not make, and by missing coverage."""
    score = _CERTAIN
    for item in notes:
        if item.key in _GUESSES:
            score -= _PER_GUESS
        if item.key in _HALF_GUESSES:
            score -= _PER_GUESS / 2
    return round(max(score, _LEAST), 2)


def _result_notes(result: Result) -> list[Note]:
    notes = []
    plan = result.plan
    if plan.aggregate is Aggregate.ENERGY:
        notes.append(Note.of("energy_hours"))
    if plan.negate:
        notes.append(Note.of("import_sign"))
    if result.excluded:
        notes.append(Note.of("excluded", count=result.excluded))
    counts = {"doubtful": result.doubtful, "suspect": result.suspect, "forecast": result.forecast}
    counts["turned"] = result.turned
    notes += [Note.of(name, count=count) for name, count in counts.items() if count]
    if plan.aggregate is Aggregate.LAST:
        return [*notes, Note.of("latest_at", at=civil_label(plan, result.points[0].at))]
    whole, have = expected(plan), _held_intervals(result)
    if have < whole and result.first is not None and result.last is not None:
        notes.append(
            Note.of(
                "partial",
                first=texts_moment(result.first),
                last=texts_moment(result.last),
                have=have,
                expected=whole,
            )
        )
    return notes


def texts_moment(moment: datetime) -> datetime:
    """An instant in Brasília."""
    return moment.astimezone(brasilia())


def _held_intervals(result: Result) -> int:
    """Intervals with a value in all windows together, for the group with fewest."""
    totals: dict[tuple[str, ...], int] = {}
    for point in (*result.points, *result.left_out):
        totals[point.labels] = totals.get(point.labels, 0) + point.n
    return min(totals.values(), default=0)


def _period(resolved: Resolved, result: Result) -> dict[str, str]:
    """What the value covers: the period asked for, no further than the data go."""
    start = min(item.civil_start for item in result.plan.windows)
    end = max(item.civil_end for item in result.plan.windows)
    known = resolved.knowledge
    if known.first is not None and known.last is not None:
        start = max(start, datetime.fromisoformat(known.first).astimezone(brasilia()))
        end = min(end, datetime.fromisoformat(known.last).astimezone(brasilia()))
    if resolved.plan.aggregate is Aggregate.LAST:
        start = result.points[0].at
        end = start + timedelta(hours=resolved.plan.hours)
    return _iso(start, end)


def _iso(start: datetime, end: datetime) -> dict[str, str]:
    return {
        "start": start.astimezone(brasilia()).isoformat(),
        "end": end.astimezone(brasilia()).isoformat(),
    }


_INDEXES: dict[tuple[tuple[str, str], ...], EntityIndex] = {}


def entity_index(catalog: Catalog, coverage: Coverage) -> EntityIndex:
    """Names of plants and reservoirs as now loaded; rebuilt when a dataset changed."""
    known = [
        item for dataset in catalog if (item := coverage.get(dataset.dataset)) and item.entities
    ]
    key = tuple((item.dataset, item.data_version) for item in known)
    if key not in _INDEXES:
        _INDEXES.clear()
        _INDEXES[key] = EntityIndex(
            {
                item.dataset: [str(entity["name"] or "") for entity in item.entities]
                for item in known
            }
        )
    return _INDEXES[key]
