"""What `ons store` shows and does: the loads of the time-series store, from this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ons_local.migrate import with_store
from ons_local.zones import zone_settings
from ons_platform.errors import InvalidRequest, NotFound
from ons_platform.lake.knowledge import KnowledgeBase
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import open_storage
from ons_platform.timeseries.held import Held, HeldStore, State
from ons_platform.timeseries.loading.pending import Files, files_of_knowledge, pending

if TYPE_CHECKING:
    from rich.table import Table

    from ons_platform.config import Settings
    from ons_platform.timeseries.loading.load import Loader

_COUNTS = ("points", "rejected", "duplicates", "older")


def status(data_dir: Path | None, dataset: str | None) -> list[dict[str, Any]]:
    """Per dataset what is held and how many partitions are pending; of one also each partition.

    Read from the processed zone: the store itself need not answer.
    """
    settings = zone_settings(data_dir)
    processed = open_storage(settings.processed_bucket, settings)
    held = HeldStore(processed).snapshot()
    files = _files(settings)
    known = sorted({*held, *files}) if dataset is None else [dataset]
    if dataset is not None and dataset not in {*held, *files}:
        raise NotFound(f"nothing of {dataset} was loaded; see ons catalog")
    return [
        _of_dataset(held.get(slug, Held(slug)), files.get(slug, {}), detailed=dataset is not None)
        for slug in known
    ]


def load(data_dir: Path | None, dataset: str | None, partition: str | None) -> dict[str, Any]:
    """Load what is pending, of all datasets or one; or one partition, taken back or not."""
    from ons_platform.timeseries.loading.catchup import catch_up

    with _loader(data_dir) as (settings, loader):
        if dataset and partition:
            return loader.load(dataset, partition).as_dict()
        files = _files(settings)
        chosen = {slug: own for slug, own in files.items() if dataset in (None, slug)}
        if dataset and not chosen:
            raise NotFound(f"nothing of {dataset} is in the lake; see ons catalog")
        return catch_up(loader, chosen, has_time=lambda: True).as_dict()


def roll_back(data_dir: Path | None, dataset: str, target: str) -> dict[str, Any]:
    """Take the last load of a partition back."""
    with _loader(data_dir) as (_, loader):
        return loader.roll_back(dataset, target).as_dict()


def verify(data_dir: Path | None, dataset: str | None) -> dict[str, Any]:
    """Compare every held partition with the lake file it was loaded from."""
    with _loader(data_dir) as (_, loader):
        checked, wrong = 0, []
        for slug, held in loader.held.snapshot().items():
            for name, record in held.partitions.items():
                if record.holds and dataset in (None, slug):
                    checked += 1
                    found = loader.compare(slug, name)
                    wrong += [{"dataset": slug, "partition": name, **item} for item in found]
        return {"ok": not wrong, "checked": checked, "differences": wrong}


def status_table(report: list[dict[str, Any]]) -> Table:
    """A line per dataset, or per partition where they are told."""
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    names = ("dataset", "state", "points", "rejected", "pending", "from", "to")
    for name in names:
        table.add_column(name, justify="right" if name in ("points", "rejected") else "left")
    for item in report:
        table.add_row(*(str(item.get(name, "")) for name in names))
        for part in item.get("partitions", []):
            month = part["partition"].partition("/")[2]
            told = (f"  {month}", part["state"], part["points"], part["rejected"])
            table.add_row(*map(str, told), part["pending"], part["since"] or "", part["load_id"])
    return table


def differences_table(report: dict[str, Any]) -> Table:
    """A line per thing that is not as it should be."""
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    names = ("dataset", "partition", "field", "what", "expected", "found")
    for name in names:
        table.add_column(name)
    for item in report["differences"]:
        table.add_row(*(str(item[name]) for name in names))
    return table


def _of_dataset(held: Held, files: Files, *, detailed: bool) -> dict[str, Any]:
    waiting = pending(held, files, held.retention_seconds)
    good = {name: item for name, item in held.partitions.items() if item.holds}
    months = sorted(name.partition("/")[2] for name in good)
    report: dict[str, Any] = {
        "dataset": held.dataset,
        "bucket": held.bucket,
        "state": "held" if good and not waiting else "pending" if waiting else "nothing",
        "points": sum(item.points for item in good.values()),
        "rejected": sum(item.rejected for item in good.values()),
        "pending": len(waiting),
        "from": months[0] if months else "",
        "to": months[-1] if months else "",
    }
    if detailed:
        names = sorted({*held.partitions, *waiting}, key=lambda name: name.partition("/")[2])
        report["partitions"] = [_of_partition(held, name, waiting) for name in names]
    return report


def _of_partition(held: Held, name: str, waiting: list[str]) -> dict[str, Any]:
    record = held.partitions.get(name)
    told = {
        "partition": name,
        "state": record.state.value if record else State.NOTHING.value,
        "pending": "pending" if name in waiting else "",
        "since": record.since if record else None,
        "load_id": record.load_id if record else "",
        "error": record.error if record else None,
    }
    return {**told, **{count: getattr(record, count) if record else 0 for count in _COUNTS}}


def _files(settings: Settings) -> dict[str, Files]:
    known = KnowledgeBase(open_storage(settings.processed_bucket, settings)).all()
    return {item.dataset: files_of_knowledge(item) for item in known}


@contextmanager
def _loader(data_dir: Path | None) -> Iterator[tuple[Settings, Loader]]:
    """What the platform logs goes to stderr: stdout is for results."""
    from ons_platform.timeseries.loading.opening import open_loader

    settings = with_store(zone_settings(data_dir), data_dir)
    ledger = open_ledger(settings.ledger_url)
    try:
        loader = open_loader(settings, ledger)
        if loader is None:
            raise InvalidRequest(
                "there is no time-series store: start the platform (ons up) where there is an "
                "influxd, or set INFLUXDB_URL and INFLUXDB_TOKEN"
            )
        with redirect_stdout(sys.stderr):
            yield settings, loader
    finally:
        ledger.close()
