"""A raw read-only query in Flux or InfluxQL, run on the store (QRY-4, QRY-5, TSD-17)."""

from __future__ import annotations

from typing import Any

from ons_platform.api.models import RawQueryBody
from ons_platform.api.services import Services
from ons_platform.errors import InvalidRequest, ServiceUnavailable, StoreUnavailable
from ons_platform.timeseries.points import ALIAS

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""Of the server's answer that are read: a response holds less."""

_NO_STORE_SECONDS = 3600

Answer = tuple[str, list[str], list[list[Any]], bool]
"""The query that ran, its columns, its rows and whether there was more."""


def run_on_store(body: RawQueryBody, parts: Services) -> Answer:
    """Check that the query only reads, run what was written from it, give at most `max_rows` rows.

    Raises `UnsafeQuery` pointing at what is refused, `InvalidRequest` with what the server says of
    a query it refuses, `StoreUnavailable` when it does not answer (SQL still does), and
    `ServiceUnavailable` where there is no store.
    """
    if parts.influx is None:
        raise ServiceUnavailable(
            "InfluxDB is not configured; ask in SQL or in words.", retry_after=_NO_STORE_SECONDS
        )
    query, database = _guarded(body, parts)
    bounds: dict[str, Any] = {
        "max_rows": body.max_rows,
        "max_bytes": MAX_ANSWER_BYTES,
        "timeout": parts.settings.influxdb_query_seconds,
    }
    client = parts.influx.patient()
    try:
        if body.language == "flux":
            return query, *client.flux_rows(query, **bounds)
        return query, *client.influxql_rows(query, database=database, **bounds)
    except StoreUnavailable as error:
        raise StoreUnavailable(
            f"{error.message}; the lake answers SQL and questions meanwhile",
            retry_after=error.retry_after,
        ) from error
    except InvalidRequest as error:
        details = [
            {"field": "query", "message": error.message},
            {"field": "query_used", "message": query},
        ]
        raise InvalidRequest(error.message, details=details) from error


def _guarded(body: RawQueryBody, parts: Services) -> tuple[str, str]:
    """The query to run, and the database it is sent to."""
    now = parts.now()
    if body.language == "flux":
        from ons_platform.timeseries.flux.guard import guard_flux
        from ons_platform.timeseries.flux.limits import FluxLimits

        limits = FluxLimits(max_rows=body.max_rows)
        return guard_flux(_flux(body), now=now, limits=limits).query, ""
    from ons_platform.timeseries.influxql.guard import guard_influxql
    from ons_platform.timeseries.influxql.limits import InfluxqlLimits

    guarded = guard_influxql(
        body.query or "",
        now=now,
        limits=InfluxqlLimits(max_rows=body.max_rows),
        database=body.bucket or ALIAS,
    )
    return guarded.query, guarded.database


def _flux(body: RawQueryBody) -> str:
    """The query as sent, or that of the template."""
    if body.template is None or body.parameters is None:
        return body.query or ""
    from ons_platform.timeseries.templates import filled

    given = body.parameters
    return filled(body.template, given.start_time, given.stop_time, given.region)
