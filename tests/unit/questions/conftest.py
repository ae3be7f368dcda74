"""Coverage as the lake would describe it, and an engine that returns prepared rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.lake.knowledge import Knowledge
from ons_platform.lake.zone import brasilia
from ons_platform.questions.entities import EntityIndex
from ons_platform.questions.intent import Intent
from ons_platform.questions.interpret import interpret
from ons_platform.questions.metrics import names_of
from ons_platform.questions.reading import Reader, Reading

NOW = datetime(2024, 6, 19, 15, 30, tzinfo=brasilia())


def months(slug: str, start: datetime, end: datetime) -> tuple[dict[str, Any], ...]:
    """One file for each civil month of [start, end)."""
    found = []
    moment = start
    while moment < end:
        following = (moment.replace(day=1) + timedelta(days=32)).replace(day=1)
        last = min(following, end)
        name = f"{moment:%Y-%m}"
        found.append(
            {
                "name": name,
                "path": f"{name}/{slug}.parquet",
                "year": moment.year,
                "month": moment.month,
                "rows": 1000,
                "first": moment.astimezone(UTC).isoformat(),
                "last": last.astimezone(UTC).isoformat(),
                "sources": [],
                "columns": "x",
            }
        )
        moment = last
    return tuple(found)


class Held:
    """A coverage of chosen datasets and civil dates."""

    def __init__(self) -> None:
        self._known: dict[str, Knowledge] = {}

    def add(self, slug: str, start: str, end: str, **more: Any) -> Held:
        first = datetime.fromisoformat(start).replace(tzinfo=brasilia())
        last = datetime.fromisoformat(end).replace(tzinfo=brasilia())
        dataset = catalog()[slug]
        fields: dict[str, Any] = {
            "dataset": slug,
            "title": dataset.title.model_dump(),
            "description": dataset.description.model_dump(),
            "data_version": "1",
            "rows": 1000,
            "first": first.astimezone(UTC).isoformat(),
            "last": last.astimezone(UTC).isoformat(),
            "partitions": months(slug, first, last),
            "measurement_types": tuple({m.measurement_type for m in dataset.measures}),
            "regions": ("N", "NE", "S", "SE"),
            "energy_sources": (),
            "states": (),
            "entities": (),
            "flagged": {},
        }
        self._known[slug] = Knowledge(**(fields | more))
        return self

    def get(self, dataset: str) -> Knowledge | None:
        return self._known.get(dataset)


class Rows:
    """An engine that remembers what it was asked and returns the same rows."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.prepared = list(rows)
        self.calls: list[tuple[str, list[Any], dict[str, Any]]] = []

    def rows(
        self,
        sql: str,
        parameters: Sequence[Any],
        tables: Any,
        columns: Any = (),  # noqa: ARG002
    ) -> list[dict[str, Any]]:
        self.calls.append((sql, list(parameters), dict(tables)))
        return self.prepared


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def engine() -> type[Rows]:
    return Rows


@pytest.fixture
def read() -> Any:
    def reading(question: str, *plants: str, language: Any = None) -> Reading:
        index = EntityIndex({"dados-hidrologicos-res": plants} if plants else {})
        return Reader(catalog(), index).read(question, language=language, now=NOW)

    return reading


@pytest.fixture
def understood(read: Any) -> Any:
    def intent(question: str, *plants: str) -> Intent:
        return interpret(read(question, *plants), names_of(catalog()))

    return intent
