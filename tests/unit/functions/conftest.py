"""A platform in a temporary directory, as the functions' environment names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ons_platform.api.services import services
from ons_platform.config import Settings, settings
from ons_platform.lake.ledger import Ledger, ObjectVersion
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import Storage, open_storage

SAMPLE = Path(__file__).parents[3] / "samples/CARGA_ENERGIA_2023.csv"


@dataclass(frozen=True)
class Platform:
    """The zones and the ledger the handlers see."""

    settings: Settings
    raw: Storage
    failed: Storage
    ledger: Ledger

    def store(self, key: str, content: bytes, sequencer: str = "01") -> ObjectVersion:
        """Put an object version in the raw zone."""
        version_id = self.raw.put_version(key, content)
        return ObjectVersion(
            bucket=self.settings.raw_bucket,
            key=key,
            version_id=version_id,
            sequencer=sequencer,
            size=len(content),
            etag="",
            event_time="2026-11-21T15:00:00Z",
        )

    def store_sample(self, sequencer: str = "01") -> ObjectVersion:
        """A real file of daily load, 1460 rows."""
        return self.store(f"year=2023/{SAMPLE.name}", SAMPLE.read_bytes(), sequencer)


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    monkeypatch.setenv("ONS_STORAGE_URL", f"file://{tmp_path}/{{bucket}}")
    monkeypatch.setenv("ONS_LEDGER_URL", f"sqlite://{tmp_path}/ledger.sqlite")
    settings.cache_clear()
    services.cache_clear()
    here = settings()
    ledger = open_ledger(here.ledger_url)
    yield Platform(
        here,
        open_storage(here.raw_bucket, here),
        open_storage(here.failed_bucket, here),
        ledger,
    )
    ledger.close()
    if services.cache_info().currsize:
        services().ledger.close()
    settings.cache_clear()
    services.cache_clear()


def event_of(version: ObjectVersion) -> dict[str, Any]:
    """The EventBridge event of a version."""
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": version.event_time,
        "detail": {
            "bucket": {"name": version.bucket},
            "object": {
                "key": version.key,
                "size": version.size,
                "etag": version.etag,
                "version-id": version.version_id,
                "sequencer": version.sequencer,
            },
        },
    }


@pytest.fixture(scope="session")
def storage_event() -> Any:
    return event_of


@pytest.fixture(scope="session")
def routed() -> Any:
    """The router's answer for a table."""

    def build(version: ObjectVersion, dataset: str | None = "carga-energia") -> dict[str, Any]:
        config = {"dataset": dataset, "format": "csv", "vcpu": 2, "memory": 3008}
        return {"object": version.as_dict(), "processingType": "lambda", "processorConfig": config}

    return build
