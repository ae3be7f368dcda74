"""POST /query and POST /query/flux (QRY-1 to QRY-8)."""

from __future__ import annotations

from typing import Any

import ons_platform.lake.engine
import ons_platform.questions.ask  # noqa: F401 - loaded before the first question, not during it
from ons_platform.api.queries import handle


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one API Gateway REST proxy event; errors are answered as problems, never raised."""
    return handle(event)
