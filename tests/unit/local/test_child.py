from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ons_local import child
from ons_local.memory import resident_bytes

PARENT = """
import os, sys, time
from pathlib import Path
from ons_local.child import Spawner
process = Spawner(Path(sys.argv[1])).start(["stub_job"], {**os.environ, "JOB_SECONDS": "60"})
print(process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.usefixtures("code_on_path")
def test_a_child_dies_with_its_parent(tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        assert resident_bytes(pid) > 0
        parent.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert resident_bytes(pid) == 0


@pytest.mark.usefixtures("code_on_path")
def test_a_child_whose_parent_is_gone_does_not_start(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "ons_local.child", "stub_job"],
        env={**os.environ, child.PARENT: "1"},
        check=False,
    )
    assert done.returncode == 1


def test_stopping_one_that_does_not_listen():
    ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code = f"{ignore}; print(1, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    process.stdout.readline()
    child.stop(process, grace=0.1)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    child.stop(process)
