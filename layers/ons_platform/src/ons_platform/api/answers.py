"""An `Answer` of the question side as the body of POST /query (QRY-2, QRY-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ons_platform.api.models import QueryBody
from ons_platform.api.services import Services

if TYPE_CHECKING:
    from ons_platform.questions.answer import Answer


def ask_lake(body: QueryBody, parts: Services) -> dict[str, Any]:
    """Ask as of `as_of` (now by default), and give the answer's fields in the response's form.

    `flux_query_used` is the query when it was Flux and null otherwise; `query_used` and
    `query_language` always say what ran. Raises `ServiceUnavailable` when the lake does not answer.
    """
    from ons_platform.questions.ask import QuestionRequest, ask

    request = QuestionRequest(
        question=body.question,
        language=body.language,
        max_points=body.max_points,
        include_chart=body.include_chart,
    )
    answer = ask(
        request,
        catalog=parts.catalog,
        knowledge=parts.knowledge.snapshot(),
        engine=parts.engine,
        now=body.as_of or parts.now(),
        store=parts.plans,
    )
    return {
        "status": answer.status,
        "language": answer.language,
        "answer": answer.answer,
        "value": answer.value,
        "unit": answer.unit,
        "period": answer.period,
        "confidence_score": answer.confidence_score,
        "time_series_data": answer.time_series_data,
        "sources": [source.as_dict() for source in answer.sources],
        "assumptions": answer.assumptions,
        "notices": answer.notices,
        "suggestions": answer.suggestions,
        "query_language": answer.query_language,
        "query_used": answer.query_used,
        "flux_query_used": answer.query_used if answer.query_language == "flux" else None,
        "engine": answer.engine,
        "dataset": answer.dataset,
        "truncated": answer.truncated,
        "chart": _chart(answer),
    }


def _chart(answer: Answer) -> str | None:
    if answer.chart is None:
        return None
    from ons_platform.api.charts import render

    return render(answer.chart, answer.language)
