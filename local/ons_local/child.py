"""A child process that never outlives the platform.

Run as `python -m ons_local.child MODULE [ARGUMENT…]`: ties the process to its parent, then runs the
module as `python -m MODULE` would. The parent's process id comes in `ONS_PARENT_PID`.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen

PARENT = "ONS_PARENT_PID"
PR_SET_PDEATHSIG = 1
_NOT_INHERITED = ("AWS_", "INFLUX", "ONS_")
_WATCH_SECONDS = 1.0


class Spawner:
    """Starts child processes from one long-lived thread.

    Linux sends the parent-death signal when the *thread* that started a child ends, so no
    short-lived thread may start one.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

    def start(self, module: Sequence[str], environment: Mapping[str, str]) -> Popen[bytes]:
        """Start `python -m module…` in its own session, its output appended to the log file."""
        launched = ["ons_local.child", *module]
        return self._thread.submit(self._start, launched, environment).result()

    def run(self, program: Sequence[str], environment: Mapping[str, str]) -> Popen[bytes]:
        """Start a program that is no Python module in the same way; see `ons_local.tied`."""
        launched = ["ons_local.tied", *program]
        return self._thread.submit(self._start, launched, environment).result()

    def close(self) -> None:
        """End the thread, after its children: Linux would take it for their parent's death."""
        self._thread.shutdown()

    def _start(self, launched: Sequence[str], environment: Mapping[str, str]) -> Popen[bytes]:
        with self._log.open("ab") as log:
            return Popen(  # noqa: S603 - our own interpreter and modules
                [sys.executable, "-P", "-m", *launched],
                env={**environment, PARENT: str(os.getpid())},
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                start_new_session=True,
            )


def inherited() -> dict[str, str]:
    """Our own variables without those that lead to somebody's account, server or settings."""
    return {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}


def stop(process: Popen[bytes], grace: float = 2.0) -> None:
    """End a child: SIGTERM, then SIGKILL after `grace` seconds; reaps it."""
    if process.poll() is None:
        process.terminate()
        deadline = time.monotonic() + grace
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if process.poll() is None:
            process.kill()
    process.wait()


def main() -> None:
    """Tie this process to its parent and become the module named on the command line."""
    _follow(int(os.environ.pop(PARENT)))
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _follow(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    """Where there is no death signal, or a handler swallowed it, notice within a second or two."""
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    time.sleep(_WATCH_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
