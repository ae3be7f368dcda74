"""A small lake on disk for the tests of its modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import catalog
from ons_platform.lake.knowledge import Knowledge, KnowledgeBase, refresh
from ons_platform.lake.ledger import ObjectVersion, PartitionInfo
from ons_platform.lake.ledgers import open_ledger
from ons_platform.lake.merge import commit
from ons_platform.lake.slices import SliceWriter
from ons_platform.storage import Storage


class Lake:
    """Storage and ledger, and a way to put rows in as a version of an object."""

    def __init__(self, storage: Storage, ledger_url: str, workdir: Path, rows: Any) -> None:
        self.storage = storage
        self.ledger = open_ledger(ledger_url)
        self.workdir = workdir
        self.dataset = catalog()["curva-carga"]
        self._rows = rows

    def put(
        self,
        version: ObjectVersion,
        rows: Sequence[Mapping[str, Any]],
        dataset: Dataset | None = None,
    ) -> list[PartitionInfo]:
        """Deliver the rows as that version."""
        dataset = dataset or self.dataset
        writer = SliceWriter(dataset, version, self.storage, self.workdir)
        writer.write(*self._rows(dataset, rows))
        return commit(version, dataset, writer.close(), self.ledger, self.storage)

    def refresh(self) -> Knowledge:
        """Update the knowledge."""
        return refresh(self.dataset, self.ledger, self.storage)

    @property
    def knowledge_base(self) -> KnowledgeBase:
        return KnowledgeBase(self.storage)

    def read(self, path: str) -> list[dict[str, Any]]:
        """The rows of a lake file."""
        with self.storage.as_file(path) as file:
            found: list[dict[str, Any]] = pq.read_table(file).to_pylist()
        return found


def at(hours: float, region: str = "SE", value: float = 1.0, **more: Any) -> dict[str, Any]:
    """A row so many hours after the civil midnight that begins 2023 in Brasília."""
    instant = datetime(2023, 1, 1, 3, tzinfo=UTC) + timedelta(hours=hours)
    return {"timestamp": instant, "region": region, "value": value, **more}


@pytest.fixture(name="at", scope="session")
def _at() -> Callable[..., dict[str, Any]]:
    return at


@pytest.fixture
def lake(tmp_path: Path, lake_rows: Any) -> Iterator[Lake]:
    storage = Storage((tmp_path / "processed").as_uri())
    made = Lake(storage, f"sqlite://{tmp_path}/ledger.db", tmp_path, lake_rows)
    yield made
    made.ledger.close()


@pytest.fixture
def cloud_lake(tmp_path: Path, lake_rows: Any, bucket: str, ledger_table: str) -> Iterator[Lake]:
    """The same on S3 and DynamoDB."""
    storage = Storage(f"s3://{bucket}")
    made = Lake(storage, f"dynamodb://{ledger_table}", tmp_path, lake_rows)
    yield made
    made.ledger.close()
