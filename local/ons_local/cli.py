"""The `ons` command. Heavy imports wait until a command needs them: `ons --help` must be quick."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ons_local.migratecli import app as migrate
from ons_local.storecli import app as store
from ons_platform.errors import InvalidRequest, NotFound, OnsError

if TYPE_CHECKING:
    from ons_local.client import Client

app = typer.Typer(
    name="ons",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="ONS Data Platform: real files of the Brazilian grid operator in, questions answered out.",
    epilog="Example: ons up & · ons upload samples/ · ons ask 'carga média do SIN em maio de 2023'",
)
app.add_typer(migrate, name="migrate")
app.add_typer(store, name="store")

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder of the platform to use. Default: ONS_API_URL with ONS_API_KEY, else "
        "ONS_DATA_DIR, else .ons",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Return as soon as it is accepted.")]


class Language(StrEnum):
    """Languages of questions."""

    PT = "pt"
    EN = "en"


LanguageOption = Annotated[
    Language | None, typer.Option(help="Language of the report; by default the machine's.")
]


class QueryLanguage(StrEnum):
    """Languages of raw queries."""

    SQL = "sql"
    FLUX = "flux"
    INFLUXQL = "influxql"


def main() -> None:
    """Run the command; an error on purpose becomes one line and its exit code."""
    try:
        app()
    except OnsError as error:
        _report(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def _report(error: OnsError) -> None:
    from ons_local.display import err, print_json

    if "--json" in sys.argv:
        print_json({"error": error.as_dict()})
    err().print(f"[bold red]{error.title}[/]:", end=" ")
    err().print(error.message, markup=False)


@app.command(epilog="Examples: ons up · ons up --data-dir /data/ons --port 8080")
def up(
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir", help="Everything is stored here. Default: ONS_DATA_DIR, else .ons"
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on, as clients name it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    influxdb: Annotated[
        bool, typer.Option("--influxdb/--no-influxdb", help="Keep time series in InfluxDB too.")
    ] = True,
) -> None:
    """Start the platform on this machine; Ctrl-C stops it, and nothing acknowledged is lost."""
    import signal

    from ons_local.client import data_folder
    from ons_local.display import err
    from ons_local.server import serve

    folder = data_folder(data_dir)

    def ready(url: str, resumed: int, influxdb: str) -> None:
        err().print(f"[bold green]The ONS Data Platform answers at {url}[/]")
        err().print(f"data in {folder.absolute()}, API key in {folder / 'api-key'}", style="dim")
        err().print(f"InfluxDB: {influxdb}", style="dim")
        if resumed:
            err().print(f"{resumed} unfinished objects are taken up again")
        err().print("Try: ons upload samples/ · ons ask 'carga média do SIN em 2023'", style="dim")

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    finished = serve(folder, host, port, ready, influxdb=influxdb)
    rest = "" if finished else " Unfinished objects are taken up at the next start."
    err().print(f"Stopped.{rest}")


@app.command(epilog="Examples: ons upload CURVA_CARGA_2023.csv · ons upload samples/ --json")
def upload(
    paths: Annotated[
        list[Path], typer.Argument(help="Files, or folders to search.", show_default=False)
    ],
    no_wait: NoWait = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Send files to the raw zone and follow each until it is in the lake.

    Exits with 65 when a file failed.
    """
    from ons_local.display import UploadProgress, print_json
    from ons_local.uploads import collect, upload

    files = collect(paths)
    client = _client(data_dir)
    with UploadProgress(len(files), quiet=as_json) as progress:
        results = upload(client, files, progress, wait=not no_wait)
    if as_json:
        print_json([result.as_dict() for result in results])
    if not all(result.ok for result in results):
        raise typer.Exit(65)


