"""What becomes of a call: the token of the day, another try, an error of ours (TSD-16, TSD-17)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from ons_platform.errors import StoreDenied, StoreUnavailable
from ons_platform.timeseries.breaker import Breaker, State
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.retry import Policy
from scripted import Handler, Server, scripted


@pytest.fixture
def server() -> Iterator[Server]:
    with scripted() as server:
        yield server


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
