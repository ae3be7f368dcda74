"""POST /query and POST /query/flux: the functions that answer questions (QRY-1 … QRY-8)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ons_platform.api.answers import ask_lake
from ons_platform.api.app import Route, serve
from ons_platform.api.http import Request, Response
from ons_platform.api.models import QueryBody, RawQueryBody, parse
from ons_platform.api.rawquery import RawResult, run_raw
from ons_platform.api.services import Services, services
from ons_platform.api.usage import Use, record
from ons_platform.errors import TerminalError
from ons_platform.observability import log_event


class _Meter:
    """Times one query, then counts and logs it once, however it ends."""

    def __init__(self, kind: str, request: Request, parts: Services) -> None:
        self.kind = kind
        self.language = "unknown"
        self.dataset: str | None = None
        self._request = request
        self._parts = parts
        self._started = time.perf_counter()

    @property
    def milliseconds(self) -> int:
        """Time since the query came in."""
        return round((time.perf_counter() - self._started) * 1000)

    def finish(self, status: str, **fields: Any) -> None:
        """Count and log (QRY-8): sizes and outcomes only, never the question's text."""
        taken = self.milliseconds
        record(self._parts.ledger, Use.of(self.kind, status, self.language, taken))
        log_event(
            "query.done",
            kind=self.kind,
            query_id=self._request.request_id,
            status=status,
            language=self.language,
            dataset=self.dataset,
            processing_time_ms=taken,
            body_bytes=len(self._request.body or b""),
            **fields,
        )


def handle(event: Mapping[str, Any], parts: Services | None = None) -> dict[str, Any]:
    """Answer one API Gateway REST proxy event for the query routes."""
    return serve(ROUTES, event, parts or services())


def ask_question(request: Request, parts: Services, _: Mapping[str, str]) -> Response:
    """POST /query: a question in Portuguese or English, its answer with value, unit and sources."""
    meter = _Meter("question", request, parts)

    def run() -> tuple[str, Response]:
        body = parse(QueryBody, request.json())
        meter.language = body.language or "unknown"
        answer = ask_lake(body, parts)
        meter.language, meter.dataset = answer["language"], answer["dataset"]
        stamps = {
            "query_id": request.request_id,
            "question": body.question,
            **answer,
            "processing_time_ms": meter.milliseconds,
            "timestamp": parts.now().isoformat(timespec="milliseconds"),
        }
        return answer["status"], Response.of_json(stamps)

    return _metered(meter, run)


def run_query(request: Request, parts: Services, _: Mapping[str, str]) -> Response:
    """POST /query/flux: a read-only query in Flux, InfluxQL (time-series store) or SQL (lake)."""
    meter = _Meter("raw", request, parts)

    def run() -> tuple[str, Response]:
        body = parse(RawQueryBody, request.json())
        meter.language = body.language
        result = run_raw(body, parts)
        if body.format == "csv":
            return "ok", _as_csv(result, request)
        value = {
            "query_id": request.request_id,
            "query_language": body.language,
            "query_used": result.query_used,
            "engine": result.engine,
            "columns": result.columns,
            "rows": result.rows,
            "row_count": len(result.rows),
            "truncated": result.truncated,
            "processing_time_ms": meter.milliseconds,
            "timestamp": parts.now().isoformat(timespec="milliseconds"),
        }
        return "ok", Response.of_json(value)

    return _metered(meter, run)


def _as_csv(result: RawResult, request: Request) -> Response:
    headers = {"X-Query-Id": request.request_id, "X-Truncated": str(result.truncated).lower()}
    return Response(200, result.as_csv(), "text/csv; charset=utf-8", headers)


def _metered(meter: _Meter, run: Callable[[], tuple[str, Response]]) -> Response:
    try:
        status, response = run()
    except TerminalError as error:
        meter.finish("refused", error=type(error).__name__)
        raise
    except BaseException as error:
        meter.finish("failed", error=type(error).__name__)
        raise
    meter.finish(status)
    return response


ROUTES = (
    Route("POST", "/query", ask_question),
    Route("POST", "/query/flux", run_query),
)
