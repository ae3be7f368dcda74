"""The platform's own routes: page, health, metrics, catalogue, uploads, objects, replay."""

from __future__ import annotations

from typing import Any

from ons_platform.api.platform import handle


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one API Gateway REST proxy event; errors are answered as problems, never raised."""
    return handle(event)
