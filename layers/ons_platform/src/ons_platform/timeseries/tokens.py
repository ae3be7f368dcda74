"""Where the store's token comes from: the environment, or a secret that is rotated (SEC-7)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ons_platform.config import Settings
from ons_platform.errors import StoreDenied, StoreUnavailable

RENEW_SECONDS = 30.0
"""A token the store refuses is not looked up more often than this."""
_TIMEOUT_SECONDS = 2.0


class TokenSource(Protocol):
    """Gives the token, and a newer one when the store does not take it any more."""

    def current(self) -> str:
        """The token as known now."""
        ...

    def renewed(self, refused: str) -> str:
        """The token to use instead of one that was refused; the same when there is no other."""
        ...


@dataclass(frozen=True)
class FixedToken:
    """A token that was given and never changes."""

    token: str = field(repr=False)

    def current(self) -> str:
        """The token."""
        return self.token

    def renewed(self, refused: str) -> str:  # noqa: ARG002 - there is no other
        """The token."""
        return self.token


class SecretToken:
    """One of the tokens in a secret of AWS Secrets Manager, kept until the store refuses it.

    The secret is a JSON object; `name` is the token's key in it. Safe between threads. Raises
    `StoreDenied` when there is no such token or we may not read it, `StoreUnavailable` when
    Secrets Manager does not answer.
    """

    def __init__(
        self,
        secret: str,
        name: str,
        region: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secret = secret
        self._name = name
        self._region = region
        self._clock = clock
        self._lock = threading.Lock()
        self._known: str | None = None
        self._read_at = 0.0

    def current(self) -> str:
        """The token as it was read last."""
        with self._lock:
            return self._known or self._read()

    def renewed(self, refused: str) -> str:
        """What the secret holds now, unless it was read a moment ago."""
        with self._lock:
            if self._known == refused and self._clock() - self._read_at >= RENEW_SECONDS:
                self._read()
            return self._known or refused

    def _read(self) -> str:
        try:
            token = json.loads(self._text()).get(self._name)
        except (ValueError, AttributeError) as error:
            raise StoreDenied(f"The secret {self._secret} is no JSON object") from error
        if not token or not isinstance(token, str):
            raise StoreDenied(f"The secret {self._secret} has no {self._name!r}")
        self._known, self._read_at = token, self._clock()
        return token

    def _text(self) -> str:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        config = Config(
            connect_timeout=_TIMEOUT_SECONDS,
            read_timeout=_TIMEOUT_SECONDS,
            retries={"total_max_attempts": 2},
        )
        client = boto3.client("secretsmanager", region_name=self._region, config=config)
        try:
            return str(client.get_secret_value(SecretId=self._secret).get("SecretString", ""))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise StoreDenied(f"The secret {self._secret} cannot be read ({code})") from error
        except BotoCoreError as error:
            raise StoreUnavailable("Secrets Manager does not answer") from error
        finally:
            client.close()


def token_source(settings: Settings) -> TokenSource:
    """The token as the settings name it: in a secret on AWS, else given."""
    if settings.influxdb_token_secret:
        name = f"{settings.influxdb_access}_token"
        return SecretToken(settings.influxdb_token_secret, name, settings.aws_region)
    return FixedToken(settings.influxdb_token)
