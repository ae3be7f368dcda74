"""Which ledger a URL names; the adapters are loaded when they are asked for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from ons_platform.lake.ledger import Ledger


def open_ledger(url: str) -> Ledger:
    """The ledger at `sqlite:///absolute/path` or `dynamodb://TABLE`."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and parts.path:
        from ons_platform.lake.ledger_sqlite import SqliteLedger

        return SqliteLedger(Path(unquote(parts.path)))
    if parts.scheme == "dynamodb" and parts.netloc:
        from ons_platform.lake.ledger_dynamodb import DynamoLedger

        return DynamoLedger(parts.netloc)
    raise ValueError(f"{url!r}: a ledger URL is sqlite:///absolute/path or dynamodb://TABLE")
