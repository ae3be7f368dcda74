"""The old store: queries of Timestream LiveAnalytics, page by page, and what they cost.

A page may be empty and still be followed by others: only the lack of `NextToken` ends a result.
Timestream bills what a query reads (at least 10 MB each): `Cost` counts it as `QueryStatus` says.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ons_platform.errors import (
    InvalidRequest,
    NotFound,
    OnsError,
    StoreDenied,
    StoreUnavailable,
    TerminalError,
)
from ons_platform.timeseries.migration.oldsql import Table, describe, extent
from ons_platform.timeseries.migration.values import readers
from ons_platform.timeseries.retry import PATIENT, Policy
from ons_platform.timeseries.transport import Unreachable

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

PAGE_ROWS = 1000
"""The most Timestream gives at once."""
_TRANSIENT = ("ThrottlingException", "InternalServerException", "InvalidEndpointException")
_DENIED = ("AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException")


class OldRow(NamedTuple):
    """A row of the old store as it is there; `at` is in nanoseconds since 1970 UTC."""

    at: int
    measurement_type: str | None
    region: str | None
    energy_source: str | None
    unit: str | None
    quality_flag: str | None
    value: float | None


class Extent(NamedTuple):
    """How many rows, and the first and last instant (nanoseconds); None without rows."""

    rows: int
    first: int | None
    last: int | None


@dataclass
class Cost:
    """What queries have cost; bytes as Timestream's `QueryStatus` says."""

    queries: int = 0
    pages: int = 0
    bytes_scanned: int = 0
    bytes_metered: int = 0

    def as_dict(self) -> dict[str, int]:
        """JSON form."""
        return asdict(self)

    def since(self, earlier: Cost) -> Cost:
        """What was added to an earlier state of it."""
        pairs = zip(_figures(self), _figures(earlier), strict=True)
        return Cost(*(now - before for now, before in pairs))

    def copy(self) -> Cost:
        """The state of this moment."""
        return Cost(*_figures(self))


def _figures(cost: Cost) -> tuple[int, ...]:
    return tuple(cost.as_dict().values())


class OldStore:
    """Reads one database; nothing here can write.

    Throttling and failures of the service are tried again (TSD-17) and end as `StoreUnavailable`; a
    query that is wrong or not allowed is not repeated: `InvalidRequest`, `StoreDenied`, `NotFound`
    or `TerminalError`.
    """

    def __init__(self, client: BaseClient, database: str, *, policy: Policy = PATIENT) -> None:
        self.database = database
        self.cost = Cost()
        self._client = cast("Any", client)
        self._policy = policy
        self._tables: dict[str, Table] = {}

    def table(self, name: str) -> Table:
        """A table with its columns, asked for once."""
        if name not in self._tables:
            listed = self.rows(describe(self.database, name))
            columns = {str(row["Column"]): str(row["Type"]) for row in listed}
            self._tables[name] = Table(self.database, name, columns)
        return self._tables[name]

    def extent(self, name: str, start: int | None = None, end: int | None = None) -> Extent:
        """How much a table holds of a half-open range (nanoseconds), or in all."""
        [row] = self.rows(extent(self.table(name), start, end))
        return Extent(int(row["rows_held"]), row["first_at"], row["last_at"])

    def records(self, sql: str) -> Iterator[OldRow]:
        """The rows of a query of `oldsql.export` or `oldsql.instants`."""
        return (OldRow(*row) for _, row in self._rows(sql))

    def rows(self, sql: str) -> Iterator[dict[str, Any]]:
        """Every row of every page, by column."""
        return (dict(zip(names, row, strict=True)) for names, row in self._rows(sql))

    def _rows(self, sql: str) -> Iterator[tuple[list[str], list[Any]]]:
        self.cost.queries += 1
        # The same token with the same query is the same query to Timestream, not another one.
        asked = {"QueryString": sql, "ClientToken": str(uuid.uuid4()), "MaxRows": PAGE_ROWS}
        charged = Cost()
        while True:
            page = self._page(asked)
            charged = self._charge(page.get("QueryStatus", {}), charged)
            names = [column.get("Name", "") for column in page["ColumnInfo"]]
            read = readers(page["ColumnInfo"])
            for row in page["Rows"]:
                pairs = zip(read, row["Data"], strict=True)
                yield names, [value(datum) for value, datum in pairs]
            if "NextToken" not in page:
                return
            asked = {**asked, "NextToken": page["NextToken"]}

    def _charge(self, status: Mapping[str, Any], before: Cost) -> Cost:
        """Each page tells the bytes of the query so far."""
        now = Cost(
            bytes_scanned=int(status.get("CumulativeBytesScanned", before.bytes_scanned)),
            bytes_metered=int(status.get("CumulativeBytesMetered", before.bytes_metered)),
        )
        self.cost.pages += 1
        self.cost.bytes_scanned += now.bytes_scanned - before.bytes_scanned
        self.cost.bytes_metered += now.bytes_metered - before.bytes_metered
        return now

    def _page(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._policy.run("timestream-query", _always, partial(self._once, asked))
        except Unreachable as error:
            raise StoreUnavailable(str(error)) from error

    def _once(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return dict(self._client.query(**asked))
        except ClientError as error:
            raise _told(error) from error
        except BotoCoreError as error:  # no connection, or one that broke
            raise Unreachable(f"the old store does not answer: {error}") from error


def _always() -> None:
    """No circuit stands before the old store."""


def _told(error: ClientError) -> OnsError | Unreachable:
    """An error of the service in the platform's tree; `Unreachable` is what may pass."""
    answer = error.response
    code, said = answer["Error"].get("Code", ""), answer["Error"].get("Message", "")
    message = f"the old store: {code}: {said}"
    if code in _TRANSIENT or answer["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500:
        return Unreachable(message)
    if code in _DENIED:
        return StoreDenied(message)
    if code == "ResourceNotFoundException" or "does not exist" in said:
        return NotFound(message)
    if code == "ValidationException":
        return InvalidRequest(message)
    return TerminalError(f"{message}; smaller chunks may help")


def open_old_store(database: str, region: str, endpoint: str = "") -> OldStore:
    """The old store by the credentials of the environment.

    Without an `endpoint` the service is asked for the account's, which takes the internet.

    Retries are those of `OldStore`: the SDK's own would multiply them.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=5,
        read_timeout=120,
        user_agent_extra="ons-migrate",
    )
    given = endpoint or None
    client = boto3.client("timestream-query", region, endpoint_url=given, config=config)
    return OldStore(client, database)
