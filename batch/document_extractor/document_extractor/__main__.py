"""`python -m document_extractor`: the task is in `ONS_TASK`, the router's answer as JSON.

A container tells the state machine only whether it ended well, so the reason of a failure goes to
the ledger, where the failure recorder finds it. The exit code is the error's own: 75 marks a
transient one, which the job definition retries.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from document_extractor.task import run_task
from ons_platform.config import Settings
from ons_platform.errors import OnsError
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.lake.ledgers import open_ledger
from ons_platform.observability import log_event


def main(environ: Mapping[str, str]) -> int:
    """Run the task; return the exit code."""
    settings = Settings.from_env(environ)
    task = json.loads(environ["ONS_TASK"])
    version = ObjectVersion.from_dict(task["object"])
    with closing(open_ledger(settings.ledger_url)) as ledger:
        try:
            outcome = run_task(task, ledger, settings)
        except OnsError as error:
            reason, code = error.as_dict(), error.exit_code
        except Exception as error:  # noqa: BLE001 - the process edge: no failure without a reason
            reason, code = _unexpected(error), OnsError.exit_code
        else:
            log_event("task.done", **outcome.as_dict())
            return 0
        ledger.update(version, reason=reason)
    log_event("task.failed", key=version.key, version_id=version.version_id, reason=reason)
    return code


def _unexpected(error: Exception) -> dict[str, Any]:
    return {
        "error": type(error).__name__,
        "message": str(error),
        "trace": traceback.format_exc(limit=-5),
        "transient": False,
    }


if __name__ == "__main__":
    sys.exit(main(os.environ))
