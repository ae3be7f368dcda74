from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ons_local.child import Spawner
from ons_local.jobs import OUT_OF_MEMORY, OUT_OF_TIME, JobQueue
from ons_local.template import JobSpec
from ons_platform.errors import NotFound

pytestmark = pytest.mark.usefixtures("code_on_path")


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Callable[..., JobQueue]]:
    made: list[JobQueue] = []

    def make(**limits: Any) -> JobQueue:
        made.append(JobQueue(Spawner(tmp_path / "log"), {}, JobSpec(**limits), "stub_job"))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()


def ended(jobs: JobQueue, job_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (job := jobs.wait(job_id))["status"] == "RUNNING":
        assert time.monotonic() < deadline
    return job


def test_a_job_above_its_memory_is_killed_as_on_fargate(queue):
    jobs = queue()
    greedy = {"JOB_MEGABYTES": "300", "JOB_SECONDS": "60"}
    job = ended(jobs, jobs.submit("a", greedy, memory=200))
    assert (job["status"], job["statusReason"]) == ("FAILED", OUT_OF_MEMORY)
    assert job["container"]["reason"] == OUT_OF_MEMORY
    assert job["container"]["exitCode"] != 0
    assert not jobs.processes()
    fits = {**greedy, "JOB_SECONDS": "0.5"}
    assert ended(jobs, jobs.submit("b", fits, memory=2000))["status"] == "SUCCEEDED"


def test_the_definition_gives_the_memory_a_job_does_not_name(queue):
    jobs = queue(memory=150)
    greedy = {"JOB_MEGABYTES": "300", "JOB_SECONDS": "60"}
    assert ended(jobs, jobs.submit("a", greedy))["statusReason"] == OUT_OF_MEMORY


def test_a_job_above_its_time_is_killed(queue):
    jobs = queue(timeout=0.5)
    job = ended(jobs, jobs.submit("a", {"JOB_SECONDS": "60"}))
    assert (job["status"], job["statusReason"]) == ("FAILED", OUT_OF_TIME)


@pytest.mark.parametrize(("status", "runs"), [("75", 3), ("65", 1), ("0", 1)])
def test_only_transient_ends_are_tried_again(queue, tmp_path, status, runs):
    jobs = queue(attempts=3, retried=frozenset({75}))
    counted = {"JOB_STATUS": status, "JOB_COUNT": str(tmp_path / "runs")}
    job = ended(jobs, jobs.submit("a", counted))
    assert job["container"]["exitCode"] == int(status)
    assert len((tmp_path / "runs").read_text()) == runs


def test_an_unknown_job_is_told(queue):
    with pytest.raises(NotFound):
        queue().wait("nobody")
