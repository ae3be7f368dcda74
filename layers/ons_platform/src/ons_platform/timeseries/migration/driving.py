"""One step of a migration as asked for from outside: by the function, a schedule or the command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from ons_platform.config import Settings
from ons_platform.errors import InvalidRequest, StoreUnavailable
from ons_platform.observability import log_event
from ons_platform.storage import open_storage
from ons_platform.timeseries.client import open_client
from ons_platform.timeseries.migration import moving
from ons_platform.timeseries.migration.chunks import Chunk, Size
from ons_platform.timeseries.migration.copying import Parts, Watch
from ons_platform.timeseries.migration.journal import Entry, Journal
from ons_platform.timeseries.migration.newstore import NewStore
from ons_platform.timeseries.migration.oldsql import TABLES, TableName
from ons_platform.timeseries.migration.oldstore import open_old_store
from ons_platform.timeseries.migration.reporting import decommission_check, report

Action = Literal["plan", "run", "verify", "sync", "rollback", "report", "decommission-check"]


class _Place(BaseModel):
    """A chunk as JSON has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: TableName
    start: AwareDatetime = Field(alias="from")
    end: AwareDatetime = Field(alias="to")


class Request(BaseModel):
    """What is asked: an action on given chunks, or on all of a range.

    Without `from` a range begins at the first row of each table, without `to` it ends at the last
    midnight UTC; to verify or roll back, it is all that was begun. An instant without a zone is
    none. `again` writes what was written once more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Action
    tables: tuple[TableName, ...] = TABLES
    start: AwareDatetime | None = Field(default=None, alias="from")
    end: AwareDatetime | None = Field(default=None, alias="to")
    size: Size = Field(default=Size.MONTH, alias="chunk")
    chunks: tuple[_Place, ...] | None = None
    again: bool = False
    accept_left_out: int = 0

    @classmethod
    def read(cls, event: Mapping[str, Any]) -> Request:
        """From JSON; `InvalidRequest` with what does not fit."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            details = [
                {"field": ".".join(map(str, item["loc"])), "message": item["msg"]}
                for item in error.errors(include_url=False)
            ]
            raise InvalidRequest("not a step of a migration", details=details) from error

    def wanted(self, parts: Parts) -> list[Chunk]:
        """The chunks it is about."""
        if self.chunks is not None:
            return [Chunk(place.table, place.start, place.end) for place in self.chunks]
        if self.action in ("verify", "rollback"):
            return moving.begun(parts, self.tables, self.start, self.end)
        return moving.chunks(parts, self.tables, self.start, self.end, self.size)


def drive(parts: Parts, asked: Request) -> dict[str, Any]:
    """Do it; the answer says what was done and, as `remaining`, what the time did not reach.

    Called again with `remaining` as its `chunks` it goes on. Raises what the stores raise, and
    `InvalidRequest` when the time did not suffice for a single chunk: it never would.
    """
    if asked.action == "report":
        return report(parts.journal.all(), parts.now())
    if asked.action == "decommission-check":
        return decommission_check(parts, asked.tables, accept_left_out=asked.accept_left_out)
    if asked.action == "sync":
        return _told(moving.sync(parts, asked.tables), parts)
    wanted = asked.wanted(parts)
    if asked.action == "plan":
        return {"chunks": [_planned(parts, chunk) for chunk in wanted]}
    if asked.action == "rollback":
        return _told(moving.rollback(parts, wanted), parts)
    if asked.action == "verify":
        return _told(moving.verify_all(parts, wanted), parts)
    return _told(moving.run(parts, wanted, again=asked.again), parts)


def _planned(parts: Parts, chunk: Chunk) -> dict[str, Any]:
    return {**chunk.as_dict(), "state": parts.journal.get(chunk).state.value}


def _told(outcome: moving.Outcome, parts: Parts) -> dict[str, Any]:
    if outcome.remaining and not outcome.done:
        first = outcome.remaining[0]
        raise InvalidRequest(
            f"{first.table} {first.name} takes longer than there is time: plan it by day, or run"
            " it with `ons migrate run`"
        )
    return {
        "complete": not outcome.remaining,
        "remaining": [chunk.as_dict() for chunk in outcome.remaining],
        "summary": report(outcome.done, parts.now()),
        "cost": parts.old.cost.as_dict(),
    }


def open_parts(settings: Settings, watch: Watch, late: Callable[[], bool]) -> Parts:
    """The stores and the journal the settings name; `StoreUnavailable` without InfluxDB."""
    client = open_client(settings)
    if client is None:
        raise StoreUnavailable("there is no time-series store to write to: set INFLUXDB_URL")
    return Parts(
        old=open_old_store(settings.legacy_database, settings.aws_region, settings.legacy_endpoint),
        new=NewStore(client),
        journal=Journal(
            open_storage(settings.processed_bucket, settings), settings.legacy_database
        ),
        watch=watch,
        late=late,
    )


class LoggedWatch:
    """One event per chunk, from which a dashboard shows the progress (OBS-17)."""

    def planned(self, chunks: int) -> None:
        """So many chunks are to be done."""
        log_event("migration.planned", chunks=chunks)

    def began(self, chunk: Chunk) -> None:
        """A chunk is next."""
        log_event("migration.chunk_began", table=chunk.table, chunk=chunk.name)

    def wrote(self, points: int) -> None:
        """Batches are too many to tell."""

    def ended(self, entry: Entry) -> None:
        """A chunk is done."""
        figures = {name: getattr(entry, name) for name in _FIGURES}
        log_event(
            "migration.chunk",
            table=entry.chunk.table,
            chunk=entry.chunk.name,
            state=entry.state.value,
            differences=entry.verification.get("differences", 0),
            **figures,
        )


_FIGURES = ("rows", "points", "missing", "duplicates", "quarantined", "seconds", "cost", "read_at")
