"""A dataset's YAML into its model, with every check; what is wrong is said by file and field."""

from __future__ import annotations

from collections.abc import Hashable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from ons_platform.catalog.model import Dataset

if TYPE_CHECKING:
    _Loader = yaml.SafeLoader
else:
    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):
    """A safe loader that does not let the second of two equal keys replace the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise ValueError(f"line {key.start_mark.line + 1}: {key.value!r} is given twice")
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def yaml_files(folder: Path | Traversable) -> list[Path | Traversable]:
    """The dataset files of a folder, by name."""
    entries = (entry for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return sorted(entries, key=lambda entry: entry.name)


def read_dataset(entry: Path | Traversable) -> Dataset:
    """One dataset; `ValueError` names the file, the dataset and each field that is wrong."""
    try:
        content = yaml.load(entry.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506
        return Dataset.model_validate(content)
    except ValidationError as error:
        slug = content.get("dataset", "?") if isinstance(content, dict) else "?"
        raise ValueError(f"{entry.name}: {_told(slug, error)}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{entry.name}: {error}") from error


def _told(slug: str, error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        own = item.get("ctx", {}).get("error")
        lines.append(str(own) if own else f"{slug}: {_place(item['loc'])}: {item['msg']}")
    return "\n  ".join(lines)


def _place(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".") or "the file"
