"""A real InfluxDB 2.7 for tests: its fixtures, and what happens where there is none.

Tests marked `influxdb` need a server: the influxd `ons_local.influxd.find` finds, or the one that
INFLUXDB_URL and INFLUXDB_OPERATOR_TOKEN name. Without either they are deselected, which the
summary says; with ONS_INFLUXDB=required that is an error of the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ons_local.influxd import InfluxServer, find
from ons_platform.timeseries.bootstrap import ENDLESS, Tokens, bootstrap

ENDLESS_ORG = "endless"
NAMED_ORG = "ons-tests"
"""On a server of somebody else, whose data are left alone."""
_ADVICE = (
    "run `make influxd`, or name a server with INFLUXDB_URL and INFLUXDB_OPERATOR_TOKEN (those "
    "that freeze and kill it need an influxd)"
)
_DESELECTED = pytest.StashKey[int]()


@dataclass(frozen=True)
class Influx:
    """An organisation of a running server: four buckets and the tokens for them."""

    url: str
    org: str
    write_token: str = field(repr=False)
    read_token: str = field(repr=False)
    operator_token: str = field(repr=False)

    @classmethod
    def of(cls, url: str, org: str, tokens: Tokens, operator_token: str) -> Influx:
        return cls(url, org, tokens.write, tokens.read, operator_token)


def named() -> tuple[str, str] | None:
    """URL and operator token of the server the environment names."""
    url, token = os.environ.get("INFLUXDB_URL"), os.environ.get("INFLUXDB_OPERATOR_TOKEN")
    return (url, token) if url and token else None


@pytest.fixture(scope="session")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """An organisation whose buckets keep seven years. Tests share it: each keeps to a `dataset` tag
    of its own, or to buckets of its own."""
    given = named()
    if given is not None:
        url, operator = given
        tokens = bootstrap(url, NAMED_ORG, operator_token=operator)
        yield Influx.of(url, NAMED_ORG, tokens, operator)
        return
    server = InfluxServer(tmp_path_factory.mktemp("influxdb"))
    server.start()
    tokens = Tokens(server.write_token, server.read_token)
    yield Influx.of(server.url, server.org, tokens, server.operator_token)
    server.stop()


@pytest.fixture(scope="session")
def endless_influx(influx_server: Influx) -> Influx:
    """Another organisation of the same server, whose buckets keep everything."""
    url, operator = influx_server.url, influx_server.operator_token
    tokens = bootstrap(url, ENDLESS_ORG, operator_token=operator, retention_seconds=ENDLESS)
    return Influx.of(url, ENDLESS_ORG, tokens, operator)


@pytest.fixture(scope="session")
def own_influxd() -> None:
    """Says that a test needs an influxd itself: a running server is not enough."""


@pytest.fixture
def influx_process(tmp_path: Path, own_influxd: None) -> Iterator[InfluxServer]:
    """A server of the test's own, started, to be stopped, frozen and killed; needs an influxd."""
    server = InfluxServer(tmp_path / "influxdb")
    server.start()
    yield server
    server.kill()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a server its tests are not run; without an influxd those that handle its process."""
    if find() is not None:
        return
    lacking = {item for item in items if _needs(item, server=named() is None)}
    if lacking and os.environ.get("ONS_INFLUXDB") == "required":
        raise pytest.UsageError(f"{len(lacking)} tests need InfluxDB and there is none: {_ADVICE}")
    config.stash[_DESELECTED] = len(lacking)
    config.hook.pytest_deselected(items=list(lacking))
    items[:] = [item for item in items if item not in lacking]


def _needs(item: pytest.Item, *, server: bool) -> bool:
    used = getattr(item, "fixturenames", ())
    marked = item.get_closest_marker("influxdb") is not None
    return "own_influxd" in used or (server and (marked or "influx_server" in used))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """One line where tests were left out."""
    if count := config.stash.get(_DESELECTED, 0):
        terminalreporter.write_line(
            f"{count} tests that need InfluxDB 2.7 were left out: {_ADVICE}", yellow=True
        )
