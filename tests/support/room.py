"""A whole ingest room in a folder: put a file in, get the outcome, the rows and the report."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ons_platform.catalog.registry import Catalog, catalog
from ons_platform.config import Settings
from ons_platform.ingest.outcome import Outcome
from ons_platform.ingest.process import process
from ons_platform.ingest.route import route
from ons_platform.lake.ledger import Ledger, ObjectVersion
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import Storage, open_storage


@dataclass
class Room:
    """Raw, processed and failed zones and a ledger in one folder."""

    folder: Path
    catalogue: Catalog = field(default_factory=catalog)
    settings: Settings = field(init=False)
    ledger: Ledger = field(init=False)
    sent: int = 0

    def __post_init__(self) -> None:
        self.settings = Settings(
            storage_url=f"file://{self.folder}/{{bucket}}",
            ledger_url=f"sqlite:///{self.folder}/ledger.db",
        )
        self.ledger = open_ledger(self.settings.ledger_url)

    def storage(self, zone: str) -> Storage:
        return open_storage(getattr(self.settings, f"{zone}_bucket"), self.settings)

    def put(self, name: str, content: bytes | str, number: int | None = None) -> ObjectVersion:
        """A new version of `year=2023/<name>`; `number` orders versions."""
        self.sent += 1
        data = content.encode() if isinstance(content, str) else content
        key = f"year=2023/{name}"
        return ObjectVersion(
            bucket=self.settings.raw_bucket,
            key=key,
            version_id=self.storage("raw").put_version(key, data),
            sequencer=f"{number or self.sent:016X}",
            size=len(data),
            etag="",
            event_time="2026-01-01T00:00:00+00:00",
        )

    def process(self, version: ObjectVersion) -> Outcome:
        raw = self.storage("raw")
        return process(
            version,
            route(version, self.settings, raw).as_dict()["processorConfig"],
            catalog=self.catalogue,
            ledger=self.ledger,
            raw=raw,
            processed=self.storage("processed"),
            settings=self.settings,
        )

    def ingest(self, name: str, content: bytes | str) -> Outcome:
        return self.process(self.put(name, content))

    def report(self, outcome: Outcome) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.storage("processed").get_bytes(outcome.report))
        return loaded

    def rows(self, outcome: Outcome) -> pd.DataFrame:
        """All rows of the partitions the outcome names, in their order."""
        processed = self.storage("processed")
        frames = []
        for partition in outcome.partitions:
            with processed.as_file(f"{partition}/{outcome.dataset}.parquet") as path:
                frames.append(pd.read_parquet(path))
        return pd.concat(frames, ignore_index=True)
