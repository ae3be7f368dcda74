"""A migration by real processes: the command and the function, killed, stopped and begun again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from influx import Influx
from migrating import GENERATION, NOW, Stage, hours, staged
from ons_platform.config import settings
from timeseries_migrator.handler import lambda_handler
from timestream import multi

pytestmark = pytest.mark.influxdb
CONSUMPTION, TRANSMISSION = "consumption_data", "transmission_data"
GENERATED = 24 * 70 * 3
ALL = GENERATED + 24 * 40
CHUNKS = 3 + 3
STATES = ("written", "verified")
COMMAND = [sys.executable, "-m", "ons_local", "migrate"]


@pytest.fixture
def stage(influx_server: Influx, tmp_path: Path) -> Iterator[Stage]:
    """Seventy days of two tables, and points of somebody else."""
    with staged(influx_server, tmp_path, NOW, page_rows=200) as made:
        made.old.add(GENERATION, hours("2024-03-01", 24 * 70, regions=("southeast", "sul", "N")))
        made.old.add(CONSUMPTION, hours("2024-03-01", 24 * 40, kind="load", regions=("nordeste",)))
        foreign = b"generation_data,dataset=geracao-usina-2,region=SE power_mw=1 1704067200000000"
        made.client.write(GENERATION, foreign)
        yield made


def start(stage: Stage, *words: str) -> subprocess.Popen[str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
    return subprocess.Popen(
        [*COMMAND, *words],
        env={**kept, **stage.environment},
        cwd=stage.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(stage: Stage, *words: str, code: int = 0) -> Any:
    """The command's JSON."""
    process = start(stage, *words, "--json")
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    return json.loads(out)


def foreign(stage: Stage) -> int:
    return stage.count('r.dataset == "geracao-usina-2"')


def test_the_whole_way_by_the_command(stage: Stage) -> None:
    planned = ran(stage, "plan", "--to", "2024-06-01")["chunks"]
    assert len(planned) == CHUNKS
    previewed = ran(stage, "run", "--dry-run", "--to", "2024-06-01")["chunks"]
    assert sum(chunk["points"] for chunk in previewed) == ALL
    assert stage.count() == 0
    done = ran(stage, "run", "--to", "2024-06-01")
    assert done["complete"]
    assert done["summary"]["points"] == ALL
    assert stage.count() == GENERATED
    assert ran(stage, "report", code=1)["states"] == {"written": CHUNKS}
    assert ran(stage, "decommission-check", code=1)["reasons"][0]["reason"] == "not_verified"
    assert ran(stage, "verify")["summary"]["states"] == {"verified": CHUNKS}
    assert ran(stage, "report")["ok"]
    assert ran(stage, "decommission-check")["ok"]
    taken = ran(stage, "rollback", "--yes", "--tables", GENERATION)
    assert taken["summary"]["states"] == {"rolled_back": 3}
    assert (stage.count(), foreign(stage)) == (0, 1)
    assert stage.count(table=CONSUMPTION) == 24 * 40


def test_killed_in_the_middle_it_goes_on_and_nothing_is_lost_or_doubled(stage: Stage) -> None:
    stage.old.pages_before_silence = 33
    process = start(stage, "run", "--to", "2024-06-01", "--json")
    assert stage.old.silent.wait(60)
    part = stage.count()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    stage.old.pages_before_silence = None
    stage.old.go_on.set()
    states = [entry.state.value for entry in stage.parts.journal.all()]
    assert states == ["written", "writing"]
    assert 31 * 24 * 3 < part < GENERATED
    done = ran(stage, "run", "--to", "2024-06-01")
    assert done["summary"]["points"] == ALL
    assert (stage.count(), foreign(stage)) == (GENERATED, 1)
    attempts = [entry.attempts for entry in stage.parts.journal.all()]
    assert sorted(attempts) == [1] * (CHUNKS - 1) + [2]
    assert ran(stage, "verify")["summary"]["states"] == {"verified": CHUNKS}


def test_ctrl_c_ends_after_the_batch_under_way(stage: Stage) -> None:
    stage.old.pages_before_silence = 33
    process = start(stage, "run", "--to", "2024-06-01", "--json")
    assert stage.old.silent.wait(60)
    process.send_signal(signal.SIGINT)
    stage.old.pages_before_silence = None
    stage.old.go_on.set()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    result = json.loads(out)
    assert result["complete"] is False
    assert len(result["remaining"]) == CHUNKS - 1
    assert ran(stage, "run", "--to", "2024-06-01")["complete"]


