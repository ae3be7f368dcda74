"""The failed zone: a failed object kept beside a reason people can act on (ING-9)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from ons_platform.errors import NotFound
from ons_platform.ingest.keys import filename
from ons_platform.ingest.reasons import failure_note
from ons_platform.lake.ledger import Ledger, ObjectVersion, Status, utc_now
from ons_platform.storage import Storage


def record_failure(
    version: ObjectVersion,
    error: Mapping[str, Any],
    *,
    ledger: Ledger,
    raw: Storage,
    failed: Storage,
) -> dict[str, Any]:
    """Copy the object to the failed zone with `reason.json` and `reason.txt`; ledger FAILED.

    `error` is what a Catch of the state machine gives: `Error` (name) and `Cause` (text, often
    JSON). The processor's own reason, if it left one in the ledger, says more and is preferred. The
    raw object stays where it is, so that `replay` works. Returns the message for the manual-review
    queue and the notice. Safe to repeat.
    """
    entry = ledger.receive(version)
    reason = _reason(error, entry.reason, version)
    folder = f"{version.key}/{version.version_id}"
    kept = _keep(version, folder, raw, failed)
    finished = utc_now()
    message = {
        "object": version.as_dict(),
        "failed_at": finished,
        "location": f"{failed.url}/{folder}/",
        "object_kept": kept,
        "reason": reason,
    }
    text = json.dumps(message, ensure_ascii=False, indent=2)
    failed.put_bytes(f"{folder}/reason.json", text.encode())
    failed.put_bytes(f"{folder}/reason.txt", failure_note(version.key, reason).encode())
    ledger.update(version, status=Status.FAILED, finished_at=finished, reason=reason)
    return message


def _reason(
    error: Mapping[str, Any], noted: dict[str, Any] | None, version: ObjectVersion
) -> dict[str, Any]:
    """The processor's reason when it is of this failure, otherwise what the state machine saw."""
    name = str(error.get("Error", "UnknownError"))
    cause = _cause(error.get("Cause"))
    if noted is not None and (noted.get("error") == name or _hides_names(name)):
        return noted
    message = cause.get("errorMessage") or cause.get("StatusReason") or error.get("Cause") or name
    found = {"error": str(cause.get("errorType") or name), "message": str(message)}
    return _limit(found, str(error.get("Cause")), filename(version.key)) or found


def _limit(seen: Mapping[str, str], cause: str, name: str) -> dict[str, Any] | None:
    """The same in words, when it was a limit of time or memory (ING-10)."""
    for limit in _limits():
        if seen["error"] in limit["names"] or any(part in cause for part in limit["causes"]):
            texts = {language: limit[language].format(file=name) for language in ("en", "pt")}
            return {
                "error": seen["error"],
                "message": texts["en"],
                "message_pt": texts["pt"],
                "code": limit["code"],
                "file": name,
                "seen": seen["message"],
            }
    return None


@lru_cache(maxsize=1)
def _limits() -> list[dict[str, Any]]:
    text = files("ons_platform.ingest").joinpath("failures.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text)["limits"])


def _hides_names(name: str) -> bool:
    """Batch jobs and time-outs fail under the state machine's own names."""
    return name.startswith(("States.", "Batch."))


def _cause(text: Any) -> dict[str, Any]:
    try:
        cause = json.loads(text) if isinstance(text, str) else text
    except json.JSONDecodeError:
        return {}
    return cause if isinstance(cause, dict) else {}


def _keep(version: ObjectVersion, folder: str, raw: Storage, failed: Storage) -> bool:
    """A copy under the failed zone; False when the raw object is not there (any more)."""
    name = version.key.rsplit("/", 1)[-1] or "object"
    try:
        with raw.as_file(version.key, version.version_id) as path:
            failed.put_file(f"{folder}/{name}", path)
    except NotFound:
        return False
    return True
