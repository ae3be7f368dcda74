"""Lambda functions as child processes: slots started when needed, replaced when they die."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from subprocess import Popen

from ons_local import child
from ons_local.intrinsics import ACCOUNT, REGION
from ons_local.memory import resident_bytes
from ons_local.runtime import Invocation, RuntimeServer
from ons_local.template import FunctionSpec
from ons_platform.errors import NotFound, ServiceUnavailable

_log = logging.getLogger(__name__)
_MIB = 1024 * 1024
_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 0.25
_START_PATIENCE_SECONDS = 1.0
"""Waiting so long for a busy process, or for one that starts, costs less than starting another."""


Variables = Mapping[str, str]
Told = Callable[[str], Variables]


def _told_nothing(package: str) -> Variables:  # noqa: ARG001 - a pool without such variables
    return {}


@dataclass(frozen=True)
class Result:
    """What an invocation gave: the handler's JSON, or with `failed` its error as JSON."""

    payload: bytes
    failed: bool

    @property
    def error(self) -> str:
        """The error's class name, empty when the handler answered."""
        return str(json.loads(self.payload).get("errorType", "")) if self.failed else ""


class FunctionPool:
    """Every function of the template, each with at most `slots` processes.

    `idle_seconds` without work end a process; `keep` names functions whose last process stays.
    `told` gives the variables that may change while the pool runs, by the package of a function's
    handler: a process that was told others serves no further event.
    """

    def __init__(
        self,
        specs: Mapping[str, FunctionSpec],
        spawner: child.Spawner,
        overrides: Variables,
        *,
        slots: int,
        idle_seconds: float = 30.0,
        keep: tuple[str, ...] = (),
        told: Told = _told_nothing,
    ) -> None:
        self._functions = {
            name: _Function(spec, spawner, _environment(spec, overrides), slots, told)
            for name, spec in specs.items()
        }
        self._idle_seconds = idle_seconds
        self._keep = keep
        self._closing = threading.Event()
        threading.Thread(target=self._reap, name="reaper", daemon=True).start()

    def invoke(self, name: str, payload: bytes, *, wait: float) -> Result:
        """Run one event through a function, waiting up to `wait` seconds for a free slot.

        Raises `NotFound` for a name the template does not have and `ServiceUnavailable` when no
        slot is free in time or its process does not start. The handler's own exceptions, its
        timeout (`Sandbox.Timedout`) and its death (`Runtime.ExitError`) are results, as on AWS.
        While the platform closes, callers wait for ever: no failure may be recorded of work that
        was only cut short.
        """
        if name not in self._functions:
            raise NotFound(f"no function {name!r}; the template has {', '.join(self._functions)}")
        try:
            result = self._functions[name].invoke(payload, wait)
        except ServiceUnavailable:
            self._park_when_closing()
            raise
        if result.failed:
            self._park_when_closing()
        return result

    def warm(self, name: str) -> None:
        """Start a process of the function ahead of its first event."""
        if name in self._functions:
            self._functions[name].warm()

    def processes(self) -> dict[str, list[int]]:
        """Process ids of the running slots by function."""
        return {name: function.pids() for name, function in self._functions.items()}

    def close(self) -> None:
        """End every process."""
        self._closing.set()
        for function in self._functions.values():
            function.close()

    def _park_when_closing(self) -> None:
        if self._closing.is_set():
            threading.Event().wait()

    def _reap(self) -> None:
        while not self._closing.wait(min(1.0, self._idle_seconds / 2)):
            for name, function in self._functions.items():
                function.reap(self._idle_seconds, keep=1 if name in self._keep else 0)


