"""One object as a container task: what is too large for a function, by the same use case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.errors import UnsupportedFile
from ons_platform.ingest.outcome import Outcome
from ons_platform.ingest.process import process
from ons_platform.ingest.reading.formats import STRUCTURED
from ons_platform.lake.ledger import Ledger, ObjectVersion
from ons_platform.storage import open_storage


def run_task(task: Mapping[str, Any], ledger: Ledger, settings: Settings) -> Outcome:
    """Process the object of the router's answer.

    Raises `UnsupportedFile` for documents and images: they are kept in the raw zone and can be
    replayed once a release reads them. Otherwise raises what `ingest.process` raises.
    """
    config = task["processorConfig"]
    version = ObjectVersion.from_dict(task["object"])
    kind = config["format"]
    if kind not in STRUCTURED.values():
        raise UnsupportedFile(
            f"Text and tables of {kind} files are not extracted in this release. The file is kept; "
            "replay it after an upgrade.",
            message_pt=f"Texto e tabelas de arquivos {kind} ainda não são extraídos nesta versão. "
            "O arquivo foi guardado; reprocesse-o depois de uma atualização.",
            code="document",
            file=version.key,
        )
    return process(
        version,
        config,
        catalog=catalog(),
        ledger=ledger,
        raw=open_storage(settings.raw_bucket, settings),
        processed=open_storage(settings.processed_bucket, settings),
        settings=settings,
    )
