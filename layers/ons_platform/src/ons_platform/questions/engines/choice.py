"""Which engine runs a plan: the time-series store where it holds all of it, else the lake (LAK-9).

The lake is the truth and holds everything; the store keeps seven years. A plan never goes to an
engine that holds a part of its period only, and while the store does not answer the lake does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ons_platform.errors import OnsError
from ons_platform.lake.knowledge import Knowledge
from ons_platform.observability import log_event
from ons_platform.questions.choose import paths
from ons_platform.questions.engines.sql import columns_read, render
from ons_platform.questions.intent import Note
from ons_platform.questions.plan import QueryPlan


class Engine(Protocol):
    """What `LakeEngine` offers."""

    def rows(
        self,
        sql: str,
        parameters: Sequence[Any],
        tables: Mapping[str, Sequence[str]],
        columns: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """Run one SELECT; `columns` are the only ones of the tables it names, if given."""
        ...


@dataclass(frozen=True)
class Ran:
    """What an engine gave for a plan: rows in the columns of `sql.render`, and what it ran.

    `notices` tell the asker what was unusual about it.
    """

    rows: list[dict[str, Any]]
    query: str
    language: str
    engine: str
    notices: tuple[Note, ...] = ()


class PlanStore(Protocol):
    """The time-series store as far as plans go."""

    def run(self, plan: QueryPlan, known: Sequence[Knowledge]) -> Ran | None:
        """The plan's rows; None when the lake is to run it: not all is held, or too much is read.

        Raises an `OnsError` when the store would run it and does not answer, or not well.
        """
        ...


def run_plan(
    plan: QueryPlan, known: Sequence[Knowledge], lake: Engine, store: PlanStore | None
) -> Ran:
    """Run the plan; `known` is the coverage of its datasets, in their order.

    Whatever is wrong with the store, the lake answers, and the answer says so.
    """
    notices: tuple[Note, ...] = ()
    if store is not None:
        try:
            ran = store.run(plan, known)
        except OnsError as error:
            log_event("query.fallback", dataset=plan.dataset.dataset, error=type(error).__name__)
            ran = None
            notices = (Note.of("store_down"),)
        if ran is not None:
            return ran
    return replace(_from_lake(plan, known, lake), notices=notices)


def _from_lake(plan: QueryPlan, known: Sequence[Knowledge], lake: Engine) -> Ran:
    """Run the plan on the files that may hold its rows; no file, no rows."""
    statement = render(plan)
    tables = {
        dataset.table: paths(knowledge, plan.windows)
        for dataset, knowledge in zip((plan.dataset, *plan.also), known, strict=True)
    }
    rows = (
        lake.rows(statement.text, statement.parameters, tables, columns_read(plan, statement))
        if all(tables.values())
        else []
    )
    return Ran(rows, statement.readable, "sql", "duckdb")
