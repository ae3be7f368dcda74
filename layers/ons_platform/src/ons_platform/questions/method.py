"""What an answer must say about its method: signs, ratios, revisions, breaks of a series."""

from __future__ import annotations

from ons_platform.catalog.model import Text
from ons_platform.catalog.vocabulary import vocabulary
from ons_platform.questions.intent import Bucket, Intent, Note, Operation
from ons_platform.questions.plan import QueryPlan
from ons_platform.questions.windows import civil


def _titled(pair: tuple[str, str]) -> dict[str, Text]:
    regions = vocabulary().regions
    return {"origin": regions[pair[0]].title, "destination": regions[pair[1]].title}


def method_notes(plan: QueryPlan, intent: Intent) -> tuple[Note, ...]:
    """Notes on how the values of a plan came about."""
    notes: list[Note] = []
    if "thermal" in plan.rows.sources and plan.metric.sin == "row":
        notes.append(Note.of("thermal_includes"))
    if plan.rows.pair is not None:
        notes.append(Note.of("flow_sign", **_titled(plan.rows.pair)))
    elif plan.metric.regions and plan.metric.of is not None:
        notes.append(Note.of("exchange_abroad_sign"))
    elif plan.metric.measurement_type == "exchange":
        notes.append(Note.of("exchange_sign"))
    if plan.minus is not None:
        notes.append(Note.of("deviation_sign"))
    if plan.versions:
        notes.append(Note.of("newest_revision"))
    if plan.ratio is not None:
        over_time = "ratio_over_time" if plan.ratio.over_time == "sum" else "ratio_mean_over_time"
        notes.append(Note.of(over_time))
    if plan.label_days:
        notes.append(Note.of("weeks_by_friday"))
    if plan.bucket is Bucket.WEEK:
        notes.append(Note.of("weeks_from_monday"))
    return (*notes, *_break_notes(plan, intent))


def _break_notes(plan: QueryPlan, intent: Intent) -> tuple[Note, ...]:
    """Days from which on the quantity means something else, that a comparison crosses."""
    stepwise = intent.bucket in {Bucket.YEAR, Bucket.MONTH}
    if intent.operation is not Operation.CHANGE and not stepwise:
        return ()
    starts = min(item.civil_start for item in plan.windows).date()
    ends = max(item.civil_end for item in plan.windows).date()
    return tuple(
        Note.of("method_break", moment=civil(*item.starts.timetuple()[:3]), text=item.text)
        for item in plan.dataset.rules.breaks
        if starts < item.starts < ends
        and plan.metric.measurement_type in (item.measurement_types or plan.kinds)
    )
