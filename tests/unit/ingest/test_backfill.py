"""What a backfill does with one object of the raw zone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ons_platform.ingest.backfill import execution_name, next_step
from ons_platform.lake.ledger import ObjectVersion, Status

KEY = "year=2023/CURVA_CARGA_2023.csv"


def step(room: Any, key: str = KEY, run: str = "run-1") -> dict[str, Any]:
    return next_step(key, run, bucket="raw", ledger=room.ledger, raw=room.storage("raw"))


def test_an_object_nobody_announced_gets_an_event_of_its_own(room: Any) -> None:
    room.storage("raw").put_version(KEY, b"a;b\n")
    started = step(room)
    assert started["action"] == "start"
    version = ObjectVersion.from_event(started["event"])
    assert (version.key, version.size) == (KEY, 4)
    assert re.fullmatch("00[0-9A-F]{16}", version.sequencer)
    assert started["event"]["detail"]["reason"] == "Backfill"


def test_its_place_among_versions_is_when_it_was_written(room: Any) -> None:
    room.storage("raw").put_version(KEY, b"a;b\n")
    version = ObjectVersion.from_event(step(room)["event"])
    written = int(room.storage("raw").head(KEY).modified)
    before = f"00{written - 1:08X}F2EFDDB8A8"
    after = f"00{written + 1:08X}00112233AA"
    assert before < version.sequencer < after


def test_an_announced_object_keeps_its_sequencer(room: Any) -> None:
    version = room.put("CURVA_CARGA_2023.csv", "a;b\n1;2\n")
    room.ledger.receive(version)
    started = step(room, version.key)
    assert ObjectVersion.from_event(started["event"]) == version


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.SUPERSEDED])
def test_what_is_in_the_lake_is_skipped(room: Any, status: Status) -> None:
    version = room.put("CURVA_CARGA_2023.csv", "a;b\n1;2\n")
    room.ledger.update(version, status=status)
    assert step(room, version.key) == {"action": "skip", "reason": status.value}


@pytest.mark.parametrize("status", [Status.FAILED, Status.RECEIVED, Status.PROCESSING])
def test_anything_else_is_ingested(room: Any, status: Status) -> None:
    version = room.put("CURVA_CARGA_2023.csv", "a;b\n1;2\n")
    room.ledger.update(version, status=status)
    assert step(room, version.key)["action"] == "start"


def test_the_name_changes_with_run_object_and_attempt_only(room: Any) -> None:
    version = room.put("CURVA_CARGA_2023.csv", "a;b\n1;2\n")
    room.ledger.receive(version)
    first = step(room, version.key)["name"]
    assert step(room, version.key)["name"] == first
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", first)
    assert step(room, version.key, "run-2")["name"] != first
    room.ledger.update(version, attempts=1)
    assert step(room, version.key)["name"] != first
    assert execution_name("run-1", room.put("B.csv", "x"), 0) != first


def test_what_is_no_object_is_skipped(room: Any) -> None:
    assert step(room, "year=2023/") == {"action": "skip", "reason": "folder"}
    assert step(room, "year=2023/nope.csv") == {"action": "skip", "reason": "gone"}
