"""Batch jobs as child processes: `python -m document_extractor` with the job's environment."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from subprocess import Popen, TimeoutExpired
from typing import Any
from uuid import uuid4

from ons_local import child
from ons_platform.errors import NotFound

_POLL_SECONDS = 5.0


@dataclass
class _Job:
    name: str
    process: Popen[bytes]


class JobQueue:
    """Runs submitted jobs, as many at once as executions ask for.

    `environment` is what the job definition gives the container; a job's own variables come on top.
    """

    def __init__(
        self,
        spawner: child.Spawner,
        environment: Mapping[str, str],
        module: str = "document_extractor",
    ) -> None:
        self._spawner = spawner
        self._environment = environment
        self._module = module
        self._jobs: dict[str, _Job] = {}
        self._closing = threading.Event()

    def submit(self, name: str, variables: Mapping[str, str]) -> str:
        """Start a job and return its id."""
        kept_out = ("AWS_", "ONS_")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(kept_out)}
        process = self._spawner.start(
            [self._module], {**inherited, **self._environment, "TZ": "UTC", **variables}
        )
        job_id = str(uuid4())
        self._jobs[job_id] = _Job(name, process)
        return job_id

    def wait(self, job_id: str) -> dict[str, Any]:
        """The job as AWS Batch describes it; waits a few seconds for it to end.

        Raises `NotFound` for an unknown id. While the platform closes, callers wait for ever: a job
        that was only cut short has not failed.
        """
        if job_id not in self._jobs:
            raise NotFound(f"no job {job_id!r}")
        job = self._jobs[job_id]
        try:
            code = job.process.wait(_POLL_SECONDS)
        except TimeoutExpired:
            return {"jobId": job_id, "jobName": job.name, "status": "RUNNING"}
        if code and self._closing.is_set():
            threading.Event().wait()
        return {
            "jobId": job_id,
            "jobName": job.name,
            "status": "FAILED" if code else "SUCCEEDED",
            "container": {"exitCode": code},
        }

    def processes(self) -> list[int]:
        """Process ids of the jobs that run."""
        return [job.process.pid for job in self._jobs.values() if job.process.poll() is None]

    def close(self) -> None:
        """End every job that runs."""
        self._closing.set()
        for job in self._jobs.values():
            child.stop(job.process)
