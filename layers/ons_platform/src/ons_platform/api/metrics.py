"""GET /metrics: usage statistics, as JSON or in the Prometheus text format (QRY-10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ons_platform.api.http import Request, Response
from ons_platform.api.services import Services
from ons_platform.api.usage import Use, histogram, statistics

_KINDS = {"question": "queries", "raw": "raw_queries"}
_COUNTED = 100_000
"""Objects of one status are counted up to here; ONS has published some ten thousand files."""

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def metrics(request: Request, parts: Services, _: Mapping[str, str]) -> Response:
    """Queries by status and language with latency percentiles, objects by status, rows."""
    counters = parts.ledger.counters()
    objects, rows = _objects(parts), _rows(parts)
    if "text/plain" in request.headers.get("accept", ""):
        lines = [*_query_lines(counters), *_gauge_lines(objects, rows)]
        return Response(200, "\n".join(lines) + "\n", _PROMETHEUS)
    body: dict[str, Any] = {"timestamp": parts.now().isoformat(timespec="milliseconds")}
    body |= {name: statistics(counters, kind) for kind, name in _KINDS.items()}
    body["objects"] = objects
    body["rows"] = {"total": sum(rows.values()), "by_dataset": rows}
    return Response.of_json(body)


def _objects(parts: Services) -> dict[str, int]:
    from ons_platform.lake.ledger import Status

    return {
        status.value: len(parts.ledger.entries(status=status, limit=_COUNTED)) for status in Status
    }


def _rows(parts: Services) -> dict[str, int]:
    known = parts.knowledge.snapshot()
    found = (known.get(dataset.dataset) for dataset in parts.catalog)
    return {item.dataset: item.rows for item in found if item}


def _query_lines(counters: Mapping[str, int]) -> Iterator[str]:
    yield "# HELP ons_queries_total Queries by kind, outcome and language."
    yield "# TYPE ons_queries_total counter"
    totals: dict[tuple[str, str, str], int] = {}
    for name, count in sorted(counters.items()):
        use = Use.from_counter(name)
        if use is not None:
            labels = (use.kind, use.status, use.language)
            totals[labels] = totals.get(labels, 0) + count
    for (kind, status, language), count in totals.items():
        labels_text = f'kind="{kind}",status="{status}",language="{language}"'
        yield f"ons_queries_total{{{labels_text}}} {count}"
    yield "# HELP ons_query_duration_ms Time to answer a query."
    yield "# TYPE ons_query_duration_ms histogram"
    for kind in _KINDS:
        yield from _histogram_lines(kind, histogram(counters, kind))


def _histogram_lines(kind: str, latency: Mapping[int, int]) -> Iterator[str]:
    seen = 0
    for upper, count in list(latency.items())[:-1]:
        seen += count
        yield f'ons_query_duration_ms_bucket{{kind="{kind}",le="{upper}"}} {seen}'
    total = sum(latency.values())
    yield f'ons_query_duration_ms_bucket{{kind="{kind}",le="+Inf"}} {total}'
    yield f'ons_query_duration_ms_count{{kind="{kind}"}} {total}'


def _gauge_lines(objects: Mapping[str, int], rows: Mapping[str, int]) -> Iterator[str]:
    yield "# HELP ons_objects Object versions by status."
    yield "# TYPE ons_objects gauge"
    yield from (f'ons_objects{{status="{name}"}} {count}' for name, count in objects.items())
    yield "# HELP ons_lake_rows Rows of each dataset in the lake."
    yield "# TYPE ons_lake_rows gauge"
    yield from (f'ons_lake_rows{{dataset="{name}"}} {count}' for name, count in rows.items())
