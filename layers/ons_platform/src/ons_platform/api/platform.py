"""The platform's own routes: all but the questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ons_platform.api.app import Route, serve
from ons_platform.api.catalogue import list_datasets, show_dataset
from ons_platform.api.health import health, ready
from ons_platform.api.metrics import metrics
from ons_platform.api.objects import list_objects, replay, show_object
from ons_platform.api.pages import openapi_document, page
from ons_platform.api.quality import list_quality, show_quality
from ons_platform.api.revisions import show_revision
from ons_platform.api.services import Services, services
from ons_platform.api.uploads import create_upload


def handle(event: Mapping[str, Any], parts: Services | None = None) -> dict[str, Any]:
    """Answer one API Gateway REST proxy event for the platform's routes."""
    return serve(ROUTES, event, parts or services())


ROUTES = (
    Route("GET", "/", page),
    Route("GET", "/health", health),
    Route("GET", "/ready", ready),
    Route("GET", "/metrics", metrics),
    Route("GET", "/openapi.json", openapi_document),
    Route("GET", "/catalog", list_datasets),
    Route("GET", "/catalog/{dataset}", show_dataset),
    Route("POST", "/uploads", create_upload),
    Route("GET", "/objects", list_objects),
    Route("GET", "/objects/{key+}", show_object),
    Route("GET", "/revisions/{key+}", show_revision),
    Route("POST", "/replay", replay),
    Route("GET", "/quality", list_quality),
    Route("GET", "/quality/{key+}", show_quality),
)
