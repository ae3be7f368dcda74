from __future__ import annotations

import asyncio
import hashlib
import time

import pytest

from ons_local.executions import ExecutionQueue
from ons_local.rawdoor import RawDoor
from ons_local.states import Ended
from ons_platform.api.uploadtoken import sign
from ons_platform.errors import PayloadTooLarge, Unauthorized
from ons_platform.lake.ledger_sqlite import SqliteLedger
from ons_platform.storage import Storage

SECRET = "s"


class Machine:
    def __init__(self) -> None:
        self.events: list[dict] = []

    def run(self, _, event):
        self.events.append(event)
        return Ended("SUCCEEDED")


@pytest.fixture
def parts(tmp_path):
    ledger = SqliteLedger(tmp_path / "ledger.db")
    machine = Machine()
    executions = ExecutionQueue(lambda: machine, ledger, workers=1)
    (tmp_path / "tmp").mkdir()
    raw = Storage(f"file://{tmp_path}/buckets/raw")
    door = RawDoor(
        secret=SECRET,
        bucket="raw",
        raw=raw,
        ledger=ledger,
        executions=executions,
        scratch=tmp_path / "tmp",
        limit=3 * 1024 * 1024,
        arriving=lambda: None,
    )
    yield door, raw, ledger, machine, tmp_path / "tmp"
    executions.close(1)
    ledger.close()


def put(door, key, *pieces, declared=None, token=None):
    async def chunks():
        for piece in pieces:
            yield piece

    token = sign(SECRET, key, int(time.time()) + 60) if token is None else token
    return asyncio.run(door.put(key, token, declared, chunks()))


@pytest.mark.parametrize("key", ["year=2023/a.csv", "../../etc/passwd", "é %2F\x01/..", "a" * 900])
def test_any_key_is_stored_whole_inside_and_started(parts, key):
    door, raw, ledger, machine, scratch = parts
    body = b"x" * (1024 * 1024) + b"y"
    version = put(door, key, body[:10], body[10:])
    assert raw.get_bytes(key, version.version_id) == body
    assert version.size == len(body)
    assert version.etag == hashlib.md5(body).hexdigest()
    assert ledger.get(key, version.version_id).status == "received"
    deadline = time.monotonic() + 10
    while not machine.events:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert machine.events[0]["detail"]["object"]["key"] == key
    assert not list(scratch.iterdir())


def test_versions_of_a_key_are_in_order_even_if_the_clock_is_not(parts):
    door, _, ledger, *_ = parts
    first = put(door, "k", b"1")
    late = type(first)(**{**vars(first), "version_id": "z", "sequencer": "7" * 16})
    ledger.receive(late)
    assert put(door, "k", b"2").rank > late.rank > first.rank


def test_limits_and_tokens(parts):
    door, _, ledger, machine, scratch = parts
    with pytest.raises(PayloadTooLarge):
        put(door, "k", declared=3 * 1024 * 1024 + 1)
    with pytest.raises(PayloadTooLarge):
        put(door, "k", *[b"x" * 1024 * 1024] * 4)
    with pytest.raises(Unauthorized):
        put(door, "k", b"x", token=sign("other", "k", 9_999_999_999))
    assert ledger.entries() == []
    assert not machine.events
    assert not list(scratch.iterdir())
