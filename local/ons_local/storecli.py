"""The commands of `ons store`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="What the time-series store holds of the lake (docs/en/influxdb.md).",
    epilog="Example: ons store status · ons store load · ons store verify · "
    "ons store rollback curva-carga dataset=consumption/year=2023/month=01",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder of the platform to use. Default: ONS_DATA_DIR, else .ons, else ONS_LEDGER_URL",
        show_default=False,
    ),
]
Dataset = Annotated[
    str | None, typer.Argument(help="Slug of a dataset. Default: all.", show_default=False)
]


@app.command(epilog="Examples: ons store status · ons store status curva-carga --json")
def status(dataset: Dataset = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show what is held and what is pending; of one dataset each month."""
    from ons_local import storeloads
    from ons_local.display import out, print_json

    report = storeloads.status(data_dir, dataset)
    print_json(report) if as_json else out().print(storeloads.status_table(report))


@app.command(epilog="Examples: ons store load · ons store load curva-carga")
def load(
    dataset: Dataset = None,
    partition: Annotated[
        str | None,
        typer.Argument(
            help="A month, such as dataset=consumption/year=2023/month=01, whose load was taken "
            "back or failed, to be loaded after all.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Load what is pending. The platform does so by itself; exits with 65 when a load failed."""
    from ons_local import storeloads
    from ons_local.display import facts_table, out, print_json

    report = storeloads.load(data_dir, dataset, partition)
    print_json(report) if as_json else out().print(facts_table(report))
    if report.get("failed"):
        raise typer.Exit(65)


@app.command(epilog="Example: ons store rollback curva-carga 20261121T220717-f2b9949d")
def rollback(
    dataset: Annotated[str, typer.Argument(help="Slug of a dataset.")],
    target: Annotated[str, typer.Argument(help="A load's id or a month, see ons store status.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Restore the points from before a month's last load; questions about it use the lake."""
    from ons_local import storeloads
    from ons_local.display import facts_table, out, print_json

    report = storeloads.roll_back(data_dir, dataset, target)
    print_json(report) if as_json else out().print(facts_table(report))


@app.command(epilog="Examples: ons store verify · ons store verify curva-carga --json")
def verify(dataset: Dataset = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Compare the store with the lake files it holds; exits with 1 when something differs."""
    from ons_local import storeloads
    from ons_local.display import err, out, print_json

    report = storeloads.verify(data_dir, dataset)
    if as_json:
        print_json(report)
    else:
        if not report["ok"]:
            out().print(storeloads.differences_table(report))
        wrong = len(report["differences"])
        err().print(f"{report['checked']} partitions compared, {wrong} differences", style="dim")
    if not report["ok"]:
        raise typer.Exit(1)
