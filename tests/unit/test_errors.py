from __future__ import annotations

from collections.abc import Iterator

import pytest

from ons_platform import errors
from ons_platform.errors import LeaseHeld, MalformedFile, OnsError, TerminalError, TransientError


def _all(kind: type[OnsError]) -> Iterator[type[OnsError]]:
    if kind.__module__ == errors.__name__:
        yield kind
    for below in kind.__subclasses__():
        yield from _all(below)


@pytest.mark.parametrize("kind", sorted(set(_all(OnsError)), key=lambda kind: kind.__name__))
def test_every_error_is_mapped_and_drawn(kind: type[OnsError]) -> None:
    assert 400 <= kind.http_status < 600
    assert 1 <= kind.exit_code <= 125
    assert kind.title
    assert kind.__name__ in (errors.__doc__ or "")
    if kind is not OnsError:
        assert issubclass(kind, TerminalError) != issubclass(kind, TransientError)


def test_a_reason_has_its_places_and_no_empty_ones() -> None:
    error = MalformedFile("row 3 breaks off", file="a.csv", row=3, column=None)
    assert error.as_dict() == {
        "error": "MalformedFile",
        "message": "row 3 breaks off",
        "transient": False,
        "file": "a.csv",
        "row": 3,
    }
    assert str(error) == "row 3 breaks off"


def test_a_transient_error_says_when_to_try_again() -> None:
    error = LeaseHeld("held", retry_after=7)
    assert error.retry_after == 7
    assert error.as_dict() == {
        "error": "LeaseHeld",
        "message": "held",
        "transient": True,
        "retry_after": 7,
    }
