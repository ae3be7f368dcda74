from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from ons_local import child

SLEEP = shutil.which("sleep")
PARENT = """
import os, subprocess, sys, time
environment = {**os.environ, "ONS_PARENT_PID": str(os.getpid())}
process = subprocess.Popen([sys.executable, *sys.argv[1:]], env=environment)
print(process.pid, flush=True)
time.sleep(60)
"""
WITHOUT_DEATH_SIGNAL = f"""
import sys
sys.platform = "elsewhere"
sys.argv = ["tied", {SLEEP!r}, "60"]
from ons_local import tied
tied.main()
"""


def _becomes(pid: int, program: str) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0] != program:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _ends(pid: int) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _dies_with_its_parent(*arguments: str) -> None:
    command = [sys.executable, "-c", PARENT, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        _becomes(pid, SLEEP)
        parent.kill()
    _ends(pid)


def test_a_program_dies_with_its_parent():
    _dies_with_its_parent("-m", "ons_local.tied", SLEEP, "60")


def test_a_program_dies_with_its_parent_where_there_is_no_death_signal():
    _dies_with_its_parent("-c", WITHOUT_DEATH_SIGNAL)


def test_a_program_whose_parent_is_gone_does_not_start():
    done = subprocess.run(
        [sys.executable, "-m", "ons_local.tied", SLEEP, "60"],
        env={**os.environ, child.PARENT: "1"},
        check=False,
    )
    assert done.returncode == 1


def test_a_spawner_starts_programs_too(tmp_path):
    spawner = child.Spawner(tmp_path / "log")
    process = spawner.run(["/bin/sh", "-c", "echo said; exec sleep 60"], dict(os.environ))
    _becomes(process.pid, "sleep")
    child.stop(process)
    spawner.close()
    assert (tmp_path / "log").read_text() == "said\n"
