"""The zones of a platform opened from here, running or not: for work on whole files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ons_local.client import DEFAULT_DATA_DIR, NotRunning
from ons_platform.config import Settings

if TYPE_CHECKING:
    from ons_platform.ingest.proof.zones import Zones


def places(data_dir: Path) -> dict[str, str]:
    """Where the embedded platform of a data directory keeps its zones and ledger."""
    ledger = (data_dir / "ledger.db").as_uri().removeprefix("file://")
    return {
        "ONS_STORAGE_URL": f"{data_dir.as_uri()}/buckets/{{bucket}}",
        "ONS_LEDGER_URL": f"sqlite://{ledger}",
    }


def zone_settings(data_dir: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Of the data directory, else of `ONS_LEDGER_URL` and its neighbours (AWS).

    Raises `NotRunning` where there is neither.
    """
    folder = data_dir or Path(environ.get("ONS_DATA_DIR", str(DEFAULT_DATA_DIR)))
    if (folder / "ledger.db").exists():
        from ons_local.platform import PROJECT_TEMPLATE
        from ons_local.template import load_template

        template = load_template(Path(environ.get("ONS_LOCAL_TEMPLATE", PROJECT_TEMPLATE)))
        return Settings.from_env({**template.environment, **environ, **places(folder.absolute())})
    if data_dir is None and environ.get("ONS_LEDGER_URL"):
        return Settings.from_env(environ)
    raise NotRunning(
        f"there are no data in {folder}: name a folder with --data-dir, or set ONS_STORAGE_URL,"
        " ONS_LEDGER_URL and the bucket names of a platform on AWS"
    )


@contextmanager
def open_zones(data_dir: Path | None) -> Iterator[Zones]:
    """The zones inside the `with`."""
    from ons_platform.ingest.proof import zones

    opened = zones.open_zones(zone_settings(data_dir))
    try:
        yield opened
    finally:
        opened.ledger.close()
