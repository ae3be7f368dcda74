"""The answer: status, text in the question's language, value, unit, period, series, sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ons_platform.questions.lexicon import Language

Status = Literal["answered", "no_data", "needs_clarification", "out_of_scope"]


@dataclass(frozen=True)
class Source:
    """A document an answer rests on (QRY-3)."""

    document: str
    relevance_score: float
    excerpt: str
    time_range: dict[str, str] | None

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "document": self.document,
            "relevance_score": self.relevance_score,
            "excerpt": self.excerpt,
            "time_range": self.time_range,
        }


@dataclass(frozen=True)
class ChartSpec:
    """What to draw, neutral of any drawing: `series` maps a name to one number per x label."""

    title: str
    unit: str
    kind: Literal["line", "bar"]
    labels: tuple[str, ...]
    series: dict[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class Answer:
    """What the API returns for a question. `period` is half-open, ISO with Brasília's offset.

    `value` is a number, the label asked for, or numbers by label; None unless answered.
    `time_series_data` rows are {timestamp, measurement, value, tags}. `assumptions` are choices the
    words left open; `notices` tell of the platform: that the store is down, say.
    """

    status: Status
    language: Language
    answer: str
    value: float | int | str | dict[str, float | int | str] | None = None
    unit: str | None = None
    period: dict[str, str] | None = None
    confidence_score: float = 0.0
    time_series_data: tuple[dict[str, Any], ...] = ()
    sources: tuple[Source, ...] = ()
    assumptions: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    query_language: str = "sql"
    query_used: str | None = None
    engine: str = "duckdb"
    chart: ChartSpec | None = None
    dataset: str | None = None
    truncated: bool = False
