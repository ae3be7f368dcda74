"""Batch jobs as child processes: `python -m document_extractor` with the job's environment."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from subprocess import Popen, TimeoutExpired
from typing import Any
from uuid import uuid4

from ons_local import child
from ons_local.memory import resident_bytes
from ons_local.template import JobSpec
from ons_platform.errors import NotFound

_POLL_SECONDS = 5.0
_LOOK_SECONDS = 0.2
_MIB = 1024 * 1024
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
OUT_OF_TIME = "Job attempt duration exceeded timeout"
"""What AWS Batch says of a job it killed."""


@dataclass
class _Job:
    """`memory` in MiB; `reason` when it was killed for using more or for taking too long."""

    name: str
    environment: Mapping[str, str]
    memory: int
    process: Popen[bytes]
    attempts: int = 1
    began: float = field(default_factory=time.monotonic)
    reason: str = ""


class JobQueue:
    """Runs submitted jobs, as many at once as executions ask for, within the limits of `spec`.

    `environment` is what the job definition gives the container; a job's own variables come on top.
    """

    def __init__(
        self,
        spawner: child.Spawner,
        environment: Mapping[str, str],
        spec: JobSpec,
        module: str = "document_extractor",
    ) -> None:
        self._spawner = spawner
        self._environment = environment
        self._spec = spec
        self._module = module
        self._jobs: dict[str, _Job] = {}
        self._closing = threading.Event()

    def submit(self, name: str, variables: Mapping[str, str], memory: int | None = None) -> str:
        """Start a job with so many MiB of memory, else those of its definition; return its id."""
        environment = {**child.inherited(), **self._environment, "TZ": "UTC", **variables}
        job_id = str(uuid4())
        limit = memory or self._spec.memory
        self._jobs[job_id] = _Job(name, environment, limit, self._start(environment))
        return job_id

    def wait(self, job_id: str) -> dict[str, Any]:
        """The job as AWS Batch describes it; waits a few seconds for it to end.

        Raises `NotFound` for an unknown id. While the platform closes, callers wait for ever: a job
        that was only cut short has not failed.
        """
        if job_id not in self._jobs:
            raise NotFound(f"no job {job_id!r}")
        job = self._jobs[job_id]
        code = self._ended(job)
        if code is None:
            return {"jobId": job_id, "jobName": job.name, "status": "RUNNING"}
        if code and self._closing.is_set():
            threading.Event().wait()
        return {
            "jobId": job_id,
            "jobName": job.name,
            "status": "FAILED" if code else "SUCCEEDED",
            "statusReason": job.reason or "Essential container in task exited",
            "container": {"exitCode": code, "reason": job.reason},
        }

    def processes(self) -> list[int]:
        """Process ids of the jobs that run."""
        return [job.process.pid for job in self._jobs.values() if job.process.poll() is None]

    def close(self) -> None:
        """End every job that runs."""
        self._closing.set()
        for job in self._jobs.values():
            child.stop(job.process)

    def _start(self, environment: Mapping[str, str]) -> Popen[bytes]:
        return self._spawner.start([self._module], environment)

    def _ended(self, job: _Job) -> int | None:
        """The exit code, once there is one that is not tried again; None after some seconds."""
        until = time.monotonic() + _POLL_SECONDS
        while time.monotonic() < until:
            try:
                code = job.process.wait(_LOOK_SECONDS)
            except TimeoutExpired:
                self._limit(job)
                continue
            again = code in self._spec.retried and job.attempts < self._spec.attempts
            if not again or job.reason or self._closing.is_set():
                return code
            job.attempts += 1
            job.began = time.monotonic()
            job.process = self._start(job.environment)
        return None

    def _limit(self, job: _Job) -> None:
        """Kill it when it takes more than it was given."""
        if resident_bytes(job.process.pid) > job.memory * _MIB:
            job.reason = OUT_OF_MEMORY
        elif time.monotonic() - job.began > self._spec.timeout:
            job.reason = OUT_OF_TIME
        if job.reason:
            child.stop(job.process, grace=0)
