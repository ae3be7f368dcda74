"""How a request to the store is sent: under the circuit, with today's token (TSD-16, TSD-17).

What goes wrong on the way becomes one of the platform's errors here, so that nobody above knows of
sockets. An error that the server took the time to tell is an answer: it closes the circuit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ons_platform.errors import InvalidRequest, OnsError, StoreUnavailable
from ons_platform.timeseries import replies
from ons_platform.timeseries.breaker import Breaker, State
from ons_platform.timeseries.retry import Policy
from ons_platform.timeseries.tokens import TokenSource
from ons_platform.timeseries.transport import (
    Busy,
    Call,
    NotNow,
    Refused,
    Reply,
    Silent,
    Slow,
    TooLarge,
    Transport,
    Unreachable,
)

T = TypeVar("T")
Reader = Callable[[int, Mapping[str, str], Iterator[bytes]], T]
"""Makes something of an answer: its status, headers and pieces."""


@dataclass(frozen=True)
class Sender:
    """Sends calls to one server; copies with another policy share all the rest."""

    transport: Transport
    tokens: TokenSource = field(repr=False)
    breaker: Breaker
    policy: Policy

    def send(self, call: Call) -> Reply:
        """The whole answer, whatever its status but 401, 429 and 503.

        Raises `StoreUnavailable`, `StoreDenied`, and `InvalidRequest` for an answer too large.
        """
        return self.run(call, _whole)

    def run(self, call: Call, read: Reader[T]) -> T:
        """What `read` makes of the answer while it comes in; raises as `send`."""
        patient = replace(call, silence=self.policy.silence)
        with _told():
            return self.policy.run(call.path, self._admit, lambda: self._attempt(patient, read))

    def ping(self) -> tuple[float, str]:
        """Seconds to a sign of life, and the server's version; an open circuit is no hindrance."""
        with _told(), self._counted():
            return self.transport.ping()

    def _admit(self) -> None:
        """A ping rather than a long query tries whether a store that was down is back."""
        if self.breaker.admit() is State.HALF_OPEN:
            self.ping()

    def _attempt(self, call: Call, read: Reader[T]) -> T:
        """One try; one more when there is a newer token than the one that is not taken any more."""
        token = self.tokens.current()
        try:
            return self._try(call, read, token)
        except Refused:
            renewed = self.tokens.renewed(token)
            if renewed == token:
                raise
            return self._try(call, read, renewed)

    def _try(self, call: Call, read: Reader[T], token: str) -> T:
        sent = replace(call, headers={**call.headers, "Authorization": f"Token {token}"})
        with self._counted(), self.transport.stream(sent) as (response, pieces):
            status, headers = response.status, response.headers
            if replies.is_busy(status):
                raise Busy(_whole(status, headers, pieces))
            if status == 401:
                raise Refused(_whole(status, headers, pieces))
            return read(status, headers, pieces)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Tell the breaker how it went."""
        try:
            yield
        except (Unreachable, Busy):
            self.breaker.failure()
            raise
        except Silent:
            self.breaker.trip()
            raise
        except (Refused, Slow, TooLarge, OnsError):
            self.breaker.success()
            raise
        self.breaker.success()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except Unreachable as error:
        raise StoreUnavailable("the time-series store cannot be reached") from error
    except Silent as error:
        raise StoreUnavailable("the time-series store is silent") from error
    except Slow as error:
        raise StoreUnavailable("the time-series store took too long; narrow the period") from error
    except NotNow as error:
        raise replies.of_query(error.reply) from error
    except TooLarge as error:
        raise InvalidRequest("The answer is too large; narrow the query") from error


def _whole(status: int, headers: Mapping[str, str], pieces: Iterator[bytes]) -> Reply:
    return Reply(status, b"".join(pieces), headers)
