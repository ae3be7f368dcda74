"""GET /health and GET /ready: is each part there, and can questions be answered (QRY-9, QRY-11)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ons_platform import __version__
from ons_platform.api.http import Request, Response
from ons_platform.api.services import Services

_NEEDED = ("ledger", "storage")
"""Without these nothing works; without the others something does."""
_FOR_QUESTIONS = ("ledger", "storage", "lake_engine")
"""Without InfluxDB the lake answers every question."""


def health(_: Request, parts: Services, __: Mapping[str, str]) -> Response:
    """GET /health: 200 when healthy or degraded, 503 when unhealthy; each part with its latency."""
    components = probe(parts)
    down = [name for name, part in components.items() if part["status"] == "unhealthy"]
    status = "healthy"
    if down:
        status = "unhealthy" if set(down) & set(_NEEDED) else "degraded"
    body = {"status": status, "version": __version__, "components": components}
    return Response.of_json(body, 503 if status == "unhealthy" else 200)


def ready(_: Request, parts: Services, __: Mapping[str, str]) -> Response:
    """GET /ready: 200 when questions can be answered, else 503; `reasons` says what is missing."""
    components = probe(parts)
    reasons = [
        f"{name} does not answer"
        for name, part in components.items()
        if part["status"] == "unhealthy" and name in _FOR_QUESTIONS
    ]
    body = {"ready": not reasons, "version": __version__, "reasons": reasons}
    return Response.of_json(body, 503 if reasons else 200)


def probe(parts: Services) -> dict[str, dict[str, Any]]:
    """Try each part with a read that changes nothing."""
    return {
        "ledger": _try(lambda: parts.ledger.latest("health")),
        "storage": _try(lambda: parts.processed.head("health")),
        "lake_engine": _try(lambda: parts.engine.rows("SELECT 1 AS one", [], {})),
        "influxdb": _influxdb(parts),
    }


def _influxdb(parts: Services) -> dict[str, Any]:
    """As it was found at most `influxdb_check_seconds` ago; an open circuit is not waited for."""
    if parts.influx_watch is None:
        return {"status": "not_configured", "latency_ms": None}
    found = parts.influx_watch.finding()
    told = {"breaker": found.breaker.value, "version": found.version, "reason": found.reason}
    return {
        "status": "healthy" if found.healthy else "unhealthy",
        "latency_ms": found.latency_ms,
        **{name: value for name, value in told.items() if value is not None},
    }


def _try(read: Callable[[], object]) -> dict[str, Any]:
    started = time.perf_counter()
    status = "healthy"
    try:
        read()
    except Exception:  # noqa: BLE001 - whatever a part raises, the report is that it is down
        status = "unhealthy"
    return {"status": status, "latency_ms": round((time.perf_counter() - started) * 1000, 2)}
