"""What several test rooms share: rows of the lake's schema, object versions, AWS by moto."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import hypothesis
import numpy as np
import pyarrow as pa
import pytest
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from numpy.typing import NDArray
from werkzeug.serving import make_server

from ons_platform.catalog.model import Dataset
from ons_platform.lake.canonical import CANONICAL_SCHEMA
from ons_platform.lake.ledger import ObjectVersion

Rows = Callable[[Dataset, Sequence[Mapping[str, Any]]], tuple[pa.Table, NDArray[np.int32]]]
Version = Callable[..., ObjectVersion]

pytest_plugins = ["influx"]

# Tables are as wide here whatever the terminal of the run is, and whether it has one.
os.environ["COLUMNS"] = "200"

# How long an example takes says nothing on a shared machine.
hypothesis.settings.register_profile(
    "shared-machine",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("shared-machine")

_TEXT = pa.dictionary(pa.int32(), pa.string())


@pytest.fixture(scope="session")
def lake_rows() -> Rows:
    """Rows with defaults for what is not said, as a lake table, and their civil months."""

    def build(
        dataset: Dataset, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[pa.Table, NDArray[np.int32]]:
        schema = CANONICAL_SCHEMA
        for name in dataset.attributes:
            schema = schema.append(pa.field(name, _TEXT))
        defaults = {
            "dataset_type": dataset.dataset_type,
            "dataset": dataset.dataset,
            "measurement_type": dataset.measures[0].measurement_type,
            "unit": dataset.measures[0].unit,
            "quality_flag": "ok",
            "processed_at": datetime(2026, 1, 1, tzinfo=UTC),
            "processor_version": "1",
            "source_file": "file.csv",
        }
        zone = ZoneInfo("America/Sao_Paulo")
        local = [row["timestamp"].astimezone(zone) for row in rows]
        months = np.array([item.year * 100 + item.month for item in local], np.int32)
        return pa.Table.from_pylist([{**defaults, **row} for row in rows], schema=schema), months

    return build


@pytest.fixture(scope="session")
def object_version() -> Version:
    """An object version by key and sequence number."""

    def build(key: str = "year=2023/FILE.csv", number: int = 1, **changes: Any) -> ObjectVersion:
        known: dict[str, Any] = {
            "bucket": "raw",
            "key": key,
            "version_id": f"v{number}",
            "sequencer": f"{number:08X}",
            "size": 1,
            "etag": "e",
            "event_time": "2026-01-01T00:00:00Z",
        }
        return ObjectVersion(**{**known, **changes})

    return build


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """A moto server over real HTTP; the AWS_* variables point at it for the whole session.

    moto checks a condition and writes in two steps: requests are served one at a time, which gives
    conditional writes the atomicity they have on AWS.
    """
    app, lock = DomainDispatcherApplication(create_backend_app), threading.Lock()

    def one_at_a_time(environ: Any, start_response: Any) -> Any:
        with lock:
            return app(environ, start_response)

    server = make_server(
        "127.0.0.1", 0, one_at_a_time, threaded=True, request_handler=MotoRequestHandler
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.port}"
    settings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setitem(os.environ, name, value)
        yield endpoint
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bucket(aws: str) -> str:
    """A new versioned bucket."""
    name = f"test-{uuid.uuid4().hex}"
    client = boto3.client("s3")
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    client.close()
    return name


@pytest.fixture
def ledger_table(aws: str) -> str:
    """A new ledger table as the template declares it."""
    name = f"test-{uuid.uuid4().hex}"
    client = boto3.client("dynamodb")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    client.close()
    return name
