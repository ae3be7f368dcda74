from __future__ import annotations

import json
from typing import Any

import pytest

from migrating import GENERATION, Stage, hours
from ons_platform.config import Settings
from ons_platform.errors import InvalidRequest, StoreUnavailable
from ons_platform.timeseries.migration.chunks import Chunk, Size
from ons_platform.timeseries.migration.driving import LoggedWatch, Request, drive, open_parts
from ons_platform.timeseries.migration.journal import Entry, State
from ons_platform.timeseries.migration.oldsql import TABLES


def test_a_request_has_defaults() -> None:
    asked = Request.read({"action": "run"})
    assert (asked.tables, asked.size, asked.chunks) == (TABLES, Size.MONTH, None)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "action"),
        ({"action": "drop"}, "action"),
        ({"action": "run", "tables": ["weather"]}, "tables.0"),
        ({"action": "run", "from": "2024-01-01T00:00:00"}, "from"),
        ({"action": "run", "sql": "DROP"}, "sql"),
        ({"action": "run", "chunks": [{"table": "x"}]}, "chunks.0.table"),
    ],
)
def test_what_does_not_fit_is_named(event: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Request.read(event)
    assert field in {item["field"] for item in caught.value.where["details"]}


def test_without_a_new_store_there_is_nothing_to_do() -> None:
    with pytest.raises(StoreUnavailable, match="INFLUXDB_URL"):
        open_parts(Settings(), LoggedWatch(), lambda: False)


@pytest.mark.influxdb
def test_every_step_is_done_as_asked(stage: Stage) -> None:
    stage.old.add(GENERATION, hours("2024-05-20", 24))

    def step(**asked: Any) -> Any:
        return json.loads(json.dumps(drive(stage.parts, Request.read(asked))))

    [planned] = step(action="plan")["chunks"]
    assert planned["state"] == "planned"
    done = step(action="run")
    assert done["summary"]["points"] == 48
    again = step(action="run", chunks=[{k: planned[k] for k in ("table", "from", "to")}])
    assert again["summary"]["states"] == {"written": 1}
    assert step(action="verify")["summary"]["states"] == {"verified": 1}
    assert step(action="report")["ok"]
    assert step(action="sync")["complete"]
    assert step(action="rollback")["summary"]["states"] == {"rolled_back": 2}
    assert step(action="decommission-check")["ok"] is False


def test_each_chunk_is_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    chunk = Chunk.named(GENERATION, "20240101T000000Z_20240201T000000Z")
    watch = LoggedWatch()
    watch.planned(1)
    watch.began(chunk)
    watch.wrote(5)
    watch.ended(Entry(chunk, State.WRITTEN, rows=7, points=5, refused={"conflict": 2}))
    _, began, ended = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert began["event"] == "migration.chunk_began"
    assert ended["event"] == "migration.chunk"
    figures = (ended["table"], ended["state"], ended["rows"], ended["points"], ended["quarantined"])
    assert figures == (GENERATION, "written", 7, 5, 2)
