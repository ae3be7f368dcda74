"""What goes into layer, functions and image: pinned, as tested, trimmed and still whole."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pyarrow
import pytest

LOCKS = ["requirements.txt", "requirements-test.txt"]
DEPLOYED = [
    "layers/ons_platform/requirements.txt",
    "functions/structured_data_processor/requirements.txt",
    "functions/influxdb_loader/requirements.txt",
    "functions/timeseries_query_processor/requirements.txt",
    "functions/platform_api/requirements.txt",
    "batch/document_extractor/requirements.txt",
]
HEAVY = {"pandas", "pyarrow", "numpy", "polars", "fastparquet", "python-calamine", "xlrd"}
USE_TRIMMED = """
import io, sys
import pandas, pyarrow, pyarrow.acero, pyarrow.compute as pc, pyarrow.csv, pyarrow.dataset
import pyarrow.json, pyarrow.parquet as pq
assert pyarrow.__file__.startswith(sys.argv[1]), pyarrow.__file__
table = pyarrow.csv.read_csv(io.BytesIO(b"a;b\\n1;x\\n2;y\\n"),
                             parse_options=pyarrow.csv.ParseOptions(delimiter=";"))
pq.write_table(table, sys.argv[2], compression="zstd")
assert pq.read_table(sys.argv[2]).equals(table)
assert pyarrow.dataset.dataset(sys.argv[2]).to_table().num_rows == 2
assert table.group_by("b").aggregate([("a", "sum")]).num_rows == 2
assert pc.sum(table["a"]).as_py() == 3
assert pandas.read_parquet(sys.argv[2]).equals(table.to_pandas())
"""
USE_LOADER = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("numpy", "pandas", "duckdb", "polars"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import pyarrow
assert pyarrow.__file__.startswith(sys.argv[1]), pyarrow.__file__
from ons_platform.timeseries.loading import catchup, opening
from ons_platform.timeseries.loading.encode import LineEncoder
from ons_platform.timeseries.loading.survey import tallies
table = pyarrow.table({
    "value": [1.5, None],
    "timestamp": pyarrow.array([0, 1], pyarrow.timestamp("us", tz="UTC")),
    "measurement_type": ["load", "load"],
})
lines = LineEncoder(["m f="]).lines(table, pyarrow.array([0, 0], pyarrow.int32()))
assert lines.text(0, 2) == b"m f=1.5 0\\nm f=1 1\\n", lines.text(0, 2)
assert tallies(table, {"load": "f"})["f"].total == 1.5
"""


def pins(path: Path) -> dict[str, set[str]]:
    """Package -> exact versions (more than one where they depend on the Python)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", path.read_text(), re.MULTILINE
    ):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize("name", [*LOCKS, *DEPLOYED])
def test_every_line_is_an_exact_pin_from_no_particular_place(root: Path, name: str) -> None:
    for line in (root / name).read_text().splitlines():
        assert re.match(r"([A-Za-z0-9_.-]+==\S+|    --hash=sha256:[0-9a-f]{64})", line), line
        assert "://" not in line


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_its_hashes(root: Path, name: str) -> None:
    lines = (root / name).read_text().splitlines()
    for line, following in pairwise(lines):
        if "==" in line:
            assert "--hash=" in following, line


@pytest.mark.parametrize("name", ["requirements.txt", *DEPLOYED])
def test_what_is_deployed_is_what_is_tested(root: Path, name: str) -> None:
    tested = pins(root / "requirements-test.txt")
    for package, versions in pins(root / name).items():
        assert versions <= tested[package], package


def test_functions_that_answer_people_carry_no_table_library(root: Path) -> None:
    for package in ("timeseries_query_processor", "platform_api"):
        assert not HEAVY & set(pins(root / f"functions/{package}/requirements.txt"))
    assert not HEAVY & set(pins(root / "layers/ons_platform/requirements.txt"))


def test_functions_repeat_nothing_of_the_layer(root: Path) -> None:
    layer = set(pins(root / "layers/ons_platform/requirements.txt"))
    for path in root.glob("functions/*/requirements.txt"):
        assert not layer & set(pins(path)), path


def test_trimmed_packages_still_work(root: Path, tmp_path: Path) -> None:
    packages = Path(pyarrow.__file__).parents[1]
    for name in ("pyarrow", "pandas", "numpy", "numpy.libs"):
        if (packages / name).is_dir():  # not every system's wheel of numpy has libraries beside it
            shutil.copytree(packages / name, tmp_path / name)
    makefile = root / "functions/structured_data_processor"
    command = ["make", "--silent", "-C", makefile, "trim", f"ARTIFACTS_DIR={tmp_path}"]
    subprocess.run(command, check=True, capture_output=True)
    used = subprocess.run(
        [sys.executable, "-c", USE_TRIMMED, str(tmp_path), str(tmp_path / "table.parquet")],
        env={"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert used.returncode == 0, used.stderr
    assert not (tmp_path / "pyarrow/tests").exists()
    assert not list((tmp_path / "pyarrow").glob("*flight*.so*"))


def test_the_loader_runs_on_a_trimmed_arrow_alone(root: Path, tmp_path: Path) -> None:
    shutil.copytree(Path(pyarrow.__file__).parent, tmp_path / "pyarrow")
    makefile = root / "functions/influxdb_loader"
    command = ["make", "--silent", "-C", makefile, "trim", f"ARTIFACTS_DIR={tmp_path}"]
    subprocess.run(command, check=True, capture_output=True)
    used = subprocess.run(
        [sys.executable, "-c", USE_LOADER, str(tmp_path)],
        env={"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert used.returncode == 0, used.stderr
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if not path.is_symlink())
    assert size < 200_000_000


def test_image_holds_the_package_and_runs_it(root: Path) -> None:
    dockerfile = (root / "batch/document_extractor/Dockerfile").read_text()
    assert "FROM python:3.13-slim\n" in dockerfile
    for source in re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE):
        assert (root / source).exists(), source
    assert 'CMD ["python", "-m", "document_extractor"]' in dockerfile
    assert "USER worker" in dockerfile


def test_deployments_are_configured_for_each_environment(root: Path) -> None:
    config = tomllib.loads((root / "samconfig.toml").read_text())
    for environment in ("dev", "staging", "prod"):
        deploy = config[environment]["deploy"]["parameters"]
        assert deploy["stack_name"].endswith(environment)
        assert deploy["parameter_overrides"] == f"Environment={environment}"
    assert config["prod"]["deploy"]["parameters"]["confirm_changeset"] is True


def test_shared_code_needs_no_installation_record(root: Path) -> None:
    """The layer holds the package's files and no metadata of it."""
    for path in (root / "layers/ons_platform/src").rglob("*.py"):
        assert "importlib.metadata" not in path.read_text(encoding="utf-8"), path
