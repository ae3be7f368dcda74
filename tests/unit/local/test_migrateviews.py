from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from ons_local.migrate import DIFFERENT, INTERRUPTED, REFUSED, SUCCESS, exit_code
from ons_local.migrateviews import (
    MigrationProgress,
    check_view,
    plan_table,
    preview_table,
    report_view,
)
from ons_platform.timeseries.migration.chunks import Chunk
from ons_platform.timeseries.migration.journal import Entry, State
from ons_platform.timeseries.migration.reporting import report

CHUNK = Chunk("generation_data", datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
NOW = datetime(2024, 3, 1, tzinfo=UTC)
DIFFERENCE = {"what": "count", "where": "generation_data,dataset=legacy", "old": 3, "new": 2}
ENTRY = Entry(
    CHUNK,
    State.DIFFERENT,
    rows=1234,
    points=1230,
    refused={"unknown_region": 4},
    read_at="2024-02-29T23:59:00+00:00",
    seconds=2.0,
    cost={"bytes_metered": 10_000_000},
    verification={"differences": 1, "shown": [DIFFERENCE]},
)


def shown(view: Any) -> str:
    console = Console(file=StringIO(), width=160)
    console.print(view)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_plan_names_each_chunk() -> None:
    text = shown(plan_table([{**CHUNK.as_dict(), "state": "planned"}]))
    assert "generation_data" in text
    assert "2024-01-01" in text
    assert "00:00" not in text


def test_a_preview_shows_lines_and_refusals() -> None:
    found = {**ENTRY.as_dict(), "lines": ["generation_data,dataset=legacy power_mw=1 1"]}
    text = shown(preview_table([{**found, "refusals": [{"reason": "r", "detail": "why not"}]}]))
    for part in ("1,234", "1,230", "4 unknown_region", "power_mw=1", "why not"):
        assert part in text


def test_a_report_shows_sums_and_what_wants_attention() -> None:
    text = shown(report_view(report([ENTRY], NOW)))
    for part in ("617", "60 s", "10", "4 rows in quarantine", "count of generation_data", "now 2"):
        assert part in text


def test_a_check_says_why_not() -> None:
    assert "verified" in shown(check_view({"ok": True, "reasons": []}))
    reasons = [
        {"table": "generation_data", "reason": "not_moved", "detail": "5 rows"},
        {"reason": "left_out", "detail": "2 rows stay behind"},
    ]
    text = shown(check_view({"ok": False, "reasons": reasons}))
    assert "generation_data: 5 rows (not_moved)" in text
    assert "2 rows stay behind" in text


def test_progress_tells_each_chunk_as_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with MigrationProgress(quiet=False) as watch:
        watch.planned(2)
        watch.began(CHUNK)
        watch.wrote(1000)
        watch.ended(ENTRY)
    told = capsys.readouterr()
    assert "1,234 rows, 1,230 points, 4 in quarantine, 1 differences" in told.err
    assert told.out == ""
    with MigrationProgress(quiet=True) as watch:
        watch.began(CHUNK)
        watch.ended(ENTRY)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("complete", "states", "quarantined", "expected"),
    [
        (True, {"verified": 2}, 0, SUCCESS),
        (True, {"written": 2}, 3, REFUSED),
        (True, {"different": 1, "verified": 1}, 3, DIFFERENT),
        (False, {"written": 1}, 0, INTERRUPTED),
    ],
)
def test_exit_codes(
    complete: bool, states: dict[str, int], quarantined: int, expected: int
) -> None:
    summary = {"states": states, "quarantined": quarantined}
    assert exit_code({"complete": complete, "summary": summary}) == expected
