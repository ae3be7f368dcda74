"""GET /revisions/{key+}: what a version of an object changed against the one before."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ons_platform.api.http import Request, Response
from ons_platform.api.objects import find_entry
from ons_platform.api.services import Services
from ons_platform.errors import NotFound


def show_revision(request: Request, parts: Services, places: Mapping[str, str]) -> Response:
    """GET /revisions/{key+}?version_id=: the report written when the version was processed."""
    entry = find_entry(places["key"], request.query.get("version_id"), parts)
    if entry.revision is None:
        raise NotFound(
            f"Version {entry.version.version_id} of {entry.version.key!r} is the first one in the "
            "lake: there is nothing to compare it with."
        )
    return Response.of_json(json.loads(parts.processed.get_bytes(entry.revision["report"])))
