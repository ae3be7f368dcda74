from __future__ import annotations

import threading
from pathlib import Path

from ons_local import backfill
from ons_local.backfill import Backfill, Interrupted, preview
from ons_local.backfillplan import Plan, plan
from ons_local.client import NotRunning, Unreachable
from ons_local.uploads import FileResult
from ons_platform.errors import NotFound


class Lake:
    """A platform in memory: what was sent, newest last; `away` requests find nobody."""

    def __init__(self, *, away: int = 0, refused: tuple[str, ...] = ()) -> None:
        self.sent: list[str] = []
        self.newest: dict[str, str] = {}
        self.away = away
        self.refused = refused
        self.clients = 0
        self.lock = threading.Lock()

    def connect(self) -> Connection:
        with self.lock:
            self.clients += 1
        return Connection(self)


class Connection:
    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.wanted: dict[str, dict] = {}

    def post(self, _path: str, body: dict) -> dict:
        with self.lake.lock:
            if self.lake.away > 0:
                self.lake.away -= 1
                raise Unreachable("gone")
        name = body["filename"]
        if "sha256" in body and self.lake.newest.get(name) == body["sha256"]:
            return {"unchanged": True, "key": name, "object": entry(name, "completed")}
        return {"unchanged": False, "key": name, "url": name, "headers": {}}

    def put_file(self, url: str, path: Path, _headers: dict, progress) -> str:
        progress(path.stat().st_size)
        with self.lake.lock:
            self.lake.sent.append(path.read_text())
            if path.name not in self.lake.refused:
                self.lake.newest[url] = backfill.digest(path, "sha256")
        return "v1"

    def get(self, path: str, version_id: str | None = None) -> dict:
        if version_id is None and path != "/health":
            raise NotFound("nothing")
        return entry(path, "failed" if path in self.lake.refused else "completed")

    def object_path(self, key: str) -> str:
        return key

    def close(self) -> None:
        """Nothing to give back."""


def entry(key: str, status: str) -> dict:
    reason = {"error": "MalformedFile", "message": "bad"} if status == "failed" else None
    shown = dict.fromkeys(("rows_read", "rows_written", "rows_flagged", "rows_skipped"), 2)
    return {
        "version": {"key": key, "version_id": "v1"},
        "status": status,
        "execution_id": "e",
        "dataset": "x",
        "partitions": (),
        "reason": reason,
        **shown,
    }


class Notes:
    """A watcher that may press Ctrl-C when a file starts."""

    def __init__(self, press: str = "") -> None:
        self.ends: dict[str, str] = {}
        self.press = press

    def started(self, path: Path, _size: int) -> None:
        if path.name == self.press:
            raise Interrupted("pressed")

    def sent(self, _path: Path, _count: int) -> None: ...

    def waiting(self, _path: Path, _status: str) -> None: ...

    def ended(self, path: Path, result: FileResult) -> None:
        self.ends[path.name] = result.status


def run(lake: Lake, wanted: Plan, notes: Notes | None = None, **options):
    work = Backfill(lake.connect, notes or Notes(), concurrency=2, **options)
    return work.run(wanted)


def test_a_second_run_sends_nothing(made, tmp_path):
    lake, wanted = Lake(), plan(made(tmp_path, "a.csv", "b.csv", "2020-01_b.csv"))
    first = run(lake, wanted).as_dict()
    assert (first["files"], first["statuses"], first["rows"]) == (3, {"completed": 3}, 6)
    assert first["bytes"] == sum(path.stat().st_size for path in wanted.files)
    assert [step["would"] for step in preview(lake.connect(), wanted)] == ["skip, unchanged"] * 3
    second = run(lake, wanted).as_dict()
    assert (second["statuses"], second["rows"], second["bytes"]) == ({"unchanged": 3}, 0, 0)
    assert len(lake.sent) == 3


def test_versions_of_one_key_are_sent_once_each_in_order(made, tmp_path):
    lake, wanted = Lake(), plan(made(tmp_path, "2021/a.csv", "2022/a.csv", "2023/a.csv"))
    run(lake, wanted)
    assert lake.sent == ["2021/a.csv", "2022/a.csv", "2023/a.csv"]
    assert run(lake, wanted).as_dict()["statuses"] == {"unchanged": 3}
    made(tmp_path, "2024/a.csv")
    assert run(lake, plan(tmp_path)).as_dict()["statuses"] == {"completed": 1, "unchanged": 3}
    assert lake.sent[3:] == ["2024/a.csv"]


def test_an_older_snapshot_that_comes_late_does_not_stay_the_newest(made, tmp_path):
    lake = Lake()
    run(lake, plan(made(tmp_path, "a.csv")))
    run(lake, plan(made(tmp_path, "2020-01_a.csv")))
    assert lake.sent == ["a.csv", "2020-01_a.csv", "a.csv"]


def test_one_bad_file_does_not_stop_the_rest(made, tmp_path):
    lake = Lake(refused=("b.csv",))
    summary = run(lake, plan(made(tmp_path, "a.csv", "b.csv", "c.csv")))
    assert [result.status for result in summary.results] == ["completed", "failed", "completed"]
    assert summary.exit_code == 65
    [refused] = summary.as_dict()["refused"]
    assert refused["reason"]["error"] == "MalformedFile"


def test_a_file_that_vanished_is_a_result_too(made, tmp_path):
    wanted = plan(made(tmp_path, "a.csv", "b.csv"))
    (tmp_path / "a.csv").unlink()
    summary = run(Lake(), wanted)
    assert [result.status for result in summary.results] == ["failed", "completed"]
    assert summary.exit_code == 65


def test_a_preview_tells_what_could_not_be_sent(made, tmp_path):
    wanted = plan(made(tmp_path, "a.csv", "b.csv"))
    (tmp_path / "a.csv").unlink()
    first, second = preview(Lake().connect(), wanted)
    assert first["would"].startswith("be refused: No such file")
    assert (first["bytes"], second["would"]) == (0, "send")


def test_a_platform_that_comes_back_is_found_again(made, tmp_path):
    lake = Lake(away=2)
    summary = run(lake, plan(made(tmp_path, "a.csv", "b.csv")))
    assert summary.exit_code == 0
    assert lake.clients >= 2
    assert sorted(lake.sent) == ["a.csv", "b.csv"]


def test_a_platform_that_stays_away_ends_it_for_now(made, tmp_path, monkeypatch):
    monkeypatch.setattr(backfill, "_LOOK_SECONDS", 0.01)
    lake = Lake(away=1000)
    first = [lake.connect()]

    def connect():
        if first:
            return first.pop()
        raise NotRunning("nobody")

    work = Backfill(connect, Notes(), concurrency=2, away_seconds=0.05)
    summary = work.run(plan(made(tmp_path, *(f"{n}.csv" for n in "abcdef"))))
    assert summary.exit_code == 75
    assert {result.reason["error"] for result in summary.refused} == {"Unreachable"}


def test_what_was_interrupted_is_left_for_the_next_run(made, tmp_path):
    lake, notes = Lake(), Notes(press="b.csv")
    summary = run(lake, plan(made(tmp_path, "a.csv", "b.csv")), notes)
    assert summary.exit_code == 130
    assert notes.ends == {"a.csv": "completed"}
