"""What was remarked while a file was read: counts, warnings, places; and when it is too much."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ons_platform.ingest.reasons import (
    Place,
    finding_text,
    reject,
    remark,
    rule_text,
    skip_text,
)

MAX_PLACES = 100
MAX_STRETCHES = 1000
"""Stretches of flagged rows kept for the picture, what is in doubt first."""
MAX_SHOWN = 50
"""Stretches kept of one finding, the first in time."""
_FIRST_PLACES = 10
MAX_BAD_SHARE = 0.01


@dataclass
class Finding:
    """One kind of trouble in one column; `stretches` are where it lies in time, the first 50."""

    count: int = 0
    places: list[Place] = field(default_factory=list)
    stretches: list[dict[str, Any]] = field(default_factory=list)
    stretches_total: int = 0

    def add(self, count: int, places: list[Place]) -> None:
        """Count all, keep the first hundred."""
        self.count += count
        self.places.extend(places[: MAX_PLACES - len(self.places)])


@dataclass
class QualityReport:
    """Collected per object version and written as JSON beside the lake (STR-5).

    `rows_read` counts rows of the file, `flags` canonical rows by quality flag, `skipped` rows of
    the file by reason. `findings` is keyed by (column, kind); kinds are those of `Place.expected`.
    `rules` says which rules were applied; `period` is the first and last instant of the file.
    """

    file: str
    rows_read: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    rules: dict[str, bool] = field(default_factory=dict)
    completeness: dict[str, Any] | None = None
    period: tuple[str, str] | None = None
    stretches: list[dict[str, Any]] = field(default_factory=list)
    stretches_total: int = 0

    def rule(self, name: str, *, applied: bool = True) -> None:
        """Note that a rule was applied, or could not be."""
        self.rules[name] = applied

    def stretches_of(self, column: str, kind: str, first: list[dict[str, Any]], total: int) -> None:
        """Note where in time a finding lies: the first stretches, and how many there are."""
        found = self.findings.get((column, kind))
        if found is not None:
            found.stretches = first
            found.stretches_total = total

    @property
    def score(self) -> float | None:
        """Share of the written rows that nothing is said against."""
        written = sum(self.flags.values())
        return round(self.flags["ok"] / written, 6) if written else None

    def find(self, column: str, kind: str, count: int, places: list[Place]) -> None:
        """Note trouble in a column."""
        self.findings.setdefault((column, kind), Finding()).add(count, places)

    def count(self, column: str, kind: str) -> int:
        """How often it was noted."""
        found = self.findings.get((column, kind))
        return found.count if found else 0

    def room(self, column: str, kind: str) -> int:
        """How many more places of that kind would be kept."""
        found = self.findings.get((column, kind))
        return MAX_PLACES - (len(found.places) if found else 0)

    def warn(self, code: str, **details: Any) -> None:
        """Note a remark on the file as a whole."""
        self.warnings.append(remark(code, **details))

    def warn_of_skipped(self) -> None:
        """Note in words which rows were left out."""
        for reason, count in self.skipped.items():
            why = skip_text(reason)
            self.warn("skipped", count=count, why_en=why["en"], why_pt=why["pt"])

    def refuse_if_over(self, code: str, column: str, kind: str, of: int, **details: Any) -> None:
        """Raise the refusal when more than one percent of the cells have that trouble."""
        found = self.findings.get((column, kind))
        if found is not None and found.count > MAX_BAD_SHARE * of:
            raise reject(
                code,
                file=self.file,
                column=column,
                count=found.count,
                rows=of,
                places=tuple(found.places[:10]),
                **details,
            )

    def as_dict(self) -> dict[str, Any]:
        """JSON form; places over all columns in file order, at most one hundred."""
        places = [place for finding in self.findings.values() for place in finding.places]
        places.sort(key=lambda place: (place.row, place.column))
        return {
            "file": self.file,
            "rows_read": self.rows_read,
            "rows_written": sum(self.flags.values()),
            "rows_flagged": sum(self.flags.values()) - self.flags["ok"],
            "rows_skipped": sum(self.skipped.values()),
            "flags": dict(self.flags),
            "skipped": {
                reason: {"rows": count, **skip_text(reason)}
                for reason, count in self.skipped.items()
            },
            "score": self.score,
            "period": list(self.period) if self.period else None,
            "rules": [
                {"rule": rule, "applied": applied, **rule_text(rule)}
                for rule, applied in self.rules.items()
            ],
            "completeness": self.completeness,
            "findings": [
                _finding(column, kind, finding)
                for (column, kind), finding in sorted(self.findings.items())
            ],
            "warnings": self.warnings,
            "stretches": self.stretches,
            "stretches_total": self.stretches_total,
            "places": [place.as_dict() for place in places[:MAX_PLACES]],
        }


def _finding(column: str, kind: str, finding: Finding) -> dict[str, Any]:
    return {
        "column": column,
        "kind": kind,
        "count": finding.count,
        **finding_text(kind, finding.count),
        "places": [place.as_dict() for place in finding.places[:_FIRST_PLACES]],
        "stretches": finding.stretches,
        "stretches_total": finding.stretches_total,
    }