class _Function:
    """The slots of one function: free ones on a stack, so that few processes do the work."""

    def __init__(
        self,
        spec: FunctionSpec,
        spawner: child.Spawner,
        environment: Variables,
        slots: int,
        told: Told,
    ) -> None:
        self._spec = spec
        self._spawner = spawner
        self._environment = environment
        self._told = told
        self._package = spec.handler.partition(".")[0]
        self._permits = threading.BoundedSemaphore(slots)
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._free: list[_Slot] = []
        self._all: set[_Slot] = set()

    def invoke(self, payload: bytes, wait: float) -> Result:
        if not self._permits.acquire(timeout=wait):
            raise ServiceUnavailable(f"every process of {self._spec.name} is busy", retry_after=1)
        try:
            slot = self._take()
            result = slot.invoke(payload)
            self._give_back(slot)
            return result
        finally:
            self._permits.release()

    def warm(self) -> None:
        if self._permits.acquire(blocking=False):
            try:
                self._give_back(self._take())
            finally:
                self._permits.release()

    def pids(self) -> list[int]:
        with self._lock:
            return [slot.pid for slot in self._all]

    def reap(self, idle_seconds: float, *, keep: int) -> None:
        with self._lock:
            since = time.monotonic() - idle_seconds
            ended = [slot for slot in self._free if not slot.alive]
            idle = [slot for slot in self._free if slot.alive and slot.used_at < since]
            gone = ended + idle[: max(0, len(self._all) - len(ended) - keep)]
            self._free = [slot for slot in self._free if slot not in gone]
            self._all.difference_update(gone)
        for slot in gone:
            slot.close()

    def close(self) -> None:
        with self._lock:
            slots, self._all, self._free = self._all, set(), []
        closers = [threading.Thread(target=slot.close) for slot in slots]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join()

    def _new_slot(self) -> _Slot:
        return _Slot(self._spec, self._spawner, self._environment, self._told(self._package))

    def _take(self) -> _Slot:
        with self._lock:
            if self._all and not self._free:
                starting = not any(slot.answered for slot in self._all)
                patience = _START_PATIENCE_SECONDS if starting else _PATIENCE_SECONDS
                self._freed.wait_for(lambda: self._free, patience)
            try:
                slot = self._free.pop() if self._free else self._new_slot()
            except OSError as error:
                raise ServiceUnavailable(
                    f"no process for {self._spec.name}: {error.strerror}", retry_after=10
                ) from error
            self._all.add(slot)
        if slot.alive and slot.told == self._told(self._package):
            return slot
        self._drop(slot)
        return self._take()

    def _give_back(self, slot: _Slot) -> None:
        if not slot.alive:
            self._drop(slot)
            return
        with self._lock:
            slot.used_at = time.monotonic()
            self._free.append(slot)
            self._freed.notify()

    def _drop(self, slot: _Slot) -> None:
        with self._lock:
            self._all.discard(slot)
        slot.close()


class _Slot:
    """One function process and the Runtime API it talks to."""

    def __init__(
        self, spec: FunctionSpec, spawner: child.Spawner, environment: Variables, told: Variables
    ) -> None:
        self._spec = spec
        self.told = told
        self._server = RuntimeServer()
        self._process: Popen[bytes] = spawner.start(
            ["awslambdaric", spec.handler],
            {**environment, **told, "AWS_LAMBDA_RUNTIME_API": self._server.address},
        )
        self.used_at = time.monotonic()
        self.answered = False

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def invoke(self, payload: bytes) -> Result:
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self._spec.name}"
        invocation = Invocation(payload, arn, time.time() + self._spec.timeout)
        self._server.offer(invocation)
        deadline = time.monotonic() + self._spec.timeout
        look = 0.0
        while not invocation.done.wait(0.05):
            now = time.monotonic()
            if not self.alive:
                self._report_death(invocation)
            elif now > deadline:
                child.stop(self._process, grace=0)
                invocation.fail(
                    "Sandbox.Timedout", f"Task timed out after {self._spec.timeout} seconds"
                )
            elif now > look:
                look = now + _LOOK_SECONDS
                self._limit_memory(invocation)
        self.answered = True
        return Result(invocation.answer, invocation.failed)

    def close(self) -> None:
        child.stop(self._process)
        self._server.close()

    def _limit_memory(self, invocation: Invocation) -> None:
        """Lambda kills a process above its memory size; so does this."""
        if resident_bytes(self._process.pid) > self._spec.memory * _MIB:
            child.stop(self._process, grace=0)
            invocation.fail(
                "Runtime.ExitError",
                f"Runtime exited with error: signal: killed; it used more than {self._spec.memory} "
                "MB of memory",
            )

    def _report_death(self, invocation: Invocation) -> None:
        if self._server.init_error:
            invocation.finish(self._server.init_error, failed=True)
        else:
            code = self._process.returncode
            invocation.fail("Runtime.ExitError", f"the function process ended with status {code}")
        _log.warning("%s: its process ended (%s)", self._spec.name, self._process.returncode)


def _environment(spec: FunctionSpec, overrides: Variables) -> dict[str, str]:
    """The variables a function sees on AWS; the credentials of whoever started us are kept out."""
    return {
        **child.inherited(),
        **spec.environment,
        **overrides,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "LAMBDA_TASK_ROOT": str(spec.code),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(spec.code), os.environ.get("PYTHONPATH")])),
        "_HANDLER": spec.handler,
        "TZ": "UTC",
    }
