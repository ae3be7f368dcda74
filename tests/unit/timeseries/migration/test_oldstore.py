from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import ANY, Stubber

from ons_platform.errors import (
    InvalidRequest,
    NotFound,
    OnsError,
    StoreDenied,
    StoreUnavailable,
    TerminalError,
)
from ons_platform.timeseries.migration.oldstore import PAGE_ROWS, Cost, Extent, OldRow, OldStore
from ons_platform.timeseries.retry import Policy

SQL = "SELECT 1"
NAMES = ["time", "measurement_type", "region", "energy_source", "unit", "quality_flag", "value"]


@pytest.fixture
def stub() -> Iterator[Stubber]:
    client = boto3.client(
        "timestream-query",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
    client.close()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def store(stub: Stubber, waits: list[float]) -> OldStore:
    return OldStore(stub.client, "ons_energy_data", policy=Policy((1.0, 2.0, 4.0), waits.append))


def page(*rows: tuple[Any, ...], token: str | None = None, metered: int = 0) -> dict[str, Any]:
    kinds = ["TIMESTAMP", *["VARCHAR"] * 5, "DOUBLE"]
    columns = zip(NAMES, kinds, strict=True)
    found = {
        "QueryId": "AEBQEAMYNBGX7RA",
        "Rows": [
            {
                "Data": [
                    {"NullValue": True} if cell is None else {"ScalarValue": cell} for cell in row
                ]
            }
            for row in rows
        ],
        "ColumnInfo": [{"Name": n, "Type": {"ScalarType": k}} for n, k in columns],
        "QueryStatus": {
            "ProgressPercentage": 100.0,
            "CumulativeBytesScanned": metered // 2,
            "CumulativeBytesMetered": metered,
        },
    }
    return found if token is None else {**found, "NextToken": token}


ROW = ("2024-01-01 00:00:00.000000000", "generation", "SE", None, "MWmed", "ok", "1.4E4")
READ = OldRow(1_704_067_200_000_000_000, "generation", "SE", None, "MWmed", "ok", 14_000.0)


def expected(token: str | None = None) -> dict[str, Any]:
    asked = {"QueryString": SQL, "ClientToken": ANY, "MaxRows": PAGE_ROWS}
    return asked if token is None else {**asked, "NextToken": token}


def test_every_page_is_read_an_empty_one_too(stub: Stubber, store: OldStore) -> None:
    stub.add_response("query", page(token="a"), expected())
    stub.add_response("query", page(ROW, ROW, token="b", metered=10), expected("a"))
    stub.add_response("query", page(token="c", metered=10), expected("b"))
    stub.add_response("query", page(ROW, metered=30), expected("c"))
    assert list(store.records(SQL)) == [READ] * 3


def test_nulls_are_nulls(stub: Stubber, store: OldStore) -> None:
    stub.add_response("query", page((ROW[0], None, None, None, None, None, None)))
    assert list(store.records(SQL)) == [OldRow(READ.at, None, None, None, None, None, None)]


def test_the_cost_is_what_the_status_says_last(stub: Stubber, store: OldStore) -> None:
    stub.add_response("query", page(ROW, token="a", metered=10_000_000))
    stub.add_response("query", page(ROW, metered=20_000_000))
    stub.add_response("query", page(metered=10_000_000))
    list(store.rows(SQL))
    before = store.cost.copy()
    list(store.rows(SQL))
    assert store.cost == Cost(2, 3, 15_000_000, 30_000_000)
    assert store.cost.since(before) == Cost(1, 1, 5_000_000, 10_000_000)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
def test_what_passes_is_tried_again_with_the_same_token(
    stub: Stubber, store: OldStore, waits: list[float], code: str
) -> None:
    stub.add_response("query", page(ROW, token="a"))
    stub.add_client_error("query", code, "slow down", 400, expected_params=expected("a"))
    stub.add_client_error("query", code, "slow down", 400, expected_params=expected("a"))
    stub.add_response("query", page(ROW), expected("a"))
    assert len(list(store.records(SQL))) == 2
    assert waits == [1.0, 2.0]


def test_throttling_without_end_is_told(stub: Stubber, store: OldStore, waits: list[float]) -> None:
    for _ in range(4):
        stub.add_client_error("query", "ThrottlingException", "slow down", 429)
    with pytest.raises(StoreUnavailable, match="slow down"):
        list(store.records(SQL))
    assert waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("ValidationException", "line 1:8: Column 'x' does not fit", InvalidRequest),
        ("ValidationException", "The table generation_data does not exist", NotFound),
        ("ResourceNotFoundException", "no database", NotFound),
        ("AccessDeniedException", "not authorized", StoreDenied),
        ("QueryExecutionException", "out of memory", TerminalError),
        ("ConflictException", "token used", TerminalError),
    ],
)
def test_what_is_wrong_is_not_tried_again(
    stub: Stubber,
    store: OldStore,
    waits: list[float],
    code: str,
    message: str,
    kind: type[OnsError],
) -> None:
    stub.add_client_error("query", code, message, 400)
    with pytest.raises(kind, match=message.split(":")[-1].strip()):
        list(store.records(SQL))
    assert waits == []


def test_no_connection_is_no_store(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client(
        "timestream-query",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(retries={"total_max_attempts": 1}),
    )
    store = OldStore(client, "ons_energy_data", policy=Policy((0.5,), waits.append))
    with pytest.raises(StoreUnavailable, match="does not answer"):
        list(store.rows(SQL))
    assert waits == [0.5]


def described(*columns: tuple[str, str]) -> dict[str, Any]:
    names = ("Column", "Type", "Timestream attribute type")
    return {
        "QueryId": "Q",
        "Rows": [
            {"Data": [{"ScalarValue": text} for text in (name, kind, "MULTI")]}
            for name, kind in columns
        ],
        "ColumnInfo": [{"Name": name, "Type": {"ScalarType": "VARCHAR"}} for name in names],
    }


def test_columns_are_asked_for_once(stub: Stubber, store: OldStore) -> None:
    answer = described(("time", "timestamp"), ("value", "double"))
    asked = {
        "QueryString": 'DESCRIBE "ons_energy_data"."generation_data"',
        "ClientToken": ANY,
        "MaxRows": PAGE_ROWS,
    }
    stub.add_response("query", answer, asked)
    assert store.table("generation_data").columns == {"time": "timestamp", "value": "double"}
    assert store.table("generation_data") is store.table("generation_data")


def test_the_extent_of_an_empty_table_has_no_instants(stub: Stubber, store: OldStore) -> None:
    names = ("region", "energy_source", "measurement_type", "time", "value")
    stub.add_response("query", described(*((name, "x") for name in names)))
    kinds = (("rows_held", "BIGINT"), ("first_at", "TIMESTAMP"), ("last_at", "TIMESTAMP"))
    stub.add_response(
        "query",
        {
            "QueryId": "Q",
            "Rows": [{"Data": [{"ScalarValue": "0"}, {"NullValue": True}, {"NullValue": True}]}],
            "ColumnInfo": [{"Name": n, "Type": {"ScalarType": k}} for n, k in kinds],
        },
    )
    assert store.extent("generation_data") == Extent(0, None, None)
