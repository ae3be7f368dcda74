from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from ons_platform.observability import bind, log_event


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_event_is_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_event("file.processed", rows=3, path=Path("a"), name="Ilhéus\nX")
    log_event("file.failed", level=logging.WARNING)
    assert _lines(capsys) == [
        {"level": "INFO", "event": "file.processed", "rows": 3, "path": "a", "name": "Ilhéus\nX"},
        {"level": "WARNING", "event": "file.failed"},
    ]


def test_bound_fields_come_with_every_event_of_the_block(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with bind(request_id="r", dataset="a"):
        with bind(dataset="b"):
            log_event("inner", rows=1)
        log_event("outer", request_id="own")
        other = threading.Thread(target=log_event, args=("elsewhere",))
        other.start()
        other.join()
    log_event("after")
    assert [{k: v for k, v in line.items() if k != "level"} for line in _lines(capsys)] == [
        {"event": "inner", "request_id": "r", "dataset": "b", "rows": 1},
        {"event": "outer", "request_id": "own", "dataset": "a"},
        {"event": "elsewhere"},
        {"event": "after"},
    ]


@pytest.mark.parametrize("name", ["api_key", "token", "Authorization", "upload_secret"])
def test_secrets_are_masked(capsys: pytest.CaptureFixture[str], name: str) -> None:
    log_event("call", **{name: "hunter2", "key": "year=2023/A.csv"})
    (line,) = _lines(capsys)
    assert (line[name], line["key"]) == ("***", "year=2023/A.csv")
