"""A few routes and the process edge: every request gets a response, every failure a problem."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from ons_platform.api.http import Request, Response
from ons_platform.api.problems import problem
from ons_platform.api.services import Services
from ons_platform.errors import MethodNotAllowed, NotFound, OnsError
from ons_platform.observability import log_event

Endpoint = Callable[[Request, Services, Mapping[str, str]], Response]


@dataclass(frozen=True)
class Route:
    """A method and path template (`{name}` one segment, `{name+}` the rest) with its endpoint."""

    method: str
    template: str
    endpoint: Endpoint

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The template as an expression with one named group per place."""
        parts = re.split(r"(\{\w+\+?\})", self.template)
        return re.compile("".join(_part(part) for part in parts), re.DOTALL)


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    name = part.strip("{}")
    return f"(?P<{name[:-1]}>.+)" if name.endswith("+") else f"(?P<{name}>[^/]+)"


def serve(routes: Sequence[Route], event: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """Answer one API Gateway REST proxy event.

    The edge of the process: an unexpected exception is logged with its trace and answered as a
    500 that tells nothing of it.
    """
    request = Request.from_event(event)
    try:
        response = _dispatch(routes, request, services)
    except OnsError as error:
        response = problem(error, request.request_id)
    except Exception:  # noqa: BLE001 - the process edge
        log_event(
            "api.failure",
            level=logging.ERROR,
            instance=request.request_id,
            trace=traceback.format_exc(),
        )
        response = problem(OnsError("unexpected"), request.request_id)
    return response.as_proxy()


def _dispatch(routes: Sequence[Route], request: Request, services: Services) -> Response:
    matching = [
        (route, match) for route in routes if (match := route.pattern.fullmatch(request.path))
    ]
    for route, match in matching:
        if route.method == request.method:
            places = {name: unquote(value) for name, value in match.groupdict().items()}
            return route.endpoint(request, services, places)
    if not matching:
        known = ", ".join(sorted({f"{route.method} {route.template}" for route in routes}))
        raise NotFound(f"There is nothing at {request.path}. Known here: {known}.")
    allow = sorted({route.method for route, _ in matching})
    raise MethodNotAllowed(
        f"{request.method} is not allowed on {request.path}; use {' or '.join(allow)}.",
        allow=allow,
    )
