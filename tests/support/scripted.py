"""An HTTP server that answers what a test says: for what no real InfluxDB does on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Script = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers what the test's script says; `/ping` always at once."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        if self.path == "/ping":
            self.answer(204)
        else:
            self.do_POST()

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(self)
        self.server.script(self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    script: Script
    seen: list[Handler]

    def handle_error(self, *_: Any) -> None:
        """Callers that hang up are what is tested."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def scripted() -> Iterator[Server]:
    """A running server; it says hello until it has another script."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        server.script = lambda handler: handler.answer(200, b"hello")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
