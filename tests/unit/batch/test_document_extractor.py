from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from document_extractor.__main__ import main
from document_extractor.task import run_task
from ons_platform.config import Settings
from ons_platform.errors import LeaseHeld, RejectedFile, TransientError, UnsupportedFile
from ons_platform.ingest import process
from ons_platform.lake.ledger import Ledger, ObjectVersion, Status
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import open_storage

SAMPLE = Path(__file__).parents[3] / "samples/CARGA_ENERGIA_2023.csv"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "ONS_STORAGE_URL": f"file://{tmp_path}/{{bucket}}",
        "ONS_LEDGER_URL": f"sqlite://{tmp_path}/ledger.sqlite",
    }


@pytest.fixture
def ledger(environ: dict[str, str]) -> Iterator[Ledger]:
    opened = open_ledger(environ["ONS_LEDGER_URL"])
    yield opened
    opened.close()


def task(environ: dict[str, str], key: str, content: bytes | None, kind: str) -> dict[str, Any]:
    """The router's answer for an object; None stores nothing."""
    settings = Settings.from_env(environ)
    raw = open_storage(settings.raw_bucket, settings)
    version = ObjectVersion(
        bucket=settings.raw_bucket,
        key=key,
        version_id="missing" if content is None else raw.put_version(key, content),
        sequencer="01",
        size=len(content or b""),
        etag="",
        event_time="2026-11-21T15:00:00Z",
    )
    config = {"dataset": None, "format": kind, "vcpu": 2, "memory": 8192}
    return {"object": version.as_dict(), "processingType": "batch", "processorConfig": config}


def entry(ledger: Ledger, given: dict[str, Any]) -> Any:
    return ledger.get(given["object"]["key"], given["object"]["version_id"])


def test_a_large_table_takes_the_same_way_as_a_small_one(
    environ: dict[str, str], ledger: Ledger
) -> None:
    given = task(environ, "CARGA_ENERGIA_2023.csv", SAMPLE.read_bytes(), "csv")
    assert main({**environ, "ONS_TASK": json.dumps(given)}) == 0
    assert entry(ledger, given).status is Status.PROCESSED
    assert entry(ledger, given).rows_written == 1460


@pytest.mark.parametrize("kind", ["pdf", "docx", "image"])
def test_documents_are_refused_for_now_in_both_languages(
    environ: dict[str, str], ledger: Ledger, kind: str
) -> None:
    given = task(environ, "relatorio.pdf", b"%PDF", kind)
    with pytest.raises(UnsupportedFile, match="replay it after an upgrade") as refusal:
        run_task(given, ledger, Settings.from_env(environ))
    assert "reprocesse-o" in refusal.value.where["message_pt"]


def test_a_refusal_leaves_its_reason_and_its_exit_code(
    environ: dict[str, str], ledger: Ledger
) -> None:
    given = task(environ, "relatorio.pdf", b"%PDF", "pdf")
    assert main({**environ, "ONS_TASK": json.dumps(given)}) == RejectedFile.exit_code
    assert entry(ledger, given).reason["error"] == "UnsupportedFile"


def test_a_transient_error_asks_for_another_attempt(
    environ: dict[str, str], ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def others_write(*_: object) -> None:
        raise LeaseHeld("another writer is at work on the month")

    monkeypatch.setattr(process, "commit", others_write)
    given = task(environ, "CARGA_ENERGIA_2023.csv", SAMPLE.read_bytes(), "csv")
    assert main({**environ, "ONS_TASK": json.dumps(given)}) == TransientError.exit_code
    assert entry(ledger, given).reason["transient"] is True


@pytest.mark.parametrize(("name", "kind"), [("tabela.zip", "zip"), ("tabela.csv.gz", "gz")])
def test_archives_too_large_for_a_function_are_read(
    environ: dict[str, str], ledger: Ledger, name: str, kind: str
) -> None:
    text = SAMPLE.read_bytes()
    packed = gzip.compress(text) if kind == "gz" else zipped(SAMPLE.name, text)
    given = task(environ, f"CARGA_ENERGIA_2023.{name.partition('.')[2]}", packed, kind)
    assert main({**environ, "ONS_TASK": json.dumps(given)}) == 0
    assert entry(ledger, given).rows_written == 1460


def zipped(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def test_an_unexpected_error_is_never_silent(
    environ: dict[str, str], ledger: Ledger, tmp_path: Path
) -> None:
    given = task(environ, "CARGA_ENERGIA_2023.csv", SAMPLE.read_bytes(), "csv")
    del given["processorConfig"]["format"]
    assert main({**environ, "ONS_TASK": json.dumps(given)}) == 1
    reason = entry(ledger, given).reason
    assert reason["error"] == "KeyError"
    assert "document_extractor" in reason["trace"]


def test_runs_as_a_module(environ: dict[str, str], ledger: Ledger) -> None:
    given = task(environ, "relatorio.pdf", b"%PDF", "pdf")
    done = subprocess.run(
        [sys.executable, "-m", "document_extractor"],
        env={**environ, "ONS_TASK": json.dumps(given)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == RejectedFile.exit_code, done.stderr
    assert json.loads(done.stdout)["event"] == "task.failed"
