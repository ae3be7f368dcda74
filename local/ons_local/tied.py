"""A program that never outlives the platform.

Run as `python -m ons_local.tied PROGRAM [ARGUMENT…]`: ties the process to its parent, then becomes
the program. The parent's process id comes in `ONS_PARENT_PID`. The signal of the parent's death is
SIGKILL, which a stopped process obeys too: for programs that take no harm from it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

from ons_local.child import PARENT, PR_SET_PDEATHSIG

_WATCH_SECONDS = 1.0


def main() -> None:
    """Tie this process to its parent and become the program named on the command line."""
    parent = int(os.environ.pop(PARENT))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        _guard(parent)
    if os.getppid() != parent:
        sys.exit(1)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - a program of ours, without a shell


def _guard(parent: int) -> None:
    """Where there is no death signal, a second process kills this one within a second or two."""
    guarded = os.getpid()
    if os.fork():
        return
    while os.getppid() == guarded:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os.kill(guarded, signal.SIGKILL)
        time.sleep(_WATCH_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main()
