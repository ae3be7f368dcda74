"""A port of which every call goes through a fuse that may blow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Fuse(Protocol):
    """Decides what becomes of a call."""

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make the call, or fail as the test wants it."""
        ...


class Fused:
    """The inner port with every method behind the fuse; other attributes are its own."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._fuse.call(found, *args, **kwargs)

        return call
