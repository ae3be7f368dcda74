"""Pins the dependencies: of the project, of its tests, of the layer and of each function.

Run by `make lock`. Every file is resolved against `requirements-test.txt`, so that what is tested
and what is deployed are the same versions.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

LAYER = "layers/ons_platform/requirements.txt"
CONTAINER = "batch/document_extractor/requirements.txt"
LAYER_PROJECT = "layers/ons_platform/pyproject.toml"
FUNCTION_EXTRAS = {
    "influxdb_loader": "load",
    "structured_data_processor": "ingest",
    "timeseries_query_processor": "query",
    "platform_api": "query",
}
"""Extra of `ons-platform` a function needs beyond the layer; the others need nothing."""

LAMBDA = ["--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_28"]
ANY_MACHINE = ["--universal", "--python-version", "3.11", "--generate-hashes"]


def compile_pins(source: str, target: str, *options: str) -> None:
    """Resolve `source` into the pins of `target`; no index address is written."""
    subprocess.run(  # noqa: S603 - our own arguments
        [
            ".venv/bin/uv",
            "pip",
            "compile",
            source,
            "--output-file",
            target,
            "--no-header",
            "--no-annotate",
            "--no-emit-index-url",
            "--quiet",
            "--upgrade",
            *options,
        ],
        check=True,
    )
    print(f"{target}: {len(pinned(target))} packages")


def pinned(path: str) -> list[str]:
    """Names of the packages a file pins."""
    return re.findall(r"^([A-Za-z0-9_.-]+)==", Path(path).read_text(), re.MULTILINE)


def main() -> None:
    """Write every lock file."""
    local = ["--no-emit-package", "ons-platform"]
    tested = ["--constraint", "requirements-test.txt"]
    compile_pins("pyproject.toml", "requirements-test.txt", *ANY_MACHINE, *local, "--extra", "test")
    compile_pins("pyproject.toml", "requirements.txt", *ANY_MACHINE, *local, *tested)
    compile_pins(LAYER_PROJECT, LAYER, *LAMBDA, *tested)
    in_layer = [flag for name in pinned(LAYER) for flag in ("--no-emit-package", name)]
    for function, extra in FUNCTION_EXTRAS.items():
        target = f"functions/{function}/requirements.txt"
        compile_pins(LAYER_PROJECT, target, *LAMBDA, *tested, *in_layer, "--extra", extra)
    # The container has no Lambda runtime under it, hence boto3.
    compile_pins(LAYER_PROJECT, CONTAINER, *LAMBDA, *tested, "--extra", "aws", "--extra", "ingest")


if __name__ == "__main__":
    main()