@app.command(
    epilog="Examples: ons backfill /data/ons · ons backfill /data/ons --pattern 'CURVA*' --dry-run"
)
def backfill(
    folder: Annotated[
        Path, typer.Argument(help="Folder with files of any years.", show_default=False)
    ],
    pattern: Annotated[str, typer.Option(help="Only files whose name matches this glob.")] = "*",
    concurrency: Annotated[
        int, typer.Option(min=1, max=32, help="How many files are under way at once.")
    ] = 6,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Send a whole folder, oldest snapshots first; run it again to continue where it stopped.

    Exits with 65 when a file was refused, 75 when the platform went away, 130 after Ctrl-C.
    """
    from ons_local.backfill import Backfill, preview
    from ons_local.backfillplan import plan
    from ons_local.display import (
        UploadProgress,
        backfill_report,
        err,
        out,
        preview_table,
        print_json,
    )

    wanted = plan(folder, pattern)
    if dry_run:
        steps = preview(_client(data_dir), wanted)
        if as_json:
            print_json(steps)
        else:
            out().print(preview_table(steps))
        return
    with UploadProgress(len(wanted.files), quiet=as_json) as progress:
        work = Backfill(lambda: _client(data_dir), progress, concurrency=concurrency)
        summary = work.run(wanted)
    if as_json:
        print_json(summary.as_dict())
    else:
        err().print(backfill_report(summary.as_dict()))
    if summary.exit_code:
        raise typer.Exit(summary.exit_code)


@app.command(epilog="Examples: ons status · ons status year=2023/CURVA_CARGA_2023.csv --json")
def status(
    key: Annotated[
        str | None, typer.Argument(help="Key of an object, or the end of one.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what became of one object, or of all of them with the state of the platform."""
    from ons_local.display import facts_table, objects_table, out, print_json
    from ons_local.reports import overview

    client = _client(data_dir)
    if key is not None:
        entry = _entry(client, key)
        if as_json:
            print_json(entry)
        else:
            out().print(facts_table({**entry["version"], **_without(entry, "version")}))
        return
    report = overview(client)
    if as_json:
        print_json(report)
        return
    out().print(objects_table(report["objects"]))
    out().print(facts_table(_without(report, "objects", "platform")))
    if report["platform"]:
        out().print(facts_table(_without(report["platform"], "messages")))


@app.command(
    epilog="Examples: ons ask 'Qual foi a carga média do Sudeste em março de 2023?' · "
    "ons ask 'highest hourly load in 2023' --language en --chart load.svg"
)
def ask(
    question: Annotated[str, typer.Argument(help="The question, in Portuguese or English.")],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="Instant that 'today' refers to, ISO 8601.", show_default=False
        ),
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="Language, if it is not to be told from the words.")
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(help="Write the chart to this .svg or .html file.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Ask a question; the answer comes with its unit, period, sources and query."""
    from ons_local.display import answer_panel, err, out, print_json
    from ons_local.reports import check_chart_file, write_chart

    if chart is not None:
        check_chart_file(chart)
    body = {
        "question": question,
        "as_of": as_of,
        "language": language.value if language else None,
        "include_chart": chart is not None,
    }
    answer = _client(data_dir).post("/query", body)
    if as_json:
        print_json(answer)
    else:
        out().print(answer_panel(answer))
    if chart is not None:
        written = write_chart(chart, answer)
        err().print(f"chart written to {chart}" if written else "this answer has no chart")


@app.command(
    epilog="Examples: ons query 'SELECT region, avg(value) FROM curva_carga GROUP BY region' · "
    "ons query --language influxql 'SHOW MEASUREMENTS' · ons query --language flux - < query.flux"
)
def query(
    text: Annotated[str, typer.Argument(help="A query that only reads; - takes it from stdin.")],
    language: Annotated[QueryLanguage, typer.Option(help="Its language.")] = QueryLanguage.SQL,
    bucket: Annotated[
        str | None,
        typer.Option(help="With influxql: of names without a database.", show_default=False),
    ] = None,
    max_rows: Annotated[int, typer.Option(min=1, max=10_000, help="Rows at most.")] = 1000,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Run a read-only query: SQL over the datasets of `ons catalog`, Flux or InfluxQL over buckets.

    The buckets are generation_data, consumption_data, transmission_data and operation_data;
    energy_data reads all of them.
    """
    body = {
        "query": sys.stdin.read() if text == "-" else text,
        "language": language.value,
        "bucket": bucket,
        "max_rows": max_rows,
    }
    _show_rows(body, data_dir, as_json=as_json, as_csv=as_csv)


@app.command(
    epilog="Examples: ons template generation_trend --from 2023-01-01 --to 2023-02-01 · "
    "ons template consumption_peak --from 2023-01-01 --to 2024-01-01 --region sudeste"
)
def template(
    name: Annotated[
        str, typer.Argument(help="generation_trend, consumption_peak or transmission_losses.")
    ],
    start: Annotated[str, typer.Option("--from", help="First day or instant.")],
    stop: Annotated[str, typer.Option("--to", help="Day or instant after the last.")],
    region: Annotated[
        str | None, typer.Option(help="One subsystem: SE, sudeste, southeast.", show_default=False)
    ] = None,
    max_rows: Annotated[int, typer.Option(min=1, max=10_000, help="Rows at most.")] = 1000,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Run one of the queries people ask for most, in Flux.

    Days and instants without an offset are Brasília's.
    """
    parameters = {"start_time": start, "stop_time": stop, "region": region}
    body = {"template": name, "parameters": parameters, "max_rows": max_rows}
    _show_rows(body, data_dir, as_json=as_json, as_csv=as_csv)


def _show_rows(
    body: dict[str, object], data_dir: Path | None, *, as_json: bool, as_csv: bool
) -> None:
    """Send a raw query or a template, and print its rows."""
    from ons_local.display import err, out, print_json, rows_table
    from ons_local.rawqueries import ask_for_csv, ask_for_rows

    if as_json and as_csv:
        raise InvalidRequest("choose one of --json and --csv")
    client = _client(data_dir)
    if as_csv:
        sys.stdout.write(ask_for_csv(client, body))
        return
    result = ask_for_rows(client, body)
    if as_json:
        print_json(result)
        return
    out().print(rows_table(result["columns"], result["rows"]))
    more = ", and there are more" if result["truncated"] else ""
    err().print(f"{result['row_count']} rows{more}, {result['processing_time_ms']} ms", style="dim")


@app.command(
    epilog="Examples: ons catalog · ons catalog curva-carga --lang pt · "
    "ons catalog curva-carga --schema · ons catalog --odcs --check contracts/"
)
def catalog(
    dataset: Annotated[
        str | None, typer.Argument(help="Slug of a dataset.", show_default=False)
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="JSON Schema of its rows, or of the canonical record.")
    ] = False,
    odcs: Annotated[
        bool, typer.Option("--odcs", help="Open Data Contract Standard v3.1, as YAML.")
    ] = False,
    check: Annotated[
        Path | None,
        typer.Option(help="With --odcs: compare this contract, or those of a folder, with ours."),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of titles and rules.")] = Language.EN,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List the datasets and what of each is loaded, or show one of them whole.

    Works without a running platform too. With --check it exits with 1 when a contract differs.
    """
    from urllib.parse import quote

    from ons_local import catalogue
    from ons_local.catalogtables import dataset_page, datasets_table
    from ons_local.display import out, print_json

    if (schema and odcs) or (check and not odcs):
        raise InvalidRequest("choose one of --schema and --odcs; --check goes with --odcs")
    if check:
        _check_contracts(check, dataset, as_json)
    elif schema:
        print_json(catalogue.schema(dataset))
    elif odcs:
        sys.stdout.write(catalogue.contracts(dataset))
    elif dataset:
        loaded = catalogue.ask_platform(data_dir, f"/catalog/{quote(dataset)}")
        found = catalogue.described(dataset, loaded, lang.value)
        print_json(found) if as_json else out().print(dataset_page(found, lang.value))
    else:
        known = catalogue.ask_platform(data_dir, "/catalog") or {"datasets": []}
        listed = catalogue.listing(known["datasets"])
        shown = datasets_table(listed, lang.value)
        print_json({"datasets": listed}) if as_json else out().print(shown)


@app.command(epilog="Examples: ons replay year=2023/CURVA_CARGA_2023.csv · ons replay --failed")
def replay(
    key: Annotated[
        str | None, typer.Argument(help="Key of an object, or the end of one.", show_default=False)
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Every object that failed.")] = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Process objects again as they are; exits with 65 when one failed again."""
    from ons_local.display import objects_table, out, print_json
    from ons_local.reports import replayed

    if (key is None) != failed:
        raise InvalidRequest("name the key of an object, or give --failed")
    client = _client(data_dir)
    body = {"failed": True} if key is None else {"key": _entry(client, key)["version"]["key"]}
    entries = replayed(client, body, wait=not no_wait)
    if as_json:
        print_json(entries)
    else:
        out().print(objects_table(entries))
    if any(entry["status"] == "failed" for entry in entries):
        raise typer.Exit(65)


@app.command(
    epilog="Examples: ons quality · ons quality CURVA_CARGA_2014.csv --lang pt · "
    "ons quality BALANCO_ENERGIA_SUBSISTEMA_2023 --html report.html"
)
def quality(
    key: Annotated[
        str | None,
        typer.Argument(help="Key of an object, a file name or a unique part of one."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as a page to this file.")
    ] = None,
    language: Annotated[Language, typer.Option("--lang", help="Language.")] = Language.EN,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what the quality rules found in one file, or the score of all files.

    Exits with 65 when the file was refused.
    """
    from ons_local import quality as reports
    from ons_local.display import err, out, print_json

    if html is not None and key is None:
        raise InvalidRequest("--html wants the key of an object")
    client = _client(data_dir)
    if key is None:
        files = reports.quality_of_all(client)
        if as_json:
            print_json(files)
        else:
            out().print(reports.table_of_all(files, language.value))
        return
    found = reports.quality_of(client, reports.find_key(client, key))
    if as_json:
        print_json(found)
    else:
        out().print(reports.report_of_one(found, language.value))
    if html is not None:
        reports.write_page(client, found["key"], html, language.value)
        err().print(f"page written to {html}")
    if found["status"] == "failed":
        raise typer.Exit(65)


@app.command(
    epilog="Examples: ons diff CURVA_CARGA_2023.csv · ons diff CURVA_CARGA_2023.csv --json"
)
def diff(
    key: Annotated[str, typer.Argument(help="Key of an object, or the end of one.")],
    other: Annotated[
        str | None,
        typer.Argument(help="Compare with this object of the same dataset.", show_default=False),
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="Version of the first.", show_default=False)
    ] = None,
    second: Annotated[
        str | None, typer.Option("--to", help="Version of the second.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many changes to show.")] = 20,
    language: LanguageOption = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what a new version of an object changed, or what differs between two objects.

    Reads the zones themselves; through ONS_API_URL the report of the newest version is shown.
    """
    from ons_local.display import out, print_json
    from ons_local.lakereports import differences
    from ons_local.lakeviews import diff_view

    report = differences(data_dir, key, other, first=first, second=second, limit=limit)
    print_json(report) if as_json else out().print(diff_view(report, _words(language), limit))


@app.command(epilog="Examples: ons verify · ons verify curva-carga --rebuild")
def verify(
    target: Annotated[
        str | None,
        typer.Argument(help="A dataset or the key of an object.", show_default=False),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make what differs again from the raw zone.")
    ] = False,
    clean: Annotated[
        bool, typer.Option("--clean", help="Remove slices nobody refers to any more.")
    ] = False,
    language: LanguageOption = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Prove that the lake is what the raw files say; exits with 1 when something differs."""
    from ons_local.display import out, print_json
    from ons_local.lakereports import verified
    from ons_local.lakeviews import verification_view

    report = verified(data_dir, target, rebuild=rebuild, clean=clean, quiet=as_json)
    print_json(report) if as_json else out().print(verification_view(report, _words(language)))
    if not report["ok"]:
        raise typer.Exit(1)


@app.command(epilog="Examples: ons doctor · ons doctor --json")
def doctor(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Check this machine and the platform; exits with 1 when something is wrong."""
    from ons_local.display import out, print_json
    from ons_local.doctor import examine

    checks = examine(data_dir)
    if as_json:
        print_json({"ok": all(c.ok for c in checks), "checks": [vars(c) for c in checks]})
    else:
        for check in checks:
            mark = "[green]✓[/]" if check.ok else "[bold red]✗[/]"
            out().print(f"{mark} [bold]{check.name}[/]", end="  ")
            out().print(check.detail, markup=False)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


def _check_contracts(path: Path, dataset: str | None, as_json: bool) -> None:
    from dataclasses import asdict

    from ons_local.catalogtables import differences_table
    from ons_local.catalogue import check_contracts
    from ons_local.display import err, out, print_json

    count, found = check_contracts(path, dataset)
    material = sum(item.material for item in found)
    if as_json:
        print_json({"contracts": count, "differences": [asdict(item) for item in found]})
    elif found:
        out().print(differences_table(found))
    err().print(f"{count} contracts, {material} material differences", style="dim")
    if material:
        raise typer.Exit(1)


def _words(language: Language | None) -> str:
    """The language of a report: Portuguese where the machine speaks it, else English."""
    from ons_local.display import spoken

    return language.value if language else "pt" if spoken().startswith("pt") else "en"


def _client(data_dir: Path | None) -> Client:
    from ons_local.client import Client, find_target

    return Client(find_target(data_dir))


def _entry(client: Client, key: str) -> dict[str, Any]:
    """The newest entry of a key; a name without its folders is enough when it is unique."""
    try:
        return dict(client.get(client.object_path(key)))
    except NotFound:
        listed = client.get("/objects", limit=1000)["objects"]
        keys = {entry["version"]["key"] for entry in listed}
        near = sorted(found for found in keys if found.endswith(f"/{key}"))
        if len(near) != 1:
            raise
        return dict(client.get(client.object_path(near[0])))


def _without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name not in names}
