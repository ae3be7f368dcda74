"""The commands of `ons migrate`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ons_local.migrate import Migration

app = typer.Typer(
    no_args_is_help=True,
    help="Move the old store, Timestream LiveAnalytics, into InfluxDB (docs/en/migration.md).",
    epilog="Example: ons migrate plan · ons migrate run --dry-run · ons migrate run · "
    "ons migrate verify · ons migrate report",
)
_DAY = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


class ChunkSize(StrEnum):
    """How much is moved as one."""

    DAY = "day"
    MONTH = "month"


From = Annotated[
    datetime | None,
    typer.Option(
        "--from", formats=_DAY, help="First instant, UTC. Default: the first row of each table."
    ),
]
To = Annotated[
    datetime | None,
    typer.Option("--to", formats=_DAY, help="End, UTC, excluded. Default: last midnight."),
]
Tables = Annotated[
    str | None, typer.Option(help="Tables, with commas. Default: all three.", show_default=False)
]
Chunks = Annotated[ChunkSize, typer.Option("--chunk", help="Longest chunk to move as one.")]
Database = Annotated[
    str | None,
    typer.Option(help="Old database. Default: ONS_LEGACY_DATABASE, else ons_energy_data."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder of the platform to use. Default: ONS_DATA_DIR, else .ons, else ONS_LEDGER_URL",
        show_default=False,
    ),
]


@app.command()
def plan(
    start: From = None,
    end: To = None,
    tables: Tables = None,
    chunk: Chunks = ChunkSize.MONTH,
    database: Database = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List the chunks of a range and where each stands."""
    from ons_local.display import out, print_json
    from ons_local.migrateviews import plan_table

    asked = _asked("plan", tables, start, end, chunk)
    planned = _migration(data_dir, database, as_json).step(asked)["chunks"]
    print_json({"chunks": planned}) if as_json else out().print(plan_table(planned))


@app.command()
def run(
    start: From = None,
    end: To = None,
    tables: Tables = None,
    chunk: Chunks = ChunkSize.MONTH,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and transform, write nothing.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Write what is written once more.")
    ] = False,
    database: Database = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Copy what is not copied yet; the same command continues after a stop of any kind.

    Exits with 65 when rows are in quarantine, 75 when a store does not answer, 130 after Ctrl-C.
    """
    from ons_local.display import out, print_json
    from ons_local.migrateviews import preview_table

    migration = _migration(data_dir, database, as_json)
    asked = _asked("run", tables, start, end, chunk)
    if dry_run:
        found = migration.preview(asked)
        print_json({"chunks": found}) if as_json else out().print(preview_table(found))
        return
    _finish(migration.step({**asked, "again": again}), as_json)


@app.command()
def verify(
    start: From = None,
    end: To = None,
    tables: Tables = None,
    database: Database = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Ask both stores the same of every copied chunk; exits with 1 when something differs."""
    asked = _asked("verify", tables, start, end, ChunkSize.MONTH)
    _finish(_migration(data_dir, database, as_json).step(asked), as_json)


@app.command()
def sync(
    tables: Tables = None,
    every: Annotated[float, typer.Option(min=0, help="Seconds between rounds.")] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="One round only.")] = False,
    database: Database = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Keep the new store up with the old one, late rows too, until Ctrl-C."""
    migration = _migration(data_dir, database, as_json)
    if once:
        _finish(migration.step({"action": "sync", "tables": _listed(tables)}), as_json)
        return
    migration.keep_up(_listed(tables), every, lambda result: _show(result, as_json))


@app.command()
def rollback(
    start: From = None,
    end: To = None,
    tables: Tables = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    database: Database = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Delete what the migration wrote into the new store, and nothing else."""
    if not yes:
        typer.confirm("Delete the migrated points of this range from the new store?", abort=True)
    asked = _asked("rollback", tables, start, end, ChunkSize.MONTH)
    _finish(_migration(data_dir, database, as_json).step(asked), as_json)


@app.command()
def report(database: Database = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show how far it is, what it cost and what wants attention.

    Exits with 1 until everything is verified.
    """
    from ons_local.display import out, print_json
    from ons_local.migrateviews import report_view

    summary = _migration(data_dir, database, as_json).step({"action": "report"})
    print_json(summary) if as_json else out().print(report_view(summary))
    if not summary["ok"]:
        raise typer.Exit(1)


@app.command()
def decommission_check(
    tables: Tables = None,
    accept_left_out: Annotated[
        int, typer.Option(help="Number of rows that may stay behind, exactly.")
    ] = 0,
    database: Database = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Say whether the old store may go; exits with 1 while anything in it is not proved."""
    from ons_local.display import out, print_json
    from ons_local.migrateviews import check_view

    result = _migration(data_dir, database, as_json).step(
        {
            "action": "decommission-check",
            "tables": _listed(tables),
            "accept_left_out": accept_left_out,
        }
    )
    print_json(result) if as_json else out().print(check_view(result))
    if not result["ok"]:
        raise typer.Exit(1)


def _migration(data_dir: Path | None, database: str | None, as_json: bool) -> Migration:
    from ons_local.migrate import Migration

    return Migration(data_dir, database, quiet=as_json)


def _asked(
    action: str,
    tables: str | None,
    start: datetime | None,
    end: datetime | None,
    chunk: ChunkSize,
) -> dict[str, Any]:
    return {
        "action": action,
        "tables": _listed(tables),
        "from": start and start.replace(tzinfo=UTC),
        "to": end and end.replace(tzinfo=UTC),
        "chunk": chunk.value,
    }


def _listed(tables: str | None) -> tuple[str, ...] | None:
    return tuple(re.split(r"[,\s]+", tables.strip())) if tables else None


def _show(result: dict[str, Any], as_json: bool) -> None:
    from ons_local.display import out, print_json
    from ons_local.migrateviews import report_view

    print_json(result) if as_json else out().print(report_view(result["summary"]))


def _finish(result: dict[str, Any], as_json: bool) -> None:
    from ons_local.migrate import exit_code

    _show(result, as_json)
    if code := exit_code(result):
        raise typer.Exit(code)
