"""Structured logs: one JSON object a line, which CloudWatch Logs Insights queries by field."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

_MASK = "***"
_SECRET = re.compile(r"secret|token|password|authorization|api_?key", re.IGNORECASE)
_bound: ContextVar[Mapping[str, Any]] = ContextVar("bound", default=MappingProxyType({}))


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


@contextmanager
def bind(**fields: Any) -> Iterator[None]:
    """Add the fields to every event logged inside the `with`, in this thread or task only."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def log_event(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write one event with its fields; values JSON does not know are written as text.

    Callers pass no secrets and no personal data: never a question's text, a key or a token. A
    field whose name says it is a secret is masked all the same.
    """
    known = {**_bound.get(), **fields}
    masked = {name: _MASK if _SECRET.search(name) else value for name, value in known.items()}
    line = {"level": logging.getLevelName(level), "event": event, **masked}
    _logger().log(level, "%s", json.dumps(line, ensure_ascii=False, default=str))
