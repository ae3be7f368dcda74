"""The embedded platform: the template's functions and state machine on one machine (DESIGN 11)."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ons_local import child, store
from ons_local.executions import ExecutionQueue
from ons_local.functions import FunctionPool, Result
from ons_local.gateway import Gateway
from ons_local.instance import ApiKey
from ons_local.jobs import JobQueue
from ons_local.mailbox import Mailbox
from ons_local.memory import resident_bytes
from ons_local.rawdoor import RawDoor
from ons_local.states import StateMachine
from ons_local.storecatchup import StoreCatchUp
from ons_local.template import Template, load_template
from ons_local.zones import places
from ons_platform.config import Settings
from ons_platform.lake.ledger_sqlite import SqliteLedger
from ons_platform.storage import open_storage

PROJECT_TEMPLATE = Path(__file__).parents[2] / "template.yaml"
_FIRST_QUESTION = "TimeseriesQueryProcessorFunction"
_FIRST_COMMAND = "PlatformApiFunction"
_FIRST_FILE = (
    "LambdaRouterFunction",
    "StructuredDataProcessorFunction",
    "InfluxdbLoaderFunction",
    "KnowledgeUpdaterFunction",
)
_EXECUTION_SLOT_WAIT_SECONDS = 3600.0
_LOG_BYTES = 20 * 1024 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """How a platform runs: `workers` executions at once, retry waits times `retry_scale`.

    With `influxdb` it has a time-series store where there can be one.
    """

    data_dir: Path
    template: Path = PROJECT_TEMPLATE
    workers: int = min(4, max(2, os.cpu_count() or 2))
    retry_scale: float = 1.0
    idle_seconds: float = 30.0
    influxdb: bool = True

    @classmethod
    def from_env(cls, data_dir: Path, *, influxdb: bool = True) -> Options:
        """Options of tests and unusual machines come from `ONS_LOCAL_…` variables."""
        environ = os.environ
        return cls(
            data_dir=data_dir.absolute(),
            template=Path(environ.get("ONS_LOCAL_TEMPLATE", PROJECT_TEMPLATE)).absolute(),
            retry_scale=float(environ.get("ONS_LOCAL_RETRY_SCALE", "1")),
            idle_seconds=float(environ.get("ONS_LOCAL_IDLE_SECONDS", "30")),
            influxdb=influxdb,
        )


class Platform:
    """Everything behind the HTTP server; the caller holds the data directory's lock.

    `url` is where the HTTP server will answer: functions are told it for uploads and executions.
    """

    def __init__(self, options: Options, url: str) -> None:
        self._options = options
        self._url = url
        self._began = time.monotonic()
        self._secret = secrets.token_urlsafe(32)
        self._door = secrets.token_urlsafe(32)
        self._scratch = _swept(options.data_dir)
        self.template: Template = load_template(options.template)
        overrides = self._overrides()
        self._settings = Settings.from_env({**self.template.environment, **overrides})
        self._ledger = SqliteLedger(options.data_dir / "ledger.db")
        self._mailbox = Mailbox(options.data_dir / "mailbox.db")
        self.store = store.choose(options.data_dir, os.environ, wanted=options.influxdb)
        spawner = child.Spawner(options.data_dir / "functions.log")
        self._pool = FunctionPool(
            self.template.functions,
            spawner,
            overrides,
            slots=options.workers,
            idle_seconds=options.idle_seconds,
            keep=(_FIRST_QUESTION,),
            told=self.store.environment,
        )
        environment = {**self.template.environment, **overrides}
        self._jobs = JobQueue(spawner, environment, self.template.job)
        self._catch_up = StoreCatchUp(self._settings, self.store, self.invoke)
        self._executions = ExecutionQueue(
            lambda: self._machine, self._ledger, workers=options.workers
        )

    def start(self) -> int:
        """Take up unfinished objects and warm what people use first; returns how many objects.

        Every process of a former start is dead by now, so none holds a lease any more.
        """
        self._ledger.break_leases()
        resumed = self._executions.resume()
        self._warm()
        self.store.start(changed=self._warm)
        self._catch_up.start()
        return resumed

    def gateway(self) -> Gateway:
        """The ASGI application in front of it."""
        raw = RawDoor(
            secret=self._secret,
            bucket=self._settings.raw_bucket,
            raw=open_storage(self._settings.raw_bucket, self._settings),
            ledger=self._ledger,
            executions=self._executions,
            scratch=self._scratch / "uploads",
            limit=self._settings.max_object_bytes,
            arriving=self._warm_ingestion,
        )
        return Gateway(
            self.template,
            pool=self._pool,
            key=ApiKey(self._options.data_dir),
            raw=raw,
            start_execution=self._executions.start,
            door_secret=self._door,
            state=self.state,
        )

    def state(self) -> dict[str, Any]:
        """What `ons status` and `ons doctor` show; memory in bytes, times in seconds."""
        processes = self._pool.processes()
        pids = [os.getpid(), *(pid for group in processes.values() for pid in group)]
        pids += self._jobs.processes()
        influxdb = self.store.state()
        pids += filter(None, [influxdb.get("pid")])
        return {
            "url": self._url,
            "pid": os.getpid(),
            "data_dir": str(self._options.data_dir),
            "uptime_seconds": round(time.monotonic() - self._began, 1),
            "memory_bytes": sum(map(resident_bytes, pids)),
            "functions": {name: len(group) for name, group in processes.items()},
            "jobs": len(self._jobs.processes()),
            "influxdb": influxdb,
            "executions": self._executions.state(),
            "channels": self._mailbox.counts(),
            "messages": self._mailbox.newest(),
        }

    def close(self, grace: float = 5.0) -> bool:
        """Finish what is nearly done and end every child; `True` when nothing was cut short.

        What was cut short is in the ledger and is taken up at the next start.
        """
        self._catch_up.close()
        finished = self._executions.close(grace)
        self._pool.close()
        self._jobs.close()
        self.store.close()
        self._mailbox.close()
        return finished

    def invoke(self, function: str, payload: bytes) -> Result:
        """A task's function call; waits as long as needed for a slot."""
        return self._pool.invoke(function, payload, wait=_EXECUTION_SLOT_WAIT_SECONDS)

    def submit_job(self, name: str, variables: dict[str, str], memory: int | None) -> str:
        """A task's batch job."""
        return self._jobs.submit(name, variables, memory)

    def describe_job(self, job_id: str) -> dict[str, Any]:
        """How a task's batch job stands."""
        return self._jobs.wait(job_id)

    def send(self, channel: str, body: str, subject: str | None) -> str:
        """A task's message to a queue or topic."""
        return self._mailbox.send(channel, body, subject)

    @cached_property
    def _machine(self) -> StateMachine:
        return StateMachine(self.template.definition, self, retry_scale=self._options.retry_scale)

    def _warm(self) -> None:
        threading.Thread(target=self._warm_first, name="warm", daemon=True).start()

    def _warm_first(self) -> None:
        self._pool.warm(_FIRST_COMMAND)
        self._pool.warm(_FIRST_QUESTION)
        self._executions.warm()

    def _warm_ingestion(self) -> None:
        """Import what a file needs while it still arrives."""
        running = self._pool.processes()
        for name in _FIRST_FILE:
            if not running.get(name, [name]):
                threading.Thread(target=self._pool.warm, args=(name,), daemon=True).start()

    def _overrides(self) -> Mapping[str, str]:
        """What functions find here instead of S3, DynamoDB and Step Functions."""
        data = self._options.data_dir
        given = {"ONS_CATALOG_DIR": os.environ.get("ONS_CATALOG_DIR", "")}
        return {
            **{name: value for name, value in given.items() if value},
            **places(data),
            "ONS_EXECUTIONS_URL": f"{self._url}/_executions/{self._door}",
            "ONS_UPLOAD_URL": "http://{host}/raw/{key}?token={token}",
            "ONS_UPLOAD_SECRET": self._secret,
            "ONS_STATE_MACHINE_ARN": "",
            "INFLUXDB_URL": "",
            "ONS_INFLUXDB_TOKEN_SECRET": "",
            "TMPDIR": str(self._scratch / "functions"),
        }


def _swept(data_dir: Path) -> Path:
    """The folder of temporary files, without what a killed process left there or in a bucket."""
    scratch = data_dir / "tmp"
    for left in (scratch, *data_dir.glob("buckets/*/.tmp")):
        shutil.rmtree(left, ignore_errors=True)
    for name in ("uploads", "functions"):
        (scratch / name).mkdir(parents=True)
    log = data_dir / "functions.log"
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return scratch
