"""The whole ingest room in a folder, for unit tests of what a file becomes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ons_platform.catalog.registry import Catalog
from room import Room


@pytest.fixture
def room_of(tmp_path: Path) -> Callable[[Catalog], Room]:
    """A room with a catalogue of the test's own."""
    return lambda catalogue: Room(tmp_path, catalogue)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.fixture(scope="session")
def make_room(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Room]:
    """A new room a call, for properties."""
    return lambda: Room(tmp_path_factory.mktemp("room"))
