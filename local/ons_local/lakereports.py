"""What `ons diff` and `ons verify` find out, as JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ons_local.zones import open_zones
from ons_platform.errors import InvalidRequest

if TYPE_CHECKING:
    from ons_platform.ingest.proof.verify import Watch


def differences(
    data_dir: Path | None,
    key: str,
    other: str | None,
    *,
    first: str | None,
    second: str | None,
    limit: int,
) -> dict[str, Any]:
    """From the zones themselves, or the report kept of a version where only the API is reached."""
    if os.environ.get("ONS_API_URL") and data_dir is None:
        if other or first:
            raise InvalidRequest(
                "through ONS_API_URL only a version and the one before it are compared; for any two"
                " set ONS_STORAGE_URL and ONS_LEDGER_URL, or name a --data-dir"
            )
        return _kept(key, second)
    from ons_platform.ingest.proof.difference import difference

    with open_zones(data_dir) as zones:
        return difference(zones, key, other, first=first, second=second, limit=limit)


def _kept(key: str, version_id: str | None) -> dict[str, Any]:
    from ons_local.client import Client, find_target

    client = Client(find_target(None))
    try:
        return dict(client.get(client.object_path(key, "revisions"), version_id=version_id))
    finally:
        client.close()


def verified(
    data_dir: Path | None, target: str | None, *, rebuild: bool, clean: bool, quiet: bool
) -> dict[str, Any]:
    """Verify, mend on demand, and sweep what nobody refers to; progress goes to stderr."""
    from ons_platform.ingest.proof.mend import verify_and_mend
    from ons_platform.ingest.proof.verify import verify
    from ons_platform.lake.housekeeping import sweep

    with open_zones(data_dir) as zones, _progress(quiet=quiet) as watch:
        found = (verify_and_mend if rebuild else verify)(zones, target, watch)
        if clean:
            found.removed = sweep(zones.ledger, zones.processed, zones.catalog)
        return found.as_dict()


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Watch]:
    """A line on stderr that says what is being looked at."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    from ons_local.display import err

    console = err()
    with Progress(
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=console,
        disable=quiet or not console.is_terminal,
        transient=True,
    ) as progress:
        task = progress.add_task("")

        def watch(what: str, number: int, of: int) -> None:
            progress.update(task, description=what, completed=number, total=of)

        yield watch
