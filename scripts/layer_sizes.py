"""Sizes of what `sam build` made, and how long each handler takes to import.

Lambda takes at most 250 MB unzipped, function and layers together; this project allows itself
240 MB (DESIGN 13). Import times are of this machine's Python and packages, median of three fresh
processes. Exits 1 over the limit.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from samcli.yamlhelper import yaml_parse

LIMIT_MB = 240
MEGABYTE = 1024 * 1024
_CLOCK = (
    "import importlib, time; began = time.perf_counter(); importlib.import_module('{module}');"
    "print(time.perf_counter() - began)"
)


@dataclass(frozen=True)
class Measured:
    """One function; sizes in MB unzipped, import time in seconds."""

    name: str
    code: float
    layers: float
    import_seconds: float

    @property
    def total(self) -> float:
        """What counts against the limit."""
        return self.code + self.layers


def measure(build: Path) -> list[Measured]:
    """Every function of the built template, by name."""
    resources = yaml_parse((build / "template.yaml").read_text())["Resources"]
    layers = sum(
        _megabytes(build / resource["Properties"]["ContentUri"])
        for resource in resources.values()
        if resource["Type"] == "AWS::Serverless::LayerVersion"
    )
    return [
        Measured(
            name=name,
            code=_megabytes(build / resource["Properties"]["CodeUri"]),
            layers=layers,
            import_seconds=_import_seconds(resource["Properties"]["Handler"].rpartition(".")[0]),
        )
        for name, resource in sorted(resources.items())
        if resource["Type"] == "AWS::Serverless::Function"
    ]


def _megabytes(folder: Path) -> float:
    if not folder.is_dir():
        raise SystemExit(f"{folder} is missing: run `make build`")
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / MEGABYTE


def _import_seconds(module: str) -> float:
    command = [sys.executable, "-c", _CLOCK.format(module=module)]
    times = [
        float(subprocess.check_output(command, text=True))  # noqa: S603 - our own modules
        for _ in range(3)
    ]
    return statistics.median(times)


def main() -> int:
    """Print the table; return 1 when a function is too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path(".aws-sam/build"))
    measured = measure(parser.parse_args().build)
    print(f"{'function':34} {'code MB':>8} {'layer MB':>9} {'total MB':>9} {'import s':>9}")
    for item in measured:
        print(
            f"{item.name:34} {item.code:8.1f} {item.layers:9.1f} {item.total:9.1f}"
            f" {item.import_seconds:9.2f}"
        )
    too_large = [item.name for item in measured if item.total > LIMIT_MB]
    if too_large:
        print(f"over {LIMIT_MB} MB: {', '.join(too_large)}", file=sys.stderr)
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
