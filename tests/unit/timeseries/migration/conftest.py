from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from influx import Influx
from migrating import NOW, Stage, staged


@pytest.fixture
def stage(influx_server: Influx, tmp_path: Path) -> Iterator[Stage]:
    """On 1 June 2024, with buckets that keep everything."""
    with staged(influx_server, tmp_path, NOW) as made:
        yield made


@pytest.fixture
def stage_of(influx_server: Influx, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """A stage with other behaviour."""
    with ExitStack() as stack:

        def make(now: datetime = NOW, **behaviour: Any) -> Stage:
            return stack.enter_context(staged(influx_server, tmp_path, now, **behaviour))

        yield make
