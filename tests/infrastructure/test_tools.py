"""The doors a contributor uses: `make`, the gates, the size table."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

TEMPLATE = """
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: Layer}
  RouterFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: RouterFunction, Handler: lambda_router.handler.lambda_handler}
"""


def sizes(root: Path, build: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, root / "scripts/layer_sizes.py", "--build", build]
    return subprocess.run(command, capture_output=True, text=True, cwd=root)


def built(folder: Path, megabytes: int) -> Path:
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "Layer/python").mkdir(parents=True)
    (folder / "Layer/python/code.py").write_bytes(b"#" * 1024 * 1024)
    (folder / "RouterFunction").mkdir()
    with (folder / "RouterFunction/library.so").open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    return folder


def test_sizes_count_function_and_layer(root: Path, tmp_path: Path) -> None:
    done = sizes(root, built(tmp_path, 20))
    assert done.returncode == 0, done.stderr
    row = done.stdout.splitlines()[1].split()
    assert row[:4] == ["RouterFunction", "20.0", "1.0", "21.0"]
    assert float(row[4]) > 0


def test_sizes_over_the_limit_fail(root: Path, tmp_path: Path) -> None:
    done = sizes(root, built(tmp_path, 240))
    assert done.returncode == 1
    assert "over 240 MB: RouterFunction" in done.stderr


def test_sizes_without_a_build_say_how_to_get_one(root: Path, tmp_path: Path) -> None:
    built(tmp_path, 1)
    shutil.rmtree(tmp_path / "Layer")
    done = sizes(root, tmp_path)
    assert done.returncode == 1
    assert "make build" in done.stderr


def test_make_lists_every_target(root: Path) -> None:
    shown = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True).stdout
    public = re.findall(r"^\.PHONY: (\S+)$", (root / "Makefile").read_text(), re.MULTILINE)
    assert {"help", "install", "demo", "test", "lint", "types", "format", "build"} <= set(public)
    for target in public:
        assert f"make {target} " in shown


def test_an_old_python_is_told_what_to_do(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / "Makefile", tmp_path)
    for name in ("requirements-test.txt", "pyproject.toml", "layers/ons_platform/pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "install", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Python 3.9.2" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_gates_stop_without_the_development_material(root: Path, tmp_path: Path) -> None:
    (tmp_path / "project/.ci").mkdir(parents=True)
    gates = shutil.copy(root / ".ci/run", tmp_path / "project/.ci/run")
    done = subprocess.run(["bash", gates], capture_output=True, text=True)
    assert done.returncode == 1
    assert "../shared is missing" in done.stderr


def test_gates_leave_nothing_out(root: Path) -> None:
    gates = (root / ".ci/run").read_text()
    for target in ("install", "influxd", "lint", "types", "build", "fluxcheck", "test"):
        assert f"make {target}\n" in gates
    assert "export ONS_INFLUXDB=required\n" in gates
    assert "-m pytest -m shared " in gates.rstrip().rpartition("\n")[2]
    workflow = yaml.safe_load((root / ".github/workflows/ci.yml").read_text())
    assert workflow["jobs"]["gates"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
