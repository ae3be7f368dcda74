"""A platform of one dataset on the real ledger, storage and engine, and a caller that checks every
response against the OpenAPI document."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openapi_schema_validator import OAS30Validator

from ons_platform.api import platform, queries
from ons_platform.api.pages import openapi
from ons_platform.api.services import Services
from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.lake.canonical import CANONICAL_SCHEMA
from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.layout import Partition, knowledge_path
from ons_platform.lake.ledger import Entry, ObjectVersion, Status

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
PARTITION = Partition("curva-carga", "consumption", 2023, 1)


@dataclass
class Started:
    """Executions that are only noted."""

    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def start(self, name: str, event: Mapping[str, Any]) -> str:
        self.events.append((name, event))
        return f"execution-{len(self.events)}"


@dataclass(frozen=True)
class Reply:
    """A response as a client sees it."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Api:
    """Calls both functions as API Gateway does; every response must fit `openapi.yaml`."""

    def __init__(self, services: Services, executions: Started) -> None:
        self.services = services
        self.executions = executions

    def get(self, path: str, query: dict[str, str] | None = None, **headers: str) -> Reply:
        return self.call("GET", path, query=query, headers=headers)

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        sent = {"Content-Type": "application/json", **headers}
        return self.call("POST", path, json.dumps(body), headers=sent)

    def call(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **event: Any,
    ) -> Reply:
        sent = {
            "httpMethod": method,
            "path": path,
            "headers": {"Host": "127.0.0.1:8000", **(headers or {})},
            "queryStringParameters": query,
            "body": body,
            "isBase64Encoded": False,
            "requestContext": {"requestId": str(uuid4())},
        }
        handle = queries.handle if path.startswith("/query") else platform.handle
        answer = handle(sent | event, self.services)
        reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
        check_contract(method, path, reply)
        return reply

    def receive(self, key: str, status: Status = Status.RECEIVED, **changes: Any) -> Entry:
        """Put an object version into the ledger."""
        number = len(self.services.ledger.entries(limit=1000)) + 1
        version = ObjectVersion(
            bucket=self.services.settings.raw_bucket,
            key=key,
            version_id=f"v{number}",
            sequencer=f"{number:016X}",
            size=10,
            etag="0" * 32,
            event_time="2024-02-29T12:00:00Z",
        )
        self.services.ledger.receive(version)
        return self.services.ledger.update(version, status=status, **changes)


def check_contract(method: str, path: str, reply: Reply) -> None:
    """Hold one response against the OpenAPI document; unknown paths answer problems too."""
    document = openapi()
    media_type = reply.headers["Content-Type"].split(";")[0]
    operation = _operation(document, method, path)
    if operation is None:
        assert reply.status in (404, 405)
        schema: Any = {"$ref": "#/components/schemas/Problem"}
    else:
        described = operation["responses"][str(reply.status)]
        if "$ref" in described:
            described = document["components"]["responses"][described["$ref"].rsplit("/", 1)[-1]]
        schema = described["content"][media_type]["schema"]
    value = json.loads(reply.text) if media_type.endswith("json") else reply.text
    OAS30Validator({**schema, "components": document["components"]}).validate(value)
    if reply.status in (429, 503) and media_type.startswith("application/problem"):
        assert int(reply.headers["Retry-After"]) == value["retry_after"]


def _operation(document: Mapping[str, Any], method: str, path: str) -> Any:
    for template in sorted(document["paths"], key=lambda item: item.count("{")):
        known, given = template.split("/"), path.split("/")
        if known[-1] == "{key}" and len(given) > len(known):
            given = [*given[: len(known) - 1], "rest"]
        if len(known) == len(given) and all(
            a == b or (a.startswith("{") and b) for a, b in zip(known, given, strict=True)
        ):
            return document["paths"][template].get(method.lower())
    return None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        storage_url=f"file://{quote(str(tmp_path))}/buckets/{{bucket}}",
        ledger_url=f"sqlite://{quote(str(tmp_path))}/ledger.sqlite",
        upload_url="http://{host}/raw/{key}?token={token}",
        upload_secret="a secret of the tests",
    )


@pytest.fixture
def api(settings: Settings) -> Iterator[Api]:
    executions = Started()
    services = Services(settings, catalog=catalog(), executions=executions, now=lambda: NOW)
    yield Api(services, executions)
    services.close()


@pytest.fixture
def loaded(api: Api) -> Api:
    """The API with two days of hourly load of two subsystems in the lake."""
    table = load_table(hours=48)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    api.services.processed.put_bytes(PARTITION.path, buffer.getvalue())
    known = Knowledge(
        dataset="curva-carga",
        title={"pt": "Curva de carga", "en": "Load curve"},
        description={"pt": "…", "en": "…"},
        data_version="1",
        rows=table.num_rows,
        first="2023-01-01T03:00:00+00:00",
        last="2023-01-03T03:00:00+00:00",
        partitions=(
            {
                "name": PARTITION.name,
                "path": PARTITION.path,
                "year": 2023,
                "month": 1,
                "rows": table.num_rows,
                "first": "2023-01-01T03:00:00+00:00",
                "last": "2023-01-03T03:00:00+00:00",
                "sources": ["year=2023/CURVA_CARGA_2023.csv"],
                "columns": "1",
            },
        ),
        measurement_types=("load",),
        regions=("S", "SE"),
        energy_sources=(),
        states=(),
        entities=(),
        flagged={},
    )
    text = json.dumps(known.as_dict(), ensure_ascii=False)
    api.services.processed.put_bytes(knowledge_path("curva-carga"), text.encode())
    return api


def load_table(hours: int) -> pa.Table:
    """Hourly load of SE (1000 + hour) and S (100 + hour) from 2023-01-01 00:00 in Brasília."""
    start = int(datetime(2023, 1, 1, 3, tzinfo=UTC).timestamp())
    instants = [(start + 3600 * hour) * 1_000_000 for hour in range(hours)] * 2
    count = hours * 2
    same = {
        "dataset_type": "consumption",
        "measurement_type": "load",
        "unit": "MWmed",
        "quality_flag": "ok",
        "processor_version": "0.1.0",
        "source_file": "year=2023/CURVA_CARGA_2023.csv",
        "dataset": "curva-carga",
    }
    columns: dict[str, Any] = {name: [text] * count for name, text in same.items()}
    columns["timestamp"] = columns["processed_at"] = instants
    columns["region"] = ["SE"] * hours + ["S"] * hours
    columns["value"] = [base + hour for base in (1000.0, 100.0) for hour in range(hours)]
    arrays = [
        pa.array(columns.get(field.name, [None] * count))
        .cast(_storage(field.type))
        .cast(field.type)
        for field in CANONICAL_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=CANONICAL_SCHEMA)


def _storage(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.value_type
    return pa.int64() if pa.types.is_timestamp(kind) else kind
