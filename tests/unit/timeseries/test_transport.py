"""HTTP as it may go wrong: an answer that breaks off, none at all, a connection that was closed."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.transport import (
    Call,
    Silent,
    Slow,
    TooLarge,
    Transport,
    Unreachable,
)
from scripted import Handler, Server, scripted


@pytest.fixture
def server() -> Iterator[Server]:
    with scripted() as server:
        yield server


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
