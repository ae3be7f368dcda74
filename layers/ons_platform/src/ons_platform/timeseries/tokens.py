"""Where the store's token comes from: the environment, or a secret that is rotated (SEC-7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from ons_platform.config import Settings


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


def token_source(settings: Settings) -> TokenSource:
    """The token as the settings name it."""
    return FixedToken(settings.influxdb_token)