def test_a_sync_keeps_up_until_it_is_told_to_stop(stage: Stage) -> None:
    """With rows that come late and rows that are new, of the day the test runs."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    stage.old.add(TRANSMISSION, hours(f"{today:%Y-%m-%d}", 2, kind="exchange_flow"))
    ran(stage, "run", "--tables", TRANSMISSION, "--from", f"{today:%Y-%m-01}", "--to", _next(today))
    process = start(stage, "sync", "--tables", TRANSMISSION, "--every", "0.1", "--json")
    stage.old.add(TRANSMISSION, [multi(f"{today:%Y-%m-%d} 00:00:30", "losses", "N", 3.0)])
    wait_for(lambda: stage.count(table=TRANSMISSION) == 5)
    stage.old.add(TRANSMISSION, hours(f"{today:%Y-%m-%d}", 1, kind="exchange", regions=("NE",)))
    wait_for(lambda: stage.count(table=TRANSMISSION) == 6)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert ran(stage, "verify", "--tables", TRANSMISSION)["summary"]["states"]["verified"]


def _next(day: datetime) -> str:
    return f"{datetime.fromtimestamp(day.timestamp() + 86_400, UTC):%Y-%m-%d}"


def wait_for(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_quarantine_and_differences_have_exit_codes(stage: Stage) -> None:
    stage.old.add(GENERATION, [multi("2024-03-05 00:00:00", "weather", "SE", 1.0)])
    first = ran(stage, "run", "--to", "2024-04-01", "--tables", GENERATION, code=65)
    assert first["summary"]["attention"][0]["refused"] == {"unknown_measurement_type": 1}
    stage.old.execute("UPDATE ons_energy_data.generation_data SET value = 1 WHERE value = 100")
    found = ran(stage, "verify", code=1)
    assert found["summary"]["attention"][0]["differences"]


def test_without_a_new_store_it_says_what_to_set(stage: Stage) -> None:
    kept = {k: v for k, v in stage.environment.items() if k != "INFLUXDB_URL"}
    environment = {"PATH": os.environ["PATH"], **kept}
    told = subprocess.run(
        [*COMMAND, "plan"], env=environment, cwd=stage.folder, capture_output=True, text=True
    )
    assert told.returncode == 75
    assert "INFLUXDB_URL" in told.stderr


@dataclass
class Context:
    """An invocation of which so many looks at the clock still have time."""

    looks: int

    def get_remaining_time_in_millis(self) -> int:
        self.looks -= 1
        return 900_000 if self.looks >= 0 else 1000


@pytest.fixture
def invoked(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """The function in this process."""
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()

    def invoke(looks: int = 10_000, **event: Any) -> Any:
        return json.loads(json.dumps(lambda_handler(event, Context(looks))))

    yield invoke
    settings.cache_clear()


def test_the_function_goes_on_where_its_time_ended(
    stage: Stage, invoked: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"action": "run", "to": "2024-06-01T00:00:00Z"}
    answer = invoked(looks=5, **asked)
    calls = 1
    while not answer["complete"]:
        answer = invoked(looks=5, action="run", chunks=answer["remaining"])
        calls += 1
    assert calls > 2
    assert stage.count() == GENERATED
    assert invoked(action="verify")["summary"]["states"] == {"verified": CHUNKS}
    assert invoked(action="report")["ok"]
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ended = [line for line in logged if line["event"] == "migration.chunk"]
    rows = {
        state: sum(line["rows"] for line in ended if line["state"] == state) for state in STATES
    }
    assert rows == {"written": ALL, "verified": ALL}
    assert all(line["cost"]["bytes_metered"] > 0 for line in ended)


def test_too_little_time_for_one_chunk_is_an_error(invoked: Callable[..., Any]) -> None:
    with pytest.raises(Exception, match="plan it by day"):
        invoked(looks=1, action="run", to="2024-06-01T00:00:00Z")


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"action": "drop"},
        {"action": "run", "tables": ["weather"]},
        {"action": "run", "from": "yesterday"},
        {"action": "run", "from": "2024-01-01T00:00:00"},
        {"action": "run", "sql": "DROP TABLE"},
    ],
)
def test_what_is_no_step_is_refused(invoked: Callable[..., Any], event: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="not a step of a migration"):
        invoked(**event)
