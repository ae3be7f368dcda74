"""The shipped catalogue as one JSON: what a cold start reads instead of many YAMLs.

`compiled.json` is written by `scripts/compile_catalog.py` from YAMLs that passed every check. It
holds a digest of them, so an edited YAML is never hidden: the catalogue is then read from the
YAMLs, which is slower and says the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import TypeAdapter

from ons_platform.catalog.model import TRUSTED, Dataset
from ons_platform.catalog.reading import yaml_files

FILE = "compiled.json"


def digest(folder: Path | Traversable) -> str:
    """SHA-256 over names and contents of a folder's YAMLs."""
    total = sha256()
    for entry in yaml_files(folder):
        total.update(entry.name.encode() + b"\0" + entry.read_bytes() + b"\0")
    return total.hexdigest()


def compile_text(folder: Path | Traversable, datasets: Iterable[Dataset]) -> str:
    """The text of `compiled.json` for a folder and what was read from it, a line per dataset."""
    lines = [
        json.dumps(item.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
        for item in datasets
    ]
    listed = ",\n".join(lines)
    return f'{{"digest": "{digest(folder)}", "datasets": [\n{listed}\n]}}\n'


def read_compiled(package: Path | Traversable) -> tuple[Dataset, ...] | None:
    """The compiled datasets of a package; None if there are none or a YAML changed since."""
    path = package / FILE
    if not path.is_file():
        return None
    held = json.loads(path.read_text(encoding="utf-8"))
    if held["digest"] != digest(package / "datasets"):
        return None
    return TypeAdapter(tuple[Dataset, ...]).validate_python(held["datasets"], context=TRUSTED)
