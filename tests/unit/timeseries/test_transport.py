"""HTTP as it may go wrong: an answer that breaks off, none at all, a connection that was closed."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ons_platform.errors import InvalidRequest, StoreDenied, StoreUnavailable
from ons_platform.timeseries.breaker import Breaker, State
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.retry import Policy
from ons_platform.timeseries.transport import (
    Call,
    Silent,
    Slow,
    TooLarge,
    Transport,
    Unreachable,
)

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


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        server.script = lambda handler: handler.answer(200, b"hello")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def transport(server: Server) -> Iterator[Transport]:
    with closing(Transport(server.url)) as transport:
        yield transport


def test_connections_are_kept(server: Server, transport: Transport) -> None:
    for _ in range(5):
        assert transport.send(Call("GET", "/x", {"a": "b c&d"})).body == b"hello"
    assert len({handler.client_address for handler in server.seen}) == 1
    assert server.seen[0].path == "/x?a=b+c%26d"


def test_a_kept_connection_that_was_closed_is_replaced(
    server: Server, transport: Transport
) -> None:
    def hang_up(handler: Handler) -> None:
        handler.answer(200, b"hello")
        handler.close_connection = True

    server.script = hang_up
    for _ in range(20):
        assert transport.send(Call("GET", "/x")).status == 200


def test_bodies_are_packed_on_their_way_out_only(server: Server, transport: Transport) -> None:
    transport.send(Call("POST", "/x", body=b"plain " * 100))
    assert server.seen[-1].body == b"plain " * 100
    # 0.0.0.0 is no loopback address, but leads here
    with closing(Transport(f"http://0.0.0.0:{server.server_port}/influx/")) as far:
        far.send(Call("POST", "/x", body=b"packed " * 100))
    assert gzip.decompress(server.seen[-1].body) == b"packed " * 100
    assert server.seen[-1].headers["Content-Encoding"] == "gzip"
    assert server.seen[-1].path == "/influx/x"


def test_an_answer_may_be_too_large(server: Server, transport: Transport) -> None:
    server.script = lambda handler: handler.answer(200, b"x" * 1000)
    with pytest.raises(TooLarge):
        transport.send(Call("GET", "/x", max_bytes=999))
    assert len(transport.send(Call("GET", "/x", max_bytes=1000)).body) == 1000


def test_half_an_answer_is_none(server: Server, transport: Transport) -> None:
    def breaks_off(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"5\r\nhello\r\n")
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    server.script = breaks_off
    with pytest.raises(Unreachable):
        transport.send(Call("GET", "/x"))


def test_a_slow_answer_of_a_server_that_lives(server: Server, transport: Transport) -> None:
    end = threading.Event()

    def waits(handler: Handler) -> None:
        end.wait(1.2 if handler.path == "/wait" else 60)
        handler.answer(200, b"at last")

    server.script = waits
    assert transport.send(Call("GET", "/wait", timeout=30.0)).body == b"at last"
    for seconds in (0.1, 0.9):
        with pytest.raises(Slow):
            transport.send(Call("GET", "/never", timeout=seconds))
    end.set()


def test_a_slow_trickle_ends_at_the_deadline(server: Server, transport: Transport) -> None:
    end = threading.Event()

    def trickles(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while not end.wait(0.05):
            handler.wfile.write(b"5\r\nhello\r\n")
            handler.wfile.flush()

    server.script = trickles
    with pytest.raises(Slow):
        transport.send(Call("GET", "/x", timeout=0.6))
    end.set()


def test_nobody_answers() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        port = mute.getsockname()[1]
        with closing(Transport(f"http://127.0.0.1:{port}")) as transport:
            with pytest.raises(Silent):
                transport.send(Call("GET", "/x", timeout=300.0))
            with pytest.raises(Silent):
                transport.ping()
    with closing(Transport(f"http://127.0.0.1:{port}")) as transport, pytest.raises(Unreachable):
        transport.send(Call("GET", "/x"))


def test_over_tls_only_to_a_server_that_is_known(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = f"https://127.0.0.1:{server.server_port}"
    with closing(Transport(url)) as transport, pytest.raises(Unreachable):
        transport.ping()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with closing(Transport(url)) as transport:
        assert transport.ping()[0] > 0
        assert transport.send(Call("GET", "/x")).body == b"hello"


def self_signed(folder: Path) -> Path:
    """Key and certificate of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(pem))
    return path


@pytest.mark.parametrize("url", ["127.0.0.1:8086", "ftp://host", "http://"])
def test_the_url_must_be_one(url: str) -> None:
    with pytest.raises(InvalidRequest, match="INFLUXDB_URL"):
        Transport(url)


class Rotated:
    """A token that is another one once it was refused."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)

    def current(self) -> str:
        return self.tokens[0]

    def renewed(self, refused: str) -> str:
        assert refused == self.tokens[0]
        if len(self.tokens) > 1:
            self.tokens.pop(0)
        return self.tokens[0]


def client_of(server: Server, *tokens: str) -> InfluxClient:
    return InfluxClient(server.url, Rotated(*tokens), "o", breaker=Breaker(failures=3))


def test_a_rotated_token_is_found_out(server: Server) -> None:
    def only_new(handler: Handler) -> None:
        known = handler.headers["Authorization"] == "Token new"
        handler.answer(204 if known else 401)

    server.script = only_new
    with closing(client_of(server, "old", "new")) as client:
        client.write("b", b"m v=1")
        assert [handler.body for handler in server.seen] == [b"m v=1"] * 2
    with closing(client_of(server, "old", "older")) as client, pytest.raises(StoreDenied):
        client.write("b", b"m v=1")
    assert len(server.seen) == 4


def test_a_busy_server_is_tried_again_by_who_is_patient(server: Server) -> None:
    answers = [(503, {"Retry_After": "9"}), (429, {}), (204, {})]

    def busy(handler: Handler) -> None:
        status, headers = answers.pop(0)
        handler.answer(status, **headers)

    server.script = busy
    slept: list[float] = []
    with closing(client_of(server, "t")) as client:
        client.patient(Policy((1.0, 2.0, 4.0), sleep=slept.append)).write("b", b"m v=1")
        assert (slept, client.breaker.state) == ([9, 2.0], State.CLOSED)
        answers[:] = [(503, {"Retry_After": "9"})] * 3
        for _ in range(3):
            with pytest.raises(StoreUnavailable) as caught:
                client.write("b", b"m v=1")
            assert caught.value.retry_after == 9
        assert client.breaker.state is State.OPEN
        with pytest.raises(StoreUnavailable):
            client.write("b", b"m v=1")
    assert len(server.seen) == 6


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 500])
def test_what_a_caller_did_wrong_never_opens_the_circuit(server: Server, status: int) -> None:
    server.script = lambda handler: handler.answer(status, b'{"message": "wrong"}')
    with closing(client_of(server, "t")) as client:
        for _ in range(5):
            with pytest.raises(Exception, match="store"):
                client.write("b", b"m v=1")
            with pytest.raises(Exception, match="store"):
                client.flux("x")
        assert client.breaker.state is State.CLOSED


def test_an_answer_that_is_no_csv(server: Server) -> None:
    server.script = lambda handler: handler.answer(200, b"<html>\nlogin, please\n")
    with closing(client_of(server, "t")) as client:
        with pytest.raises(StoreUnavailable, match="cannot be read"):
            client.flux("x")
        with pytest.raises(StoreUnavailable, match="cannot be read"):
            client.influxql("x", database="d")
