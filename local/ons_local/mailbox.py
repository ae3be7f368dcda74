"""Queues and topics of the embedded platform: durable rows in one SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    subject TEXT,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS by_channel ON message (channel, sent_at);
"""


class Mailbox:
    """Messages sent to queues (`sqs`) and topics (`sns`), kept until someone deletes the file.

    A channel is a queue's or a topic's name. Safe to use from several threads.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_SCHEMA)

    def send(self, channel: str, body: str, subject: str | None = None) -> str:
        """Store one message and return its id; it is on disk when this returns."""
        message_id = str(uuid4())
        row = (message_id, channel, datetime.now(UTC).isoformat(), subject, body)
        with self._lock:
            self._connection.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?)", row)
        return message_id

    def counts(self) -> dict[str, int]:
        """Messages per channel."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT channel, count(*) FROM message GROUP BY channel ORDER BY channel"
            ).fetchall()
        return dict(rows)

    def newest(self, limit: int = 20) -> list[dict[str, Any]]:
        """The last messages of all channels, newest first; `sent_at` is ISO UTC."""
        names = ("id", "channel", "sent_at", "subject", "body")
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, channel, sent_at, subject, body FROM message "
                "ORDER BY sent_at DESC, rowid DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return [dict(zip(names, row, strict=True)) for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
