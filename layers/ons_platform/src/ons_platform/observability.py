"""Structured logs: one JSON object a line, which CloudWatch Logs Insights queries by field."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any


class _Stdout(logging.Handler):
    """Writes the line as it is to the standard output of the moment, where Lambda collects it."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(record.getMessage() + "\n")
        sys.stdout.flush()


def _logger() -> logging.Logger:
    logger = logging.getLogger("ons_platform.events")
    if not logger.handlers:
        logger.addHandler(_Stdout())
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger


def log_event(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write one event with its fields; values JSON does not know are written as text.

    Callers pass no secrets and no personal data: never a question's text, a key or a token.
    """
    line = {"level": logging.getLevelName(level), "event": event, **fields}
    _logger().log(level, "%s", json.dumps(line, ensure_ascii=False, default=str))
