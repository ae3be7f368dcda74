from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ons_local.child import Spawner
from ons_local.functions import FunctionPool
from ons_local.template import FunctionSpec

CODE = Path(__file__).parent / "code"


@pytest.fixture
def spec() -> Callable[..., FunctionSpec]:
    def make(handler: str, *, module: str = "stub_handlers", timeout: int = 20) -> FunctionSpec:
        return FunctionSpec(
            name=handler,
            code=CODE,
            handler=f"{module}.{handler}",
            environment={"ONS_RAW_BUCKET": "raw"},
            timeout=timeout,
            memory=128,
        )

    return make


@pytest.fixture
def pool(
    tmp_path: Path, spec: Callable[..., FunctionSpec]
) -> Iterator[Callable[..., FunctionPool]]:
    pools: list[FunctionPool] = []

    def make(*specs: FunctionSpec, **options: object) -> FunctionPool:
        wanted = {"slots": 2, "idle_seconds": 60.0, **options}
        made = FunctionPool(
            {one.name: one for one in specs},
            Spawner(tmp_path / "functions.log"),
            {"ONS_LEDGER_URL": "sqlite:///ledger"},
            **wanted,
        )
        pools.append(made)
        return made

    yield make
    for made in pools:
        made.close()


@pytest.fixture
def made() -> Callable[..., Path]:
    """Writes files of these names into a folder, each with its name in it; returns the folder."""

    def make(folder: Path, *names: str) -> Path:
        for name in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        return folder

    return make


@pytest.fixture
def code_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Child processes find the stub modules; this process does not need them."""
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH")]))
    )
