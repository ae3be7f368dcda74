"""The Lambda Runtime API, served on a loopback port to one function process.

`GET  /2018-06-01/runtime/invocation/next`            waits for the next event
`POST /2018-06-01/runtime/invocation/{id}/response`   the handler's answer
`POST /2018-06-01/runtime/invocation/{id}/error`      the handler's exception
`POST /2018-06-01/runtime/init/error`                 the module could not be imported
"""

from __future__ import annotations

import json
import queue
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

_PREFIX = "/2018-06-01/runtime/"


@dataclass
class Invocation:
    """One event on its way through a function; `deadline` is in seconds since the epoch."""

    payload: bytes
    arn: str
    deadline: float
    id: str = field(default_factory=lambda: str(uuid4()))
    done: threading.Event = field(default_factory=threading.Event)
    answer: bytes = b""
    failed: bool = False

    def finish(self, answer: bytes, *, failed: bool) -> None:
        """Hand over the outcome; only the first one counts."""
        if not self.done.is_set():
            self.answer, self.failed = answer, failed
            self.done.set()

    def fail(self, error: str, message: str) -> None:
        """Finish with an error in the form the runtime itself reports one."""
        self.finish(json.dumps({"errorType": error, "errorMessage": message}).encode(), failed=True)


class RuntimeServer:
    """The listener of one slot: hands out invocations one at a time."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Invocation | None] = queue.Queue()
        self._current: Invocation | None = None
        self.init_error: bytes = b""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.runtime = self
        threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="runtime-api", daemon=True
        ).start()

    @property
    def address(self) -> str:
        """`host:port`, the value of `AWS_LAMBDA_RUNTIME_API`."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def offer(self, invocation: Invocation) -> None:
        """Give the next invocation to the function process as soon as it asks."""
        self._waiting.put(invocation)

    def close(self) -> None:
        """Stop listening; a process that waits for an event gets none."""
        self._waiting.put(None)
        self._server.shutdown()
        self._server.server_close()

    def next(self) -> Invocation | None:
        """The invocation to run now; `None` when the slot is closing."""
        self._current = self._waiting.get()
        return self._current

    def finish(self, invocation_id: str, answer: bytes, *, failed: bool) -> bool:
        """Take the outcome of the running invocation; `False` when another one runs."""
        current = self._current
        if current is None or current.id != invocation_id:
            return False
        current.finish(answer, failed=failed)
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    runtime: RuntimeServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A function process that dies breaks its connection: that is not the platform's error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}invocation/next":
            return self._answer(404)
        invocation = self.server.runtime.next()
        if invocation is None:
            self.close_connection = True
            return self._answer(410)
        return self._answer(
            200,
            invocation.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.id,
                "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid4().hex[:24]}",
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = self.path.removeprefix(_PREFIX).split("/")
        if parts == ["init", "error"]:
            self.server.runtime.init_error = body
            return self._answer(202)
        if len(parts) != 3 or parts[0] != "invocation" or parts[2] not in ("response", "error"):
            return self._answer(404)
        known = self.server.runtime.finish(parts[1], body, failed=parts[2] == "error")
        return self._answer(202 if known else 400)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Functions log for themselves."""

    def _answer(
        self, status: int, body: bytes = b"{}", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
