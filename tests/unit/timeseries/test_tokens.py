"""The store's token: given, or in a secret that is rotated while we run (SEC-7)."""

from __future__ import annotations

import json
from uuid import uuid4

import boto3
import pytest

from ons_platform.config import Settings
from ons_platform.errors import StoreDenied, StoreUnavailable
from ons_platform.timeseries.tokens import (
    RENEW_SECONDS,
    FixedToken,
    SecretToken,
    TokenSource,
    token_source,
)


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Secret:
    """A secret of Secrets Manager that the test rotates."""

    def __init__(self, name: str) -> None:
        self.name = name

    def put(self, text: str) -> None:
        client = boto3.client("secretsmanager")
        client.put_secret_value(SecretId=self.name, SecretString=text)
        client.close()

    def rotate(self, number: int) -> None:
        self.put(json.dumps({"read_token": f"r{number}", "write_token": f"w{number}"}))


@pytest.fixture
def secret(aws: str) -> Secret:
    name = f"influxdb-{uuid4().hex}"
    client = boto3.client("secretsmanager")
    client.create_secret(Name=name, SecretString="{}")
    client.close()
    made = Secret(name)
    made.rotate(1)
    return made


def test_a_given_token_is_not_shown() -> None:
    source = token_source(Settings(influxdb_token="shh"))
    assert (source.current(), source.renewed("shh")) == ("shh", "shh")
    assert "shh" not in repr(source)
    assert isinstance(source, FixedToken)


@pytest.mark.parametrize(("access", "token"), [("read", "r1"), ("write", "w1")])
def test_the_settings_choose_which(secret: Secret, access: str, token: str) -> None:
    settings = Settings.from_env(
        {
            "ONS_INFLUXDB_TOKEN_SECRET": secret.name,
            "ONS_INFLUXDB_ACCESS": access,
            "INFLUXDB_TOKEN": "of no interest",
        }
    )
    source: TokenSource = token_source(settings)
    assert source.current() == token


def test_it_is_read_once_and_again_when_refused(secret: Secret) -> None:
    clock = Clock()
    source = SecretToken(secret.name, "read_token", "us-east-1", clock=clock)
    assert source.current() == "r1"
    secret.rotate(2)
    clock.now = 10 * RENEW_SECONDS
    assert source.current() == "r1"
    assert source.renewed("r1") == "r2"
    assert source.renewed("r1") == "r2", "another thread's news"
    secret.rotate(3)
    assert source.renewed("r2") == "r2", "it was read a moment ago"
    clock.now += RENEW_SECONDS
    assert source.renewed("r2") == "r3"
    assert source.current() == "r3"


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"read_token": ""}', '{"read_token": 5}'])
def test_a_secret_without_the_token_is_said_so(secret: Secret, text: str) -> None:
    secret.put(text)
    with pytest.raises(StoreDenied, match=secret.name) as caught:
        SecretToken(secret.name, "read_token", "us-east-1").current()
    assert text not in str(caught.value.as_dict()) or text in "[]{}"


def test_a_secret_that_is_not_there(aws: str) -> None:
    with pytest.raises(StoreDenied, match="ResourceNotFoundException"):
        SecretToken("nothing", "read_token", "us-east-1").current()


def test_secrets_manager_is_away(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreUnavailable, match="Secrets Manager"):
        SecretToken("any", "read_token", "us-east-1").current()
