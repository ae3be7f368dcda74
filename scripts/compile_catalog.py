"""Write the catalogue's compiled form, which a cold start reads instead of the YAMLs.

`python scripts/compile_catalog.py` writes `compiled.json` beside the YAMLs' folder; with `--check`
it changes nothing and exits with 1 if the file is not what the YAMLs say.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ons_platform.catalog.compiled import FILE, compile_text
from ons_platform.catalog.registry import load

PACKAGE = Path(__file__).parents[1] / "layers/ons_platform/src/ons_platform/catalog"


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` compare it; the exit code."""
    folder, target = PACKAGE / "datasets", PACKAGE / FILE
    wanted = compile_text(folder, load(folder))
    if target.is_file() and target.read_text(encoding="utf-8") == wanted:
        return 0
    if arguments == ["--check"]:
        print(f"{FILE} is not what the YAMLs say: run {Path(__file__).name}", file=sys.stderr)
        return 1
    target.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
