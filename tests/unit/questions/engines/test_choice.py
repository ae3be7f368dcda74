"""Which engine runs a plan, and what happens when the store does not."""

from __future__ import annotations

from typing import Any

import pytest

from ons_platform.errors import InvalidRequest, OnsError, StoreUnavailable
from ons_platform.questions.engines.choice import Ran, run_plan
from ons_platform.questions.intent import Note
from ons_platform.questions.resolve import resolve

ROWS = [{"value": 1.0, "n": 1}]


class Lake:
    """Knows one answer."""

    def rows(self, *_: Any) -> list[dict[str, Any]]:
        return ROWS


class Store:
    """Gives what it is told, or breaks."""

    def __init__(self, outcome: Ran | OnsError | None) -> None:
        self._outcome = outcome

    def run(self, *_: Any) -> Ran | None:
        if isinstance(self._outcome, OnsError):
            raise self._outcome
        return self._outcome


@pytest.fixture
def run(understood: Any, held: Any) -> Any:
    held.add("curva-carga", "2023-01-01", "2024-01-01")
    resolved = resolve(understood("Qual foi a carga média do Sul em 2023?"), held)
    return lambda store: run_plan(resolved.plan, (resolved.knowledge,), Lake(), store)


def test_without_a_store_the_lake_answers_and_says_nothing_of_it(run: Any) -> None:
    ran = run(None)
    assert (ran.rows, ran.engine, ran.language, ran.notices) == (ROWS, "duckdb", "sql", ())
    assert ran.query.startswith("WITH picked AS")


def test_the_store_answers_what_it_holds(run: Any) -> None:
    given = Ran([], "from(bucket: …)", "flux", "influxdb")
    assert run(Store(given)) is given


def test_what_the_store_does_not_hold_is_no_news(run: Any) -> None:
    assert run(Store(None)).notices == ()


@pytest.mark.parametrize("error", [StoreUnavailable("down"), InvalidRequest("a query of ours")])
def test_whatever_is_wrong_with_the_store_the_lake_answers_with_a_notice(
    run: Any, error: OnsError
) -> None:
    ran = run(Store(error))
    assert (ran.rows, ran.engine) == (ROWS, "duckdb")
    assert ran.notices == (Note.of("store_down"),)
