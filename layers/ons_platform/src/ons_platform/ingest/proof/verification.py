"""What a verification found: problems by kind, and what was looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

RAW_KINDS = frozenset({"raw_missing", "raw_differs", "raw_refused"})
"""Nothing mends these: the raw zone is what everything else is made from."""
VERSION_KINDS = frozenset({"entry_missing", "not_recorded", "slice_missing", "slice_differs"})
"""Mended by processing the version again."""
LAKE_KINDS = frozenset(
    {"lake_missing", "lake_differs", "lake_unrecorded", "partition_unrecorded", "ledger_outdated"}
)
"""Mended by building the partition again."""


@dataclass(frozen=True)
class Problem:
    """One thing that is not as the raw files say; `verification.yaml` has each kind in words.

    `expected` and `found` are what rows come to (rows, sums and nulls per measure), a checksum or a
    text, where there is something to compare.
    """

    kind: str
    dataset: str | None
    key: str | None = None
    version_id: str | None = None
    partition: str | None = None
    path: str | None = None
    expected: Any = None
    found: Any = None

    @property
    def place(self) -> tuple[str, str | None, str | None, str | None]:
        """Identity: the same problem found again has the same place."""
        return (self.kind, self.dataset, self.key, self.partition)

    def as_dict(self) -> dict[str, Any]:
        """JSON form, with the kind in both languages."""
        return {**asdict(self), "text": dict(kind_texts()[self.kind])}


@dataclass
class Verification:
    """Counts of what was looked at, the problems that are left and those that were mended.

    `versions` are current object versions read anew from the raw zone (`raw_bytes`), `partitions`
    lake files compared, `rows` their rows, by dataset under `datasets`.
    """

    versions: int = 0
    raw_bytes: int = 0
    partitions: int = 0
    rows: int = 0
    datasets: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    mended: list[Problem] = field(default_factory=list)
    removed: int = 0

    @property
    def ok(self) -> bool:
        """Whether the lake is what the raw files say."""
        return not self.problems

    def count(self, dataset: str, **more: int) -> None:
        """Add to the counts, of the dataset and of all."""
        own = self.datasets.setdefault(dataset, {"versions": 0, "partitions": 0, "rows": 0})
        for name, number in more.items():
            setattr(self, name, getattr(self, name) + number)
            if name in own:
                own[name] += number

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "ok": self.ok,
            "versions": self.versions,
            "raw_bytes": self.raw_bytes,
            "partitions": self.partitions,
            "rows": self.rows,
            "datasets": dict(sorted(self.datasets.items())),
            "problems": [problem.as_dict() for problem in self.problems],
            "mended": [problem.as_dict() for problem in self.mended],
            "removed": self.removed,
        }


@lru_cache(maxsize=1)
def kind_texts() -> dict[str, dict[str, str]]:
    """Each kind of problem in Portuguese and English."""
    text = files("ons_platform.ingest.proof").joinpath("verification.yaml").read_text("utf-8")
    found: dict[str, dict[str, str]] = yaml.safe_load(text)
    return found
